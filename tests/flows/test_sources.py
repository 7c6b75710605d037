"""Sources that change: the dataset is after each run what a fresh run on the same files gives."""

import asyncio
import json

import pytest

from flows.incremental import incremental
from labeler.config import load_config
from labeler.dataset.reader import open_dataset
from labeler.wiring import run as run_plainly
from tests.flows.conftest import run_file
from tests.flows.scripted_server import problems

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # deltalake's own, when polars hands it a table.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PER_FILE = 2


def gsm8k(problem):
    """A line as GSM8K has it: without an id."""
    worked = "\n".join(problem.reference_solution)
    return json.dumps({"question": problem.text, "answer": f"{worked}\n#### {problem.gold_answer}"})


class Folder:
    """Five files of GSM8K's form, and the dataset that follows them."""

    def __init__(self, folder, url):
        self.folder, self.url, self.n_fresh = folder, url, 0
        self.known = problems(60)
        source = {"kind": "gsm8k", "path": "inbox"}
        self.run_file = run_file(folder, url, problems=source, drop_duplicates=True)
        for number in range(5):
            first = PER_FILE * number
            self.write(number, *map(gsm8k, self.known[first : first + PER_FILE]))

    def write(self, number, *lines, end="\n"):
        text = "\n".join(lines) + end
        (self.folder / "inbox" / f"{number}.jsonl").write_text(text)

    def lines(self, number):
        return (self.folder / "inbox" / f"{number}.jsonl").read_text().splitlines()

    def look(self, **settings):
        """Runs the flow; what it says became of problems, without their texts and folders."""
        changes = [f"{name}={value}" for name, value in settings.items()]
        config = load_config(self.run_file, changes)
        summary = asyncio.run(incremental(config, str(self.folder / "out")))
        told = () if summary is None else summary.changes
        return [line.replace(f"{self.folder}/inbox/", "").partition(" (")[0] for line in told]

    def rows(self, out=None):
        """What says nothing of runs and of revisions of files, in an order of its own."""
        found = []
        for row in open_dataset(out or self.folder / "out").rows():
            for name in ("shard", "source", "run_id", "config_sha"):
                del row[name]
            found.append(json.dumps(row, sort_keys=True, default=str))
        return sorted(found)

    def fresh_rows(self):
        """Those of a run that never saw the files as they were."""
        self.n_fresh += 1
        out = self.folder / f"fresh-{self.n_fresh}"
        run_plainly(load_config(self.run_file), out)
        return self.rows(out)


@pytest.fixture
def folder(tmp_path, server, model_url):
    return Folder(tmp_path, model_url)


def ids(folder):
    return {row["problem_id"] for row in open_dataset(folder.folder / "out").rows()}


def test_after_each_run_the_dataset_is_what_a_fresh_run_gives(folder):
    assert folder.look() == []
    assert folder.rows() == folder.fresh_rows()
    by_text = {row["text"]: row["problem_id"] for row in open_dataset(folder.folder / "out").rows()}
    old = {number: by_text[problem.text] for number, problem in enumerate(folder.known[:10])}

    # One added; one reworded and one deleted; one doubled; one line broken; one half written.
    folder.write(0, *folder.lines(0), gsm8k(folder.known[10]))
    reworded = json.loads(folder.lines(1)[0])
    reworded["question"] = "Please tell: " + reworded["question"]
    folder.write(1, json.dumps(reworded), folder.lines(1)[1])
    folder.write(2, folder.lines(2)[0])
    folder.write(3, *folder.lines(3), folder.lines(0)[0])
    folder.write(4, folder.lines(4)[0], '{"question": "torn', folder.lines(4)[1])
    half = gsm8k(folder.known[11])
    folder.write(5, gsm8k(folder.known[12]), half[:40], end="")
    told = folder.look()
    assert sorted(told) == sorted(
        [
            f"reworded: {old[2]}",
            f"deleted: {old[5]}",
            "read: 3.jsonl",
            "read: 4.jsonl:2",
            "half-written: 5.jsonl:2",
        ]
    )
    assert folder.rows() == folder.fresh_rows()

    # The writer comes to an end, the broken line is mended, the deleted problem comes back.
    folder.write(5, gsm8k(folder.known[12]), half)
    folder.write(4, *(line for line in folder.lines(4) if "torn" not in line))
    folder.write(2, folder.lines(2)[0], gsm8k(folder.known[5]))
    assert folder.look() == ["read: 3.jsonl"]
    assert folder.rows() == folder.fresh_rows()
    assert old[5] in ids(folder)
    assert old[2] not in ids(folder)


def test_a_file_that_is_written_anew_takes_nothing_away_until_it_is_whole(folder):
    folder.look()
    before = folder.rows()
    first, second = folder.lines(1)
    folder.write(1, first, second[:30], end="")
    assert [line.partition(":")[0] for line in folder.look()] == []
    assert folder.rows() == before
    folder.write(1, first)
    [deleted] = folder.look()
    assert deleted.startswith("deleted: ")
    assert folder.rows() == folder.fresh_rows()


def test_what_is_deleted_stays_where_the_run_file_says_so(folder):
    folder.look()
    before = folder.rows()
    folder.write(2, folder.lines(2)[0])
    assert folder.look(keep_deleted="true") == []
    assert folder.rows() == before


def test_an_empty_folder_is_a_disk_that_is_not_there_and_takes_nothing_away(folder):
    folder.look()
    before = folder.rows()
    for file in (folder.folder / "inbox").iterdir():
        file.unlink()
    folder.look()
    assert folder.rows() == before


def test_problems_of_another_source_are_not_taken_for_deleted(folder):
    folder.look()
    (folder.folder / "other").mkdir()
    (folder.folder / "other" / "0.jsonl").write_text(gsm8k(folder.known[20]) + "\n")
    config = load_config(folder.run_file, ["problems.path=" + str(folder.folder / "other")])
    before = ids(folder)
    asyncio.run(incremental(config, str(folder.folder / "out")))
    assert before < ids(folder)
