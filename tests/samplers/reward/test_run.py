"""A run, a plan, a resumption and an evaluation whose source is a reward model."""

import asyncio
import json
from functools import partial

import pytest

import labeler
from labeler.checking.math_answer import MathChecker
from labeler.config import load_config
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.errors import ConfigError
from labeler.evaluation.signals import SignalScore
from labeler.labelers.prm import PRM, prm
from labeler.labelling.routes import routes
from labeler.records import Verdict
from labeler.samplers.reward.in_process import RewardModel
from labeler.wiring.evaluation import Candidates, SolvedPlace, compare_on_file
from labeler.wiring.plan import make_plan
from tests.labelers.talking import POLICY, PROBLEM, STEPS, solution

SOLVED = [
    {"problem": "2 + 3?", "steps": ["2 + 3 = 5.\n\n", "Answer: 5"], "answer": "5", "label": -1},
    {"problem": "4 + 4?", "steps": ["4 + 4 = 9.\n\n", "Answer: 9"], "answer": "8", "label": 0},
    {"problem": "1 + 2?", "steps": ["It is odd.\n\n", "1 + 2 = 4.\n\n", "Answer: 4"],
     "answer": "3", "label": 1},
]  # fmt: skip


@pytest.fixture(scope="module")
def run_file(shapes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "solved.jsonl").write_text("".join(json.dumps(one) + "\n" for one in SOLVED))
    content = {
        "problems": {"kind": "solved", "path": "solved.jsonl"},
        "models": {
            "prm": {"kind": "transformers", "family": "trl",
                    "model": str(shapes("token_classifier")), "device": "cpu"},
        },
        "labelers": [{"kind": "prm", "threshold": 0.5}],
    }  # fmt: skip
    path = folder / "run.yaml"
    path.write_text(json.dumps(content))
    return path


def test_a_plan_from_all_problems_is_what_the_run_takes(run_file, tmp_path):
    config = load_config(run_file)
    plan = make_plan(config, 3, lambda progress: None)
    fresh = labeler.run(config, tmp_path / "fresh")
    rows = {one.problem.text: one for one in labeler.open(tmp_path / "fresh").solutions()}
    said = [e for one in rows.values() for s in one.steps for e in s.evidence if e.labeler == "prm"]
    assert len(said) == 7
    assert {e.verdict for e in said} <= {Verdict.CORRECT, Verdict.WRONG}
    assert all(e.score == e.signal and e.model.startswith("token_classifier") for e in said)
    cost = fresh.cost["prm"]
    assert (cost.calls, cost.reused, cost.failed) == (3, 0, 0)
    assert cost.prompt_tokens == sum(e.prompt_tokens for e in said) > 0
    assert plan.estimates["prompt_tokens"].value == cost.prompt_tokens
    assert plan.estimates["engine_requests"].value == 3


def test_eval_scores_it_like_any_other_source(run_file):
    config = load_config(run_file)
    file = run_file.parent / "solved.jsonl"
    found, rejections = compare_on_file(
        config, SolvedPlace(str(file)), Candidates(["prm"], ["fusion"]), None, lambda _: None
    )
    assert rejections == []
    assert (found.n, found.sources["prm"].coverage) == (3, 1.0)
    signal = found.signals["prm"]
    assert isinstance(signal, SignalScore)
    assert (signal.n_errors, signal.n_right, signal.n_silent) == (2, 3, 0)
    assert set(found.to_json()["signals"]["prm"]) >= {"auc", "auc_interval", "threshold"}


def test_what_the_journal_knows_is_not_asked_again(shapes, tmp_path):
    model = RewardModel(str(shapes("token_classifier")), "trl")
    label = partial(prm, PROBLEM, (solution(*STEPS),), settings=PRM(), policy=POLICY)

    async def labelled():
        costs = {}
        with Journal(tmp_path / "journal.sqlite") as journal:
            async with Driver(routes({"prm": model}, MathChecker()), journal) as driver:
                found = [one async for one in driver.run([("p", label())], costs)]
        return found, costs["prm"]

    live, first = asyncio.run(labelled())
    journalled, second = asyncio.run(labelled())
    assert journalled == live
    assert [(one.calls, one.reused) for one in (first, second)] == [(1, 0), (1, 1)]
    assert first.prompt_tokens == second.prompt_tokens > 0


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("models.prm={kind: transformers, model: m}",
         "prm asks model 'prm' for scores of steps, and that is no reward model"),
        ("models.prm={kind: transformers, model: m, family: qwen2.5-math-pmr}",
         "did you mean qwen2.5-math-prm"),
        ("labelers=[{kind: judge, model: prm}]",
         "judge asks model 'prm', and a reward model writes no text"),
        ("policy={kind: transformers, model: m, family: trl}",
         "a reward model solves no problem"),
        ("models={}", "prm asks model 'prm'; known: policy"),
    ],
)  # fmt: skip
def test_a_model_is_asked_for_what_it_can_give(run_file, override, why):
    with pytest.raises(ConfigError, match=why):
        load_config(run_file, [override])


def test_a_model_that_writes_is_the_same_as_before_there_were_others(run_file):
    """Its run keeps the identity that it had when no model had a family."""
    writes = ["policy={kind: transformers, model: m}", "labelers=[{kind: outcome}]"]
    config = load_config(run_file, [*writes, "models={}"])
    assert "family" not in json.dumps(config.model_dump(mode="json", exclude_defaults=True))
    other = load_config(run_file, [*writes, "models={}", "policy.family=null"])
    assert config.identity() == other.identity()
