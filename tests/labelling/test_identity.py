"""The same model, problems and settings are the same run wherever they lie; none is added twice."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from labeler.checking.base import Checker
from labeler.config import RunConfig, load_config
from labeler.config.earlier import without_later_keys
from labeler.dataset.reader import open_dataset
from labeler.driver.requests import Check, CheckResult
from labeler.errors import DataError, DatasetError
from labeler.labelling.identity import run_ids
from labeler.labelling.parts import Parts, RunSummary
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.records import Domain, Generator, Problem, Sampling, Solution, Source, Verdict
from labeler.samplers.model_folder import folder_hash
from labeler.settings import Strict
from labeler.wiring import run as run_config
from labeler.wiring.problems import read_problems
from tests.noisy_policy import parts
from tests.test_dataset import commit_run

RUN = """
problems: {problems}
policy: {{engine: {policy}}}
labelers: [{{kind: monte_carlo}}, {{kind: judge, prompts: ./words}}]
"""


def place(folder: Path, problems: str, policy: str) -> Path:
    """A run file with everything that it names beside it."""
    shutil.copytree(Path(__file__).parents[2] / "labeler/prompts/default", folder / "words")
    (folder / "p.jsonl").write_text('{"text": "1+1?", "gold_answer": "2"}\n')
    (folder / "model").mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / "model" / name).write_text("{}")
    (folder / "chat.jinja").write_text("{{ messages }}")
    (folder / "run.yaml").write_text(RUN.format(problems=problems, policy=policy))
    return folder / "run.yaml"


@pytest.mark.parametrize(
    ("problems", "policy"),
    [
        ("{kind: plain, path: p.jsonl}", "transformers, model: model"),
        ("{kind: solved, path: p.jsonl}", "vllm, model: model"),
        ("{kind: hub, dataset: model, columns: {}}", "vllm, model: me/m, tokenizer: model"),
        ("{kind: gsm8k, path: .}", "openai, model: m, urls: ['http://h'], tokenizer: model"),
        ("{kind: oracle, n: 2}", "vllm, model: me/m, args: [--chat-template, CHAT]"),
        ("{kind: oracle, n: 2}", "vllm, model: me/m, args: [--chat-template=CHAT]"),
    ],
)
def test_where_files_lie_is_no_part_of_an_identity(
    tmp_path: Path, problems: str, policy: str
) -> None:
    identities = []
    for name in ("a", "b"):
        folder = tmp_path / name
        file = place(folder, problems, policy.replace("CHAT", str(folder / "chat.jinja")))
        identities.append(load_config(file).identity())
    assert identities[0] == identities[1]


@pytest.mark.parametrize(
    ("changed", "policy"),
    [
        ("model/tokenizer.json", "openai, model: m, urls: ['http://h'], tokenizer: model"),
        ("chat.jinja", "vllm, model: me/m, args: [--chat-template, CHAT]"),
    ],
)
def test_what_files_say_is(tmp_path: Path, changed: str, policy: str) -> None:
    file = place(
        tmp_path / "a",
        "{kind: oracle, n: 2}",
        policy.replace("CHAT", str(tmp_path / "a" / "chat.jinja")),
    )
    before = load_config(file).identity()
    (tmp_path / "a" / changed).write_text("other")
    assert load_config(file).identity() != before


def test_a_model_on_the_hub_or_at_a_server_counts_by_its_name(tmp_path: Path) -> None:
    policies = ("vllm, model: me/m", "vllm, model: me/n", "vllm, model: me/m, name: x")
    shas = {
        load_config(place(tmp_path / str(n), "{kind: oracle, n: 2}", policy)).identity()
        for n, policy in enumerate(policies)
    }
    assert len(shas) == 3


def test_a_model_folder_is_known_by_its_bytes(tmp_path: Path) -> None:
    place(tmp_path / "a", "{}", "x")
    shutil.copytree(tmp_path / "a" / "model", tmp_path / "renamed")
    before = folder_hash(tmp_path / "a" / "model")
    assert folder_hash(tmp_path / "renamed") == before
    (tmp_path / "renamed" / "model.safetensors").write_text("other")
    assert folder_hash(tmp_path / "renamed") != before


OF_THEN = {
    "b44638ec22c85a39b3c20f9981e6c39ad33fa5482149bfa6505f446e8ace828e": {
        "problems": {"kind": "plain", "path": "/data/a/p.jsonl"},
        "policy": {"kind": "transformers", "model": "/models/policy", "delimiter": "\n"},
        "models": {
            "other": {
                "kind": "openai",
                "model": "m",
                "urls": ["http://h/v1"],
                "tokenizer": "/models/tok",
            }
        },
        "labelers": [{"kind": "monte_carlo"}, {"kind": "tool_check"}],
    },
    "80f7ba39c62b320d1f9a9096a36fb7136939751058617c1cbc4ccd6b4dd7784f": {
        "problems": {"kind": "oracle", "n": 5},
        "solutions": 1,
        "policy": {"kind": "openai", "model": "m", "urls": ["http://h/v1"]},
        "labelers": [{"kind": "monte_carlo"}, {"kind": "judge"}],
        "consensus": {"rule": "lessons"},
        "difficulty_filter": {"samples": 4},
    },
}
"""Run files, by the identity that commit 2b308d2 gave them."""


@pytest.mark.parametrize("sha", OF_THEN)
def test_the_identity_of_then_is_still_known(sha: str) -> None:
    config = RunConfig.model_validate_json(json.dumps(OF_THEN[sha]))
    assert config.earlier_identity() == sha


def test_a_later_setting_counts_only_where_it_is_set() -> None:
    class Later(Strict):
        rule: str = "lessons"
        soft: bool = False
        judges: tuple[str, ...] = ()
        patience: int = 3

    usual = Later().model_dump()
    without_later_keys(Later(), usual, "consensus")
    set_to = Later(patience=4).model_dump()
    without_later_keys(Later(patience=4), set_to, "consensus")
    assert usual == {"rule": "lessons", "soft": False, "judges": ()}
    assert set_to == usual | {"patience": 4}


def ids_of(file: Path, text: str = "1+1?") -> tuple[str, ...]:
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"text": text, "gold_answer": "2"}) + "\n")
    content = {"kind": "plain", "path": str(file)}
    config = RunConfig.model_validate(
        {"problems": content, "solutions": 0, "labelers": [{"kind": "omegaprm"}],
         "policy": {"kind": "transformers", "model": "none"}},
        strict=False,
    )  # fmt: skip
    problems, _ = read_problems(config)
    given = replace(
        parts(),
        problems=problems,
        config_sha=config.identity(),
        earlier_shas=(config.earlier_identity(),),
    )
    return run_ids(given)


def test_the_id_of_a_run_follows_the_bytes_of_its_file_and_not_its_name(tmp_path: Path) -> None:
    one = ids_of(tmp_path / "a" / "p.jsonl")
    moved = ids_of(tmp_path / "b" / "p.jsonl")
    renamed = ids_of(tmp_path / "c" / "other.jsonl")
    changed = ids_of(tmp_path / "d" / "p.jsonl", "2+2?")
    assert one[0] == moved[0] == renamed[0] != changed[0]
    assert len({ids[1] for ids in (one, moved, renamed)}) == 3


def label(out: Path, given: Parts, *, resume: bool = False) -> RunSummary:
    return asyncio.run(run_plainly(LabellingRun(given, out, resume, lambda progress: None)))


def few(**changes: object) -> Parts:
    return parts(problems={"kind": "oracle", "n": 3, "seed": 5}, **changes)


def test_a_run_that_was_committed_under_its_earlier_id_is_there_already(tmp_path: Path) -> None:
    today = replace(few(), config_sha="now", earlier_shas=("then",))
    commit_run(tmp_path / "d", run_ids(today)[1], 1)
    with pytest.raises(DatasetError, match="version 0 already holds this run"):
        label(tmp_path / "d", today)
    assert label(tmp_path / "d", today, resume=True).already_there
    assert len(open_dataset(tmp_path / "d").versions()) == 1


class LaterRules:
    """A checker of the same name whose rules have changed since."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self.fingerprint = re.sub(r"math_answer-\d+", "math_answer-99", checker.fingerprint)

    async def check(self, batch: Sequence[Check]) -> list[CheckResult]:
        return await self._checker.check(batch)

    async def aclose(self) -> None:
        await self._checker.aclose()


class Fixed(LaterRules):
    """A checker whose fingerprint no library of this machine changes."""

    def __init__(self, checker: Checker) -> None:
        super().__init__(checker)
        self.fingerprint = "math_answer-1 sympy-1.14.0"


def test_the_id_of_a_run_of_then_is_still_known() -> None:
    source = Source("p", "sha256:ab", "s", "mit")
    problem = Problem("q1", Domain.MATH, "1+1?", "2", ("a",), ("t",), ("c",), source)
    generator = Generator("m", "r", Sampling(stop=("x",)), 7, "sha")
    solution = Solution("s1", "q1", ("a\n", "b"), "2", Verdict.CORRECT, "", generator)
    base = parts()
    given = replace(
        base,
        problems=(problem,),
        checker=Fixed(base.checker),
        recipe=replace(base.recipe, existing_solutions={"q1": (solution,)}),
        config_sha="now",
        earlier_shas=("then",),
    )
    # As 2b308d2 computed it, with "then" for its config_sha.
    assert run_ids(given)[1] == "f39562a917959701"


def test_a_run_of_then_is_there_though_rules_have_changed_and_one_of_today_is_not() -> None:
    given = replace(few(), earlier_shas=("then",))
    later = replace(given, checker=LaterRules(given.checker))
    # Rules have changed since then already: an id with those of today, and one with those of then.
    today, *then = run_ids(given)
    assert then[-1] in run_ids(later)
    assert today not in run_ids(later)


def test_an_unfinished_run_of_an_earlier_id_is_told_and_gone_after_the_commit(
    tmp_path: Path,
) -> None:
    out, today = tmp_path / "d", replace(few(), config_sha="now", earlier_shas=("then",))
    left = out / "_work" / run_ids(today)[1]
    left.mkdir(parents=True)
    with pytest.raises(DatasetError, match=rf"this run unfinished.*or delete {left}"):
        label(out, today)
    label(out, today, resume=True)
    assert [entry.name for entry in (out / "_work").iterdir() if entry.is_dir()] == []


def test_rows_that_are_there_already_make_no_version(tmp_path: Path) -> None:
    first = label(tmp_path / "d", replace(few(), config_sha="of a run that nobody remembers"))
    again = label(tmp_path / "d", few())
    assert (again.already_there, again.version) == (True, first.version)
    assert len(open_dataset(tmp_path / "d").versions()) == 1
    assert not any(entry.is_dir() for entry in (tmp_path / "d" / "_work").iterdir())


def test_solutions_that_are_labelled_anew_are_told(tmp_path: Path) -> None:
    first = label(tmp_path / "d", few(labelers=[{"kind": "monte_carlo", "k": 4}]))
    again = label(tmp_path / "d", few(labelers=[{"kind": "monte_carlo", "k": 2}]))
    told = "already in the dataset, labelled anew (exports use the newest labels)"
    assert again.version == 1
    assert told not in first.statistics
    assert again.statistics[told] == {"solutions": first.n_solutions}


def test_a_version_without_a_row_is_refused_and_the_reasons_told(tmp_path: Path) -> None:
    hard = {"samples": 2, "above": 0.98, "below": 0.99}
    given = few(difficulty_filter=hard)
    run_id = run_ids(given)[0]
    for _ in range(2):
        with pytest.raises(DataError, match=r"none of 3 problems was labelled.*\(.* too "):
            label(tmp_path / "d", given)
    listed = (tmp_path / "d" / "_rejections" / f"{run_id}.jsonl").read_text()
    assert listed.count('"stage": "difficulty"') == 3
    assert not (tmp_path / "d" / "_delta_log").exists()
    assert not (tmp_path / "d" / "_work" / run_id).exists()


def test_a_file_whose_records_are_all_rejected_is_told_why(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text('{"text": "Q?", "gold_answer": [1, 2]}\n')
    config = tmp_path / "run.yaml"
    config.write_text(
        "problems: {kind: plain, path: s.jsonl}\nlabelers: [{kind: tool_check}]\nsolutions: 1\n"
        "policy: {engine: transformers, model: gone}\n"
    )
    with pytest.raises(DataError, match="gold_answer is a list of 2, not one text"):
        run_config(config, tmp_path / "d")
    assert not (tmp_path / "d").exists()
