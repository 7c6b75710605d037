"""Reviews: durable from the key press on, undone one by one, committed once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labeler.consensus.human import human_evidence
from labeler.dataset import open_dataset
from labeler.dataset.lock import only_committer
from labeler.errors import DatasetError
from labeler.records import Consensus, LabeledSolution
from labeler.view import committing
from labeler.view.accuracy import Reviewed
from labeler.view.filters import Filters
from labeler.view.reviews import Review, Reviews
from labeler.view.viewer import Viewer
from tests.view.made import DOUBTED, RIGHT, made

FIRST = Review("beads", "run-1", "right", "p1", 1, "sure", "ann", 1, 0.9)
SECOND = Review("beads", "run-1", "right", "p2", -1, label_before=1)


def test_what_was_said_is_still_there_after_a_kill(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from tests.view.test_reviews import FIRST, Reviews\n"
        "Reviews(Path(sys.argv[1])).add([FIRST]); os.kill(os.getpid(), 9)"
    )
    file = tmp_path / "reviews.sqlite"
    killed = subprocess.run([sys.executable, "-c", code, file], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert Reviews(file).pending() == [FIRST]


def test_undo_takes_one_key_press_back_at_a_time(tmp_path: Path) -> None:
    reviews = Reviews(tmp_path / "r.sqlite")
    reviews.add([FIRST])
    reviews.add([FIRST, SECOND])
    assert reviews.counts() == (2, 1)
    assert reviews.undo() == FIRST
    assert reviews.pending() == [FIRST]
    assert reviews.undo() == FIRST
    assert reviews.undo() is None
    assert reviews.pending() == []


def test_the_last_word_is_held_against_the_label_before(tmp_path: Path) -> None:
    reviews = Reviews(tmp_path / "r.sqlite")
    reviews.add([SECOND])
    reviews.add([FIRST])
    reviews.add([Review("beads", "run-1", "right", "p2", 1, label_before=1)])
    assert set(reviews.judged()) == {Reviewed(1, 0.9, True, True), Reviewed(1, None, True, True)}


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "r.sqlite").write_bytes(b"not a database, not at all" * 100)
    with pytest.raises(DatasetError, match=r"r\.sqlite: cannot be used .*; move it away"):
        Reviews(tmp_path / "r.sqlite")


@pytest.fixture
def viewer(tmp_path: Path):
    viewer = Viewer(open_dataset(made(tmp_path)))
    yield viewer
    viewer.close()


def rows(viewer: Viewer, version: int | None = None) -> list[LabeledSolution]:
    return list(open_dataset(viewer.path, version).solutions())


def test_reviews_become_evidence_and_labels_of_one_new_version(viewer: Viewer) -> None:
    before = rows(viewer)
    viewer.review(1, 1, {1: 1}, "6 is right")
    viewer.review(1, 1, {2: -1})
    assert viewer.commit() == 2
    after = rows(viewer)
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1].first_error == 2
    assert after[1].consensus == Consensus("posterior+human", True, "")
    assert [step.label for step in after[1].steps] == [1, 1, -1]
    assert after[1].steps[1].evidence == (
        *before[1].steps[1].evidence,
        human_evidence(DOUBTED.steps[1].prefix_id, 1, "6 is right"),
    )
    assert rows(viewer, 1) == before
    assert (viewer.commit(), viewer.reviews.pending()) == (None, [])


def test_a_shared_prefix_is_judged_once_for_all_solutions_through_it(viewer: Viewer) -> None:
    assert RIGHT.steps[0].prefix_id == DOUBTED.steps[0].prefix_id
    viewer.review(1, 0, {0: -1})
    viewer.commit()
    assert [row.first_error for row in rows(viewer)] == [0, 0, None]


def test_a_page_shows_a_solution_as_it_will_be(viewer: Viewer) -> None:
    viewer.review(1, 1, {1: 1})
    page = viewer.page(1, 1, Filters())
    assert (page.stored.first_error, page.labeled.first_error) == (1, None)
    assert page.said == {DOUBTED.steps[1].prefix_id: 1}


def test_reviews_of_an_old_version_go_to_the_newest(viewer: Viewer) -> None:
    viewer.review(0, 0, {0: -1})
    viewer.commit()
    viewer.review(0, 1, {1: 1})
    assert viewer.commit() == 3
    assert [row.first_error for row in rows(viewer)] == [0, 0, None]
    assert rows(viewer)[1].steps[1].label == 1


def test_the_queue_passes_over_what_was_just_judged(viewer: Viewer) -> None:
    queue = Filters(sort="uncertain")
    assert viewer.rows_matching(1, queue).tolist() == [1, 2, 0]
    viewer.review(1, 2, {0: 1})
    page = viewer.page(1, 1, queue)
    assert (page.before, page.after) == (None, 0)
    left = viewer.page(1, 0, Filters(disagree="yes"))
    assert (left.position, left.before, left.after) == (None, None, 1)


def test_while_another_process_commits_reviews_wait(viewer: Viewer) -> None:
    viewer.review(1, 1, {1: 1})
    with only_committer(viewer.path, "other"):
        with pytest.raises(DatasetError, match=r"run other, .* is committing"):
            viewer.commit()
        assert viewer.reviews.undo() is not None
    viewer.review(1, 1, {1: 1})
    assert viewer.commit() == 2


def test_a_commit_cut_off_before_it_was_noted_is_not_made_twice(
    viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer.review(1, 1, {1: 1})
    with monkeypatch.context() as patch:
        patch.setattr(committing, "_commit", _commit_then_die)
        with pytest.raises(KeyboardInterrupt):
            viewer.commit()
    viewer.review(1, 0, {1: -1})
    assert viewer.commit() == 3
    said = [
        [piece.score for piece in step.evidence if piece.labeler == "human"]
        for row in rows(viewer) for step in row.steps
    ]  # fmt: skip
    assert said == [[], [0.0], [], [1.0], [], []]


def _commit_then_die(*arguments: object) -> int:
    REAL_COMMIT(*arguments)
    raise KeyboardInterrupt


REAL_COMMIT = committing._commit


def test_what_is_not_there_is_refused(viewer: Viewer) -> None:
    with pytest.raises(DatasetError, match="version 1 has no row 7"):
        viewer.page(1, 7, Filters())
    with pytest.raises(DatasetError, match="row 1 has 3 steps"):
        viewer.review(1, 1, {3: 1})
    with pytest.raises(DatasetError, match="has no version 9"):
        viewer.shown(9)
    assert viewer.reviews.pending() == []
