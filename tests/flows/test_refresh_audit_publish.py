"""Flows over a dataset that exists: relabel what is stale, check a sample, publish."""

import asyncio

import pytest
from prefect.client.orchestration import get_client

from flows.audit import AuditAlarm, audit
from flows.incremental import incremental
from flows.publish import publish
from flows.refresh import refresh
from labeler.config import load_config
from labeler.dataset.reader import open_dataset
from labeler.errors import DatasetError
from tests.flows.conftest import deliver, run_file

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory, server, model_url):
    """A folder with a run file and its dataset of eight problems, k = 4."""
    folder = tmp_path_factory.mktemp("labelled")
    deliver(folder, 0, 8)
    config = load_config(run_file(folder, model_url))
    asyncio.run(incremental(config, str(folder / "out")))
    return folder


@pytest.fixture(scope="module")
def command_dataset(tmp_path_factory, server, model_url):
    """The same, by the command alone."""
    folder = tmp_path_factory.mktemp("commanded")
    deliver(folder, 0, 8)
    result = server.labeler("incremental", run_file(folder, model_url), "--out", folder / "out")
    assert result.returncode == 0, result.stderr
    assert "version 0" in result.stdout
    return folder


def rollouts(out):
    """How many rollouts stand behind each piece of Monte Carlo evidence."""
    return {
        evidence["n"]
        for row in open_dataset(out).rows()
        for step in row["steps"]
        for evidence in step["evidence"]
        if evidence["labeler"] == "monte_carlo"
    }


def test_a_changed_labeler_makes_its_labels_stale_and_only_refresh_runs_it(labelled):
    out = str(labelled / "out")
    same = load_config(labelled / "run.yaml")
    more = load_config(labelled / "run.yaml", ["labelers.0.k=6", "run.shards=2"])
    before = {row["solution_id"] for row in open_dataset(out).rows()}
    assert asyncio.run(refresh(same, out)) is None
    assert asyncio.run(refresh(more, out, True)) is None
    assert (open_dataset(out).version, rollouts(out)) == (0, {4})
    summary = asyncio.run(refresh(more, out))
    assert (summary.version, summary.n_problems) == (1, 8)
    # The policy did not change: its solutions came from the journal.
    assert summary.cost["solve"].reused == summary.cost["solve"].calls
    assert (open_dataset(out).version, rollouts(out)) == (2, {6})
    assert {row["solution_id"] for row in open_dataset(out).rows()} == before
    assert asyncio.run(refresh(more, out)) is None
    assert open_dataset(out).version == 2


def test_an_audit_finds_labels_as_they_were_and_an_alarm_fails_the_run(labelled):
    out, config = str(labelled / "out"), load_config(labelled / "run.yaml")
    found = asyncio.run(audit(config, out, sample=6, more=2, seed=1))
    assert found.n_solutions == 6
    assert found.accuracy.n + found.n_undecided == 6
    # The scripted policy draws the same first rollouts again, so most labels stay.
    assert found.accuracy.rate > 0.5
    with pytest.raises(AuditAlarm, match=r"accuracy is at most .*, the bound 1.010"):
        asyncio.run(audit(config, out, sample=6, more=2, seed=1, min_accuracy=1.01))


def test_a_dry_publication_writes_the_tree_and_a_trainer_format(labelled, tmp_path):
    out = str(labelled / "out")
    publish_to = {"licence": "mit", "export_format": "trl", "dry_run": str(tmp_path / "tree")}
    assert asyncio.run(publish(out, "me/steps", **publish_to)) is None
    version = open_dataset(out).version
    assert (tmp_path / "tree" / "README.md").is_file()
    assert (labelled / "out" / "_exports" / f"trl-v{version}").is_dir()


def test_with_approval_nothing_is_sent_until_a_person_resumes_the_run(
    labelled, server, monkeypatch
):
    sent = []

    def push(dataset, publication, private):
        sent.append((dataset.version, publication.repository, private))
        raise DatasetError("me/steps: the Hub is not reached")

    # The network is beyond a test: what would be sent is noted where it would leave.
    monkeypatch.setattr("flows.publish.push_to_hub", push)

    async def approve():
        async with get_client() as client:
            while True:
                paused = [r for r in await client.read_flow_runs() if r.state_name == "Paused"]
                if paused:
                    assert sent == []
                    await client.resume_flow_run(paused[0].id)
                    return
                await asyncio.sleep(0.2)

    async def both():
        publishing = publish(str(labelled / "out"), "me/steps", licence="mit", approval=True)
        return await asyncio.gather(publishing, approve(), return_exceptions=True)

    result, _ = asyncio.run(both())
    assert isinstance(result, DatasetError)
    assert sent == [(open_dataset(labelled / "out").version, "me/steps", True)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("incremental {0}/run.yaml --out {0}/out", "nothing new: {0}/out is up to date"),
        ("refresh {0}/run.yaml --out {0}/out --set labelers.0.k=4", "nothing stale: {0}/out is up"),
        ("audit {0}/run.yaml --out {0}/out --sample 6 --seed 1", "solutions sampled: 6"),
        ("publish --out {0}/out --repository me/s --licence mit --dry-run {1}/t", "{1}/t: written"),
    ],
)
def test_each_flow_is_a_command(command_dataset, server, tmp_path, words, said):
    result = server.labeler(*words.format(command_dataset, tmp_path).split())
    assert result.returncode == 0, result.stderr
    assert said.format(command_dataset, tmp_path) in result.stdout


def test_an_alarm_of_the_audit_command_is_one_line_and_an_exit_code(command_dataset, server):
    words = ["--out", command_dataset / "out", "--sample", 6, "--seed", 1, "--min-accuracy", 1.01]
    line = server.refused("audit", command_dataset / "run.yaml", *words)
    assert "accuracy is at most " in line
