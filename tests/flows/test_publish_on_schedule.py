"""Publications that a worker makes, against a Hub of one process."""

import copy
import os

import pytest

from tests.export.datasets import ALL, RIGHT, dataset_of
from tests.flows.conftest import run_file, stop
from tests.hub.server import WRITER, serving

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

LONG = pytest.mark.skipif("LABELER_LONG_TESTS" not in os.environ, reason="LABELER_LONG_TESTS=1")
ME = "me/my-steps"


class Publisher:
    """A schedule that publishes a dataset, and a worker that knows the Hub."""

    def __init__(self, server, folder, hub, url):
        self.folder, self.hub = folder, hub
        self.run_file = run_file(folder, url)
        self.server = copy.copy(server)
        self.server.env = server.env | {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": WRITER,
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
        }
        self.pool = f"hub-{folder.name}"
        self.server.post("work_pools/", name=self.pool, type="process")
        self.dataset = dataset_of(folder, *ALL)
        self.worker = self.server.worker(self.pool)

    def add(self, *settings):
        words = ["schedule", self.run_file, "--flow", "publish", "--out", self.dataset.path]
        given = [word for one in settings for word in ("--set", one)]
        more = ["--cron", "0 5 * * *", "--pool", self.pool, "--name", self.folder.name]
        return self.server.labeler(*words, "--set", f"repository={ME}", *given, *more)

    def run(self):
        """A run of the schedule to its end: its state and its message."""
        run = self.server.start_run("publish", self.folder.name)
        return self.server.ended(run)


@pytest.fixture
def publisher(tmp_path, server, model_url):
    with serving() as hub:
        made = Publisher(server, tmp_path, hub, model_url)
        yield made
        stop(made.worker)


def test_a_schedule_publishes_card_and_rows_in_one_commit_under_one_tag(publisher):
    hub = publisher.hub
    added = publisher.add(
        "tag=v1.{version}", "private=false", "splits={train: 0.5, test: 0.5}", "licence=apache-2.0"
    )
    assert added.returncode == 0, added.stderr
    state, said = publisher.run()
    repo = hub.repos[ME]
    assert (state, said) == (
        "COMPLETED",
        f"version 0 is {ME}@v1.0: published, {len(repo.head.files) - 1} files; "
        f"commit {repo.head.oid}",
    )
    assert not repo.private
    assert repo.tags == {"v1.0": repo.head.oid}
    assert [entry for entry in hub.log if not entry.startswith("upload")] == [
        "commit labeler: v1.0",
        "tag v1.0",
    ]
    assert "license: apache-2.0" in repo.head.files["README.md"].decode()
    assert {"data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"} < set(
        repo.head.files
    )


@LONG
def test_what_stands_against_a_publication_is_one_line_and_sends_nothing(publisher):
    hub = publisher.hub
    refused = publisher.add("licence=none-such")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1] == (
        "labeler: licence none-such: no licence identifier that the Hub knows"
    )
    assert publisher.add("tag=v1.0").returncode == 0
    assert publisher.run()[0] == "COMPLETED"
    before = (list(hub.log), dict(hub.repos[ME].tags))

    # The same again; then another version under a tag that exists.
    state, said = publisher.run()
    assert (state, "was there already" in said) == ("COMPLETED", True)
    dataset_of(publisher.folder, RIGHT, run="run-2")
    state, said = publisher.run()
    assert state == "FAILED"
    assert "DatasetError: me/my-steps: its tag v1.0 holds something else" in said
    assert (hub.log, hub.repos[ME].tags) == before

    # A Hub that is away.
    publisher.server.env["HF_ENDPOINT"] = "http://127.0.0.1:9"
    stop(publisher.worker)
    publisher.worker = publisher.server.worker(publisher.pool)
    state, said = publisher.run()
    assert (state, "\n" in said) == ("FAILED", False)
    assert "DatasetError: " in said
    assert (hub.log, hub.repos[ME].tags) == before
