"""Output folders that fill up, cannot be written, are links, or are found other than they were."""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile

import pytest

from labeler.dataset.reader import open_dataset
from labeler.dataset.tagging import resolve, set_tag
from labeler.errors import BackendDown, DatasetError, LabelerError
from labeler.labelling.run import LabellingRun, run_plainly
from tests.journalled import journalled
from tests.noisy_policy import parts

FEW = {"problems": {"kind": "oracle", "n": 6, "seed": 5}}


def opened(out, resume=False, lives=10**9, **changes):
    """A run, whose model is gone after `lives` batches; `asked` is how many it answered."""
    made = LabellingRun(parts(**FEW | changes), out, resume, lambda progress: None)
    sampler = made.parts.samplers["policy"]
    sample, made.asked = sampler.sample, []

    async def mortal(batch):
        if len(made.asked) >= lives:
            raise BackendDown("engine gone")
        made.asked.append(len(batch))
        return await sample(batch)

    sampler.sample = mortal
    return made


def label(out, resume=False, **changes):
    return asyncio.run(run_plainly(opened(out, resume, **changes)))


def rows(out):
    return [row | {"shard": ""} for row in open_dataset(out).rows()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    return out, label(out), rows(out)


@pytest.fixture
def disk(tmp_path):
    """A folder, and the function that mounts a disk of its own there, or changes that disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(*options):
        again = ["remount"] if mounted else []
        words = ["mount", "-t", "tmpfs", "-o", ",".join([*again, *options]), "tmpfs", str(folder)]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small disk needs more rights than this process has")
        mounted.append(options)

    yield folder, mount
    if mounted:
        # Lazily: an error that the test looks at may hold a temporary file there.
        subprocess.run(["umount", "-l", str(folder)], check=True)


def one_line(error):
    assert "\n" not in str(error)
    return str(error)


@pytest.mark.parametrize("kib", [4, 24, 60, 200])
def test_a_disk_that_is_full_while_replies_come_is_one_line_and_the_run_goes_on(
    disk, undisturbed, kib
):
    folder, mount = disk
    mount(f"size={kib}k")
    with pytest.raises(LabelerError) as caught:
        label(folder / "out")
    assert "journal.sqlite: cannot" in one_line(caught.value)
    mount("size=20m")
    label(folder / "out", resume=True)
    assert rows(folder / "out") == undisturbed[2]


def test_a_disk_that_is_full_at_the_end_of_a_run_is_one_line_and_the_run_goes_on(disk, undisturbed):
    """All replies are there: rows are staged, written and named in the log, 8 KiB later each."""
    folder, mount = disk
    mount("size=20m")
    (folder / "out" / "_work").mkdir(parents=True)
    journal = folder / "out" / "_work" / "journal.sqlite"
    said = []
    for kib in range(40, 400, 8):
        shutil.rmtree(folder / "out", ignore_errors=True)
        journal.parent.mkdir(parents=True)
        shutil.copy(undisturbed[0] / "_work" / "journal.sqlite", journal)
        mount(f"size={shutil.disk_usage(folder).used // 1024 + kib}k")
        try:
            label(folder / "out")
            break
        except LabelerError as error:
            said.append(one_line(error))
        mount("size=20m")
        again = opened(folder / "out", resume=True)
        asyncio.run(run_plainly(again))
        assert (again.asked, rows(folder / "out")) == ([], undisturbed[2])
    places = ("/shard-1-of-3.parquet", "/shard-3-of-3.parquet", "/out/part-0", "commit failed")
    assert [place for place in places if not any(place in line for line in said)] == []
    assert all("--resume" in line for line in said)
    assert rows(folder / "out") == undisturbed[2]


def test_full_temporary_files_are_one_line_and_the_run_goes_on(disk, undisturbed, monkeypatch):
    folder, mount = disk
    mount("size=4k")
    (folder / "full").write_bytes(b"x" * 4096)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(LabelerError, match=r"no space left writing .*; free space") as caught:
        label(folder.parent / "out")
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    label(folder.parent / "out", resume=True)
    assert rows(folder.parent / "out") == undisturbed[2]


def test_an_output_that_cannot_be_written_is_refused_before_a_model_is_asked(disk):
    folder, mount = disk
    mount("ro")
    run = opened(folder / "out")
    with pytest.raises(DatasetError, match=r"cannot write .*Read-only file system; check its"):
        asyncio.run(run_plainly(run))
    assert run.asked == []


def test_an_output_may_be_a_link_and_is_the_folder_that_it_leads_to(tmp_path, undisturbed):
    folder, link = tmp_path / "far" / "folder", tmp_path / "link"
    folder.mkdir(parents=True)
    link.symlink_to(folder)
    with pytest.raises(BackendDown):
        asyncio.run(run_plainly(opened(link, lives=5)))
    kept = journalled(folder)
    resumed = opened(folder, resume=True)
    asyncio.run(run_plainly(resumed))
    assert (kept > 0, rows(link), rows(folder)) == (True, undisturbed[2], undisturbed[2])
    assert link.is_symlink()
    assert label(link, resume=True).already_there

    async def both():
        async with opened(link, seed=1), opened(folder, seed=2):
            pass

    with pytest.raises(DatasetError, match="is labelling"):
        asyncio.run(both())


def test_a_link_that_leads_nowhere_is_one_line_and_no_model_is_asked(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    run = opened(tmp_path / "link")
    with pytest.raises(DatasetError) as caught:
        asyncio.run(run_plainly(run))
    assert (str(caught.value), run.asked) == (
        f"{tmp_path}/link: is a link to {tmp_path}/gone, which is not there; make that folder, "
        "or name another",
        [],
    )


def test_the_journal_of_another_run_changes_no_label(tmp_path, undisturbed):
    """Replies are found by what was asked of which model: those of another seed answer nothing."""
    label(tmp_path / "other", seed=7)
    out = tmp_path / "out"
    (out / "_work").mkdir(parents=True)
    shutil.copy(tmp_path / "other" / "_work" / "journal.sqlite", out / "_work")
    label(out)
    assert rows(out) == undisturbed[2]


def test_the_journal_of_the_same_questions_is_used_and_changes_no_label(tmp_path, undisturbed):
    out = tmp_path / "out"
    (out / "_work").mkdir(parents=True)
    shutil.copy(undisturbed[0] / "_work" / "journal.sqlite", out / "_work")
    run = opened(out)
    asyncio.run(run_plainly(run))
    assert (run.asked, rows(out)) == ([], undisturbed[2])


def test_a_config_edited_between_resumes_is_another_run_and_both_can_be_finished(
    tmp_path, undisturbed
):
    out = tmp_path / "out"
    with pytest.raises(BackendDown):
        asyncio.run(run_plainly(opened(out, lives=5)))
    edited = label(out, resume=True, seed=1)
    alone = label(tmp_path / "alone", seed=1)
    assert rows(out) == rows(tmp_path / "alone")
    assert edited.run_id == alone.run_id != undisturbed[1].run_id
    finished = label(out, resume=True)
    assert finished.run_id == undisturbed[1].run_id
    assert [row for row in rows(out) if row["run_id"] == finished.run_id] == undisturbed[2]


def test_a_clock_set_back_between_two_runs_changes_no_order(tmp_path, undisturbed):
    """The second version says that it was made a year before the first."""
    out = tmp_path / "out"
    label(out)
    second = label(out, seed=1)
    entry = out / "_delta_log" / f"{second.version:020d}.json"
    lines = [json.loads(line) for line in entry.read_text().splitlines()]
    year_ms = 365 * 24 * 3600 * 1000
    for line in lines:
        for action in ("commitInfo", "add"):
            for name in ("timestamp", "modificationTime"):
                if name in line.get(action, {}):
                    line[action][name] -= year_ms
    entry.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for file in (entry, *out.glob(f"part-{second.version:06d}-*")):
        was = file.stat().st_mtime
        os.utime(file, (was, was - year_ms / 1000))

    dataset = open_dataset(out)
    assert [one.version for one in dataset.versions()] == [0, 1]
    times = [one.committed_at for one in dataset.versions()]
    assert times[1] < times[0]
    assert (dataset.version, resolve(out).version, set_tag(out, "newest")) == (1, 1, 1)
    ours = [row for row in rows(out) if row["run_id"] == undisturbed[1].run_id]
    assert ours == rows(out)[: len(ours)] == undisturbed[2]
    assert label(out, seed=2).version == 2
    assert [one.version for one in open_dataset(out).versions()] == [0, 1, 2]


def test_a_clock_set_back_a_year_between_two_resumes_changes_no_label(
    tmp_path, undisturbed, monkeypatch
):
    import time

    out, now = tmp_path / "out", time.time
    with pytest.raises(BackendDown):
        asyncio.run(run_plainly(opened(out, lives=5)))
    kept = journalled(out)
    monkeypatch.setattr(time, "time", lambda: now() - 365 * 24 * 3600)
    resumed = opened(out, resume=True)
    asyncio.run(run_plainly(resumed))
    assert (kept > 0, rows(out)) == (True, undisturbed[2])
