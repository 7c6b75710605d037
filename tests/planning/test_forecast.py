"""A plan against the run it is for, with a scripted policy and the whole pipeline."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from pathlib import Path

import pytest

from labeler.cli import main
from labeler.dataset.reader import open_dataset
from labeler.driver.requests import Sample, Samples
from labeler.errors import ConfigError
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.planning import Plan, compared, keep_plan
from labeler.planning.forecast import forecast
from labeler.planning.plan import BILLED, SERVED, from_json
from tests.noisy_policy import N_PROBLEMS, parts


def plan(n_sample: int, out: Path, tokens_per_s: float | None = None) -> Plan:
    return asyncio.run(forecast(parts(), n_sample, out, tokens_per_s))


def run(out: Path, **changes: object) -> LabellingRun:
    opened = LabellingRun(parts(**changes), out, False, lambda progress: None)
    asyncio.run(run_plainly(opened))
    return opened


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """A plan estimated from all problems, and the run, in one folder."""
    out = tmp_path_factory.mktemp("whole") / "out"
    made = plan(N_PROBLEMS, out, tokens_per_s=1000.0)
    assert not out.exists()
    keep_plan(made, out)
    run(out)
    return out, made


def test_a_plan_told_from_all_problems_is_what_the_run_takes(whole):
    out, made = whole
    found = compared(open_dataset(out), out)
    assert [found[name].off for name in BILLED] == [0.0] * len(BILLED)
    assert set(found) == {*BILLED, "hours"}
    [version] = open_dataset(out).versions()
    assert made.run_id == version.info.run_id


SCORED = {"labelers": [{"kind": "bisect"}, {"kind": "surprise"}]}


def test_a_search_that_learns_from_scores_is_planned_as_it_runs(tmp_path):
    """Its first problems teach what the others ask; scores of own solutions cost nothing."""
    made = asyncio.run(forecast(parts(**SCORED), N_PROBLEMS, tmp_path / "out", None))
    keep_plan(made, tmp_path / "out")
    opened = run(tmp_path / "out", **SCORED)
    found = compared(open_dataset(tmp_path / "out"), tmp_path / "out")
    assert opened.run_id == made.run_id
    assert [found[name].off for name in BILLED] == [0.0] * len(BILLED)


def test_what_reaches_the_models_is_counted_apart(whole):
    """Counted again by a sampler of the test: calls, and tokens of their replies."""
    _, made = whole
    asked: list[tuple[Sample, Samples]] = []
    given = parts()
    sampler = given.samplers["policy"]
    answer = sampler.sample

    async def counting(batch):
        replies = await answer(batch)
        asked.extend(zip(batch, replies, strict=True))
        return replies

    sampler.sample = counting
    asyncio.run(forecast(given, N_PROBLEMS, "."))
    expected = {
        "engine_requests": len(asked),
        "engine_prompt_tokens": sum(reply.prompt_tokens for _, reply in asked),
        "engine_completion_tokens": sum(reply.completion_tokens for _, reply in asked),
    }
    assert {name: made.estimates[name].value for name in expected} == expected
    cached = made.estimates["cached_prompt_tokens"].value
    assert set(made.estimates) >= set(SERVED)
    assert 0 < cached < expected["engine_prompt_tokens"]
    assert made.estimates["hours"].value == expected["engine_completion_tokens"] / 3.6e6


def bytes_on_disk(out: Path) -> dict[str, float]:
    rows = [file for file in out.rglob("*.parquet") if "_work" not in file.parts]
    return {
        "journal_bytes": (out / "_work" / "journal.sqlite").stat().st_size,
        "dataset_bytes": sum(file.stat().st_size for file in rows),
    }


def test_what_lies_on_the_disk_is_told(whole):
    out, made = whole
    told = {name: made.estimates[name].value for name in bytes_on_disk(out)}
    assert told == pytest.approx(bytes_on_disk(out), rel=0.1)


def test_what_is_on_the_disk_once_is_not_taken_for_every_problem(whole, tmp_path):
    out, _ = whole
    few = plan(6, tmp_path / "out")
    told = {name: few.estimates[name].value for name in bytes_on_disk(out)}
    assert told == pytest.approx(bytes_on_disk(out), rel=0.3)


def test_a_plan_told_from_half_of_the_problems_says_how_sure_it_is(whole, tmp_path):
    _, exact = whole
    half = plan(N_PROBLEMS // 2, tmp_path / "out")
    assert (half.run_id, half.n_problems, half.n_sample) == (exact.run_id, N_PROBLEMS, 12)
    for name in BILLED:
        one = half.estimates[name]
        assert one.low < one.value < one.high
    assert half.is_measured
    assert half.tokens_per_s == pytest.approx(
        half.estimates["engine_completion_tokens"].value / half.estimates["hours"].value / 3600
    )


def test_a_plan_comes_back_as_it_was_written(whole):
    _, made = whole
    assert from_json(made.to_json().encode()) == made
    assert from_json(b"{}") is None


def test_a_plan_for_another_run_is_not_shown(whole, tmp_path):
    _, made = whole
    keep_plan(made, tmp_path / "out")
    run(tmp_path / "out", seed=1)
    assert compared(open_dataset(tmp_path / "out"), tmp_path / "out") == {}


def test_without_problems_there_is_nothing_to_plan(tmp_path):
    empty = dataclasses.replace(parts(), problems=())
    with pytest.raises(ConfigError, match="no problem is left to label"):
        asyncio.run(forecast(empty, 5, tmp_path))


@pytest.fixture
def said(monkeypatch, capsys):
    """What a command prints."""

    def command(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", ["labeler", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert ended.value.code == 0, printed.err
        return printed.out

    return command


def test_the_command_keeps_the_plan_and_stats_compares(tmp_path, said):
    record = {"steps": ["1 + 1 = 3.", "Answer: 3"], "answer": "2"}
    lines = [json.dumps({"problem": f"{i} + 1?", **record}) for i in range(5)]
    (tmp_path / "set.jsonl").write_text("\n".join(lines))
    content = {
        "problems": {"kind": "solved", "path": "set.jsonl"},
        "drop_duplicates": False,
        "labelers": [{"kind": "tool_check"}],
    }
    config, out = tmp_path / "run.yaml", tmp_path / "out"
    config.write_text(json.dumps(content))
    told = json.loads(said("plan", config, "--sample", 5, "--out", out, "--json"))
    assert (told["n_problems"], told["n_sample"], told["tokens_per_s"]) == (5, 5, None)
    assert "5 problems, estimated from 5" in said("plan", config, "--sample", 5)
    said("run", config, "--out", out)
    calls = json.loads(said("stats", out, "--json"))["plan"]["calls"]
    assert calls["predicted"]["value"] == calls["actual"] == told["estimates"]["calls"]["value"]
    assert "planned and actual" in said("stats", out)
