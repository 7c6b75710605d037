"""What each score is worth by itself: AUC of first errors against right steps, with intervals.

    python benchmarks/signals.py oracle --problems 150 --json
    python benchmarks/signals.py processbench --model .venv-real/SmolLM2-135M-Instruct --limit 100

`oracle`: solutions of the embedded policy to fresh problems, whose first errors are known.
`processbench`: real replies of a dozen models to GSM8K with human labels (ProcessBench, gsm8k),
read by a causal language model in a folder (`make real` makes one of SmolLM2-135M-Instruct); gold
answers and reference solutions come from GSM8K's test set, by the problem's text. Data lie in
LABELER_SHARED_DATA (../shared/data); where they are absent a line says so.

Signals: the least, summed and mean log-probability of a step's tokens; `information_gain` (IGPO,
two scales), its level, P2S's path faithfulness (two baselines); `implicit` (oracle only: a model
trained on outcomes by `implicit_model`, against the policy that it came from), two readings.
Nothing is generated but the oracle's solutions; nothing is tuned. Near 0.5 is chance.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from consensus import BENCHMARK
from implicit_model import train_implicit

from labeler.checking.math_answer import MathChecker
from labeler.config import load_config
from labeler.driver.conversation import Conversation
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.pieces import logprobs_by_piece
from labeler.driver.requests import POLICY, Score, Scores
from labeler.evaluation.compare import examine, rows_of
from labeler.evaluation.signals import score_signal
from labeler.labelers.base import Findings, Policy
from labeler.labelers.implicit import Implicit, implicit
from labeler.labelers.information_gain import InformationGain, information_gain
from labeler.labelers.method import Labeler
from labeler.labelers.shared.score_alone import score_alone
from labeler.labelling.routes import routes
from labeler.oracle.evaluation import sampled
from labeler.oracle.generate import generate_problems
from labeler.problems.gsm8k import read_gsm8k
from labeler.problems.solved import SolutionRecord, read_solutions
from labeler.records import Asks, Problem, Rejection, Sampling, Solution, prefix_ids
from labeler.samplers.base import Sampler
from labeler.samplers.transformers import TransformersSampler
from labeler.wiring.labelers import build_policy
from labeler.wiring.models import build_samplers

SHARED = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data"))
TRAINING = 8_000_000
"""Seeds of the problems that the implicit model learns from begin here."""
REDUCE: dict[str, Callable[[Sequence[float]], float]] = {
    "least log p of a token": min,
    "sum of log p": sum,
    "mean of log p": lambda x: sum(x) / len(x),
}


def of_tokens(
    problem: Problem,
    solutions: tuple[Solution, ...],
    policy: Policy,
    reduce: Callable[[Sequence[float]], float],
) -> Conversation[Findings]:
    """A step's score from its own tokens; one request per solution, the same for every signal."""
    prompt = policy.prompt(problem)
    replies = yield [Score(prompt, "".join(s.steps), requester="tokens") for s in solutions]
    found = {}
    for solution, reply in zip(solutions, replies, strict=True):
        if not isinstance(reply, Scores):
            continue
        pieces = logprobs_by_piece(reply.tokens, reply.logprobs, solution.steps) or ()
        prefixes = prefix_ids(problem.problem_id, solution.steps)
        for prefix, piece in zip(prefixes, pieces, strict=True):
            if piece:
                said = score_alone(prefix, "tokens", "1", Asks.CORRECTNESS, reduce(piece))
                found[prefix] = said
    return Findings(tuple(found.values()))


def level(
    problem: Problem, solutions: tuple[Solution, ...], settings: InformationGain, policy: Policy
) -> Conversation[Findings]:
    """What the policy believes after the step, not what the step changed."""
    found = yield from information_gain(problem, solutions, settings, policy)
    return Findings(
        tuple(
            e if e.signal is None or e.score is None else replace(e, signal=e.score)
            for e in found.evidence
        )
    )


def labelers(policy: Policy, *, bridge: str, with_ratio: bool) -> dict[str, Labeler]:
    """Every signal by name."""
    gain = partial(InformationGain, bridge=bridge)
    path = partial(gain, reading="faithfulness")
    found: dict[str, Labeler] = {
        name: partial(of_tokens, policy=policy, reduce=reduce) for name, reduce in REDUCE.items()
    }
    chosen = {
        "information gain, log (IGPO)": gain(),
        "information gain, probability (IGPO)": gain(scale="probability"),
        "path faithfulness, previous prefix (P2S)": path(),
        "path faithfulness, bare problem (P2S)": path(baseline="question"),
    }
    for name, settings in chosen.items():
        found[name] = partial(information_gain, settings=settings, policy=policy)
    found["log p of the answer after the step"] = partial(level, settings=gain(), policy=policy)
    if with_ratio:
        for reading, name in (("step", "r, the step's own"), ("cumulative", "q, up to the step")):
            one = Implicit(reading=reading)  # type: ignore[arg-type]
            found[f"implicit: {name}"] = partial(implicit, settings=one, policy=policy)
    return found


async def measured(
    solved: Sequence[SolutionRecord],
    chosen: Mapping[str, Labeler],
    driver: Driver,
    only: Sequence[str],
) -> dict[str, Any]:
    """The AUC of each signal whose name has the words of `only`, and what it read."""
    known = [one for one in solved if one.first_error is not None]
    truths = [one.first_error or 0 for one in known]
    found: dict[str, Any] = {}
    for name, one in chosen.items():
        if not all(word in name for word in only):
            continue
        costs: dict[str, Cost] = {}
        examined = await examine(known, {name: one}, driver, costs, lambda: None)
        rows = rows_of(examined, [name])
        given = {e.labeler for row in rows for s in row.steps for e in s.evidence} - {"outcome"}
        score = score_signal(rows, truths, min(given)) if given else None
        if score is None:
            continue
        found[name] = {
            "auc": score.auc, "interval": score.auc_interval, "exact": score.exact,
            "n_errors": score.n_errors, "n_right": score.n_right, "n_silent": score.n_silent,
            "tokens_read": sum(cost.prompt_tokens for cost in costs.values()),
            "requests": sum(cost.calls for cost in costs.values()),
        }  # fmt: skip
        print(f"{name}: {found[name]}", file=sys.stderr)
    return {
        "n_solutions": len(known),
        "n_erroneous": sum(truth >= 0 for truth in truths),
        "signals": found,
    }


async def on_oracle(given: argparse.Namespace) -> dict[str, Any]:
    """The embedded policy, and a model that learned from outcomes of other problems."""
    config = load_config(BENCHMARK, given.settings).model_copy(update={"seed": given.seed})
    samplers = dict(build_samplers(config))
    policy = build_policy(config, samplers[POLICY])
    assert config.policy is not None
    difficulty = config.problems.difficulty  # type: ignore[attr-defined]
    problems = list(generate_problems(given.problems, 2_000_000 + given.seed, difficulty))
    lessons = list(generate_problems(given.lessons, TRAINING + given.seed, difficulty))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        journal = stack.enter_context(Journal(folder / "journal.sqlite"))
        async with Driver(routes(samplers, MathChecker()), journal, max_active=64) as driver:
            solved = await sampled(problems, policy, driver, {})
            learned = await sampled(lessons, policy, driver, {}) if given.lessons else []
        told: dict[str, Any] = {}
        if learned:
            accuracy = train_implicit(
                config.policy.model, policy, learned, folder / "phi", given.seed
            )
            told = {"n_lessons": len(learned), "training_accuracy": round(accuracy, 4)}
            samplers["orm"] = TransformersSampler(str(folder / "phi"))
            samplers["reference"] = samplers[POLICY]
        async with Driver(routes(samplers, MathChecker()), journal, max_active=64) as driver:
            chosen = labelers(policy, bridge="\nAnswer: {answer}", with_ratio=bool(learned))
            return {"on": "oracle", **told, **await measured(solved, chosen, driver, given.only)}


async def on_processbench(given: argparse.Namespace) -> dict[str, Any]:
    """Real replies, read by a language model that wrote none of them."""
    file = given.data / "processbench" / "gsm8k.json"
    if not file.exists():
        sys.exit(f"no {file}; set LABELER_SHARED_DATA or --data to a folder that has it")
    if not (given.model / "config.json").exists():
        sys.exit(f"no model in {given.model}; make real writes one, or name a folder by --model")
    read = [one for one in read_solutions(file) if isinstance(one, SolutionRecord)]
    # Every k-th: the file is sorted by who is right.
    solved = read[:: max(1, len(read) // given.limit)][: given.limit]
    known = {p.text.strip(): p for p in _test_set(given.data / "gsm8k" / "test.jsonl")}
    solved = [_with_gold(one, known.get(one.problem.text.strip())) for one in solved]
    sampler: Sampler = TransformersSampler(str(given.model), rows_per_batch=8)
    policy = Policy(sampler.model, "", "{problem}", "", Sampling(), "\n\n", 0)
    with tempfile.TemporaryDirectory() as folder:
        path = given.journal or Path(folder) / "journal.sqlite"
        with Journal(path) as journal:
            served = routes({POLICY: sampler}, MathChecker())
            async with Driver(served, journal, max_active=16) as driver:
                chosen = labelers(policy, bridge="\n\nThe answer is {answer}.", with_ratio=False)
                found = await measured(solved, chosen, driver, given.only)
    with_gold = sum(one.problem.gold_answer is not None for one in solved)
    return {"on": "processbench gsm8k", "model": sampler.model, "n_with_gold": with_gold, **found}


def _test_set(path: Path) -> list[Problem]:
    if not path.exists():
        print(f"no {path}: signals that need a gold answer are silent", file=sys.stderr)
        return []
    return [one for one in read_gsm8k(path) if not isinstance(one, Rejection)]


def _with_gold(one: SolutionRecord, known: Problem | None) -> SolutionRecord:
    if known is None:
        return one
    problem = replace(
        one.problem,
        gold_answer=known.gold_answer,
        reference_solution=known.reference_solution,
    )
    return replace(one, problem=problem)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("on", choices=["oracle", "processbench"])
    parser.add_argument("--problems", type=int, default=150, help="oracle: one solution each")
    parser.add_argument("--lessons", type=int, default=400, help="oracle: outcomes learned from")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=100, help="processbench: solutions")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument(
        "--model", type=Path, default=Path(".venv-real/SmolLM2-135M-Instruct"), help="a folder"
    )
    parser.add_argument("--journal", type=Path, help="processbench: keep replies here")
    parser.add_argument("--only", nargs="+", default=[], help="whose names have these words")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--json", action="store_true", help="JSON only")
    given = parser.parse_args()
    found = asyncio.run((on_oracle if given.on == "oracle" else on_processbench)(given))
    if not given.json:
        for name, one in found["signals"].items():
            low, high = one["interval"] or (None, None)
            print(f"{name:45} AUC {one['auc']:.3f} [{low:.3f}, {high:.3f}]")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
