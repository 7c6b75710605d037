"""Does it train a better model? One small reward model per labelling method, scored by the oracle.

    python benchmarks/train_prm.py --folder /tmp/prm --json

The embedded policy solves fresh oracle problems; Monte Carlo (k=8), the judge (solving first) and
SPARE give evidence on every solution (as in `consensus.py`), and each method makes its labels of
it: up to the first error, nothing after it ("uncut", Math-Shepherd's own form, labels all steps). A
head on the frozen policy (`prm_model`) is trained on each method's labels, twice: on equally many
kept solutions ("equal"), and on all that the method keeps of the same pool ("all"); on `oracle`
labels, too. Scores on held-out problems, and which orderings of the papers come out, with intervals
over seeds and problems (`prm_scores`). About 25 minutes of one core, most of it rollouts;
`--folder` keeps them; `--save DIR` keeps a model that the labeler `prm` reads (family: labeler).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from consensus import BENCHMARK
from prm_data import HeldOut, Labelled, held_out, labelled
from prm_model import FEATURES, Features, Head, Training, save, train
from prm_scores import (
    Array,
    Measured,
    f1,
    first_error_counts,
    picks,
    plain,
    resampled,
    tuned_counts,
)
from prm_tables import show

from labeler.config import RunConfig, load_config
from labeler.consensus.base import Decision, Rule, fitted, value_counts
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.fusion import Fusion, FusionRule
from labeler.consensus.lessons import Lessons, LessonsRule
from labeler.consensus.relative_progress import RelativeProgress, RelativeProgressRule
from labeler.evaluation.first_flag import FirstFlag
from labeler.records import Asks, LabeledSolution, short_hash
from labeler.terminal import progress_bar
from labeler.wiring.labelers import build_policy
from labeler.wiring.models import build_samplers

ORDERINGS = (
    ("lessons hard", "judge", "consensus over judge (Lessons, GenPRM)"),
    ("judge", "monte_carlo hard", "judge over Monte Carlo (Lessons)"),
    ("lessons hard", "monte_carlo hard", "consensus over Monte Carlo (Lessons)"),
    ("lessons hard", "lessons soft", "hard over soft after filtering (Lessons)"),
    ("monte_carlo hard", "monte_carlo soft", "hard over soft before filtering (Lessons: equal)"),
    ("relative progress 0.8", "monte_carlo hard", "relative progress over MC > 0 (GenPRM)"),
    ("spare", "monte_carlo hard", "SPARE over Monte Carlo (SPARE)"),
    ("fusion", "lessons hard", "fusion over consensus (ours)"),
)
"""What should be better, than what, says who."""


Text = tuple[str, tuple[str, ...]]
"""A problem and the steps of a solution."""


@dataclass(frozen=True)
class Method:
    """A rule over the evidence of some sources; soft targets are shares of right rollouts.

    `uncut`: every sampled step has a target, whether it is alive, those behind the first error too.
    """

    rule: Rule
    sources: tuple[str, ...]
    soft: bool = False
    uncut: bool = False

    def targets(self, rows: Sequence[LabeledSolution]) -> list[Array | None]:
        """Per solution a target per step (NaN: none), or None where the method drops it."""
        evidence = [
            [
                [e for e in step.evidence if e.labeler in (*self.sources, "outcome")]
                for step in r.steps
            ]
            for r in rows
        ]
        ready = fitted(self.rule, rows)
        decided = [ready.decide(r.solution, said) for r, said in zip(rows, evidence, strict=True)]
        return [self._of(one, said) for one, said in zip(decided, evidence, strict=True)]

    def _of(self, decision: Decision, evidence: Sequence[Any]) -> Array | None:
        if not decision.kept:
            return None
        hard = np.array([np.nan if x is None else float(x > 0) for x in decision.labels])
        share = np.array([c.n_correct / c.n if c.n else np.nan for c in value_counts(evidence)])
        if self.uncut:
            return np.where(np.isnan(share), np.nan, share > 0)
        if not self.soft:
            return hard
        return np.where(np.isnan(hard), np.nan, share)


METHODS = {
    "monte_carlo hard": Method(FirstZero(), ("monte_carlo",)),
    "monte_carlo uncut": Method(FirstZero(), ("monte_carlo",), uncut=True),
    "monte_carlo soft": Method(FirstZero(), ("monte_carlo",), soft=True),
    "relative progress 0.8": Method(
        RelativeProgress(RelativeProgressRule(threshold=0.8, min_correct=0)), ("monte_carlo",)
    ),
    "judge": Method(FirstFlag(), ("judge",)),
    "spare": Method(FirstFlag(), ("spare",)),
    "lessons hard": Method(Lessons(LessonsRule(judges=("judge",))), ("monte_carlo", "judge")),
    "lessons soft": Method(
        Lessons(LessonsRule(judges=("judge",))), ("monte_carlo", "judge"), soft=True
    ),
    "fusion": Method(Fusion(FusionRule(min_confidence=0.8)), ("monte_carlo", "judge", "spare")),
}


def of_oracle(one: Labelled) -> Array:
    """The truth, up to the first error."""
    n, truth = len(one.row.steps), one.truth
    place = np.arange(n)
    return np.where(place == truth, 0.0, np.where((truth < 0) | (place < truth), 1.0, np.nan))


def precision(targets: Sequence[Array | None], truth: Sequence[Array]) -> dict[str, float]:
    """What a method keeps, and how many of its labels (hard: of at least 1/2) are right."""
    kept = [(t, y) for t, y in zip(targets, truth, strict=True) if t is not None]
    given, right = (np.concatenate(side) for side in zip(*kept, strict=True))
    # What comes after the true first error is no label of either kind.
    known = ~np.isnan(given) & ~np.isnan(right)
    return {
        "kept_solutions": len(kept),
        "labels": int((~np.isnan(given)).sum()),
        "label_precision": float(((given[known] >= 0.5) == (right[known] == 1)).mean()),
    }


def models(
    targets: Sequence[Array | None],
    features: Sequence[Array],
    tests: Sequence[Array],
    seeds: Sequence[int],
    n_solutions: int | None,
) -> list[list[Array]]:
    """Per seed P(step is right) of every test solution."""
    whole = np.concatenate(tests)
    ends = np.cumsum([len(one) for one in tests])[:-1]
    heads = (head_on(targets, features, seed, n_solutions) for seed in seeds)
    return [np.split(head.probabilities(whole), ends) for head in heads]


def head_on(
    targets: Sequence[Array | None], features: Sequence[Array], seed: int, n_solutions: int | None
) -> Head:
    """Trained on `n_solutions` drawn from those that are kept, or on all of them."""
    kept = [i for i, target in enumerate(targets) if target is not None]
    rng = np.random.default_rng(seed)
    chosen = kept if n_solutions is None else rng.choice(kept, n_solutions, replace=False)
    x = np.concatenate([features[i] for i in chosen])
    y = np.concatenate([np.asarray(targets[i]) for i in chosen])
    is_there = ~np.isnan(y)
    return train(x[is_there], y[is_there], seed, Training())


def scored(
    problems: Sequence[HeldOut], index: Sequence[Sequence[int]], of_seeds: list[list[Array]]
) -> dict[str, Measured]:
    """All figures of one method; `index` finds a candidate among the distinct test solutions."""
    tuned, plain_counts, shares = [], [], []
    for probabilities in of_seeds:
        tuned.append(tuned_counts(problems, index, probabilities))
        plain_counts.append(first_error_counts(problems, index, probabilities))
        shares.append(picks(problems, index, probabilities))
    found = {
        "F1": resampled(np.stack(tuned), f1),
        "F1 at 0.5": resampled(np.stack(plain_counts), f1),
    }
    for name in shares[0]:
        found[name] = _share(np.stack([one[name] for one in shares]))
    return found


def _share(of_seeds: Array) -> Measured:
    n = of_seeds.shape[1]
    return resampled(of_seeds[:, :, None], lambda sums: sums[..., 0] / n)


def distinct(
    problems: Sequence[HeldOut],
) -> tuple[list[tuple[str, tuple[str, ...]]], list[list[int]]]:
    """Each (problem, steps) once, and where to find each candidate's."""
    places: dict[Text, int] = {}
    index = [
        [places.setdefault((p.text, c.steps), len(places)) for c in p.candidates] for p in problems
    ]
    return list(places), index


def benchmark(config: RunConfig, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Labels, trains and scores, each part kept in `folder` for the next time."""
    with progress_bar("labelling") as show:
        pool = labelled(config, given.problems, folder, show)
    with progress_bar("held-out solutions") as show:
        problems = held_out(config, given.test_problems, given.candidates, folder, show)
    assert config.policy is not None
    policy = build_policy(config, next(iter(build_samplers(config).values())))
    features = Features(config.policy.model, policy)
    x = features.of([(one.row.problem.text, one.row.solution.steps) for one in pool])
    texts, index = distinct(problems)
    key = short_hash(
        policy.revision, FEATURES, *(part for t, steps in texts for part in (t, *steps))
    )
    tests = kept_array(folder / f"features-{key}.npz", partial(features.of, texts))
    truth = [of_oracle(one) for one in pool]
    rows = [one.row for one in pool]
    targets: dict[str, list[Array | None]] = {n: m.targets(rows) for n, m in METHODS.items()}
    targets["oracle"] = list(truth)
    made = {name: precision(of, truth) for name, of in targets.items()}
    n_equal = given.solutions or min(int(one["kept_solutions"]) for one in made.values())
    settings = {"equal": n_equal, "all": None}
    found = {
        setting: {
            name: scored(problems, index, models(of, x, tests, given.seeds, n))
            for name, of in targets.items()
        }
        for setting, n in settings.items()
    }
    if given.save:
        asks = Asks.VALUE if "monte_carlo" in given.save_labels else Asks.CORRECTNESS
        head = head_on(targets[given.save_labels], x, given.seeds[0], None)
        save(head, policy, config.policy.model, given.save, asks)
    plainly = {name: _share(share[None]) for name, share in plain(problems).items()}
    return {
        "n_pool": len(pool),
        "n_pool_erroneous": sum(one.truth >= 0 for one in pool),
        "n_equal": n_equal,
        "n_test_problems": len(problems),
        "n_candidates": sum(len(p.candidates) for p in problems),
        "n_candidates_distinct": len(texts),
        "n_candidates_erroneous": sum(c.first_error >= 0 for p in problems for c in p.candidates),
        "seeds": given.seeds,
        "labels": made,
        "plain": {name: shown(one) for name, one in plainly.items()},
        **{s: {n: {k: shown(m) for k, m in of.items()} for n, of in by.items()}
           for s, by in found.items()},
        "orderings": {s: orderings(by) for s, by in found.items()},
    }  # fmt: skip


def kept_array(file: Path, compute: Callable[[], list[Array]]) -> list[Array]:
    """Features are kept beside the replies that they belong to."""
    if not file.exists():
        found = compute()
        np.savez(file, whole=np.concatenate(found), lengths=[len(one) for one in found])
    with np.load(file) as there:
        whole, lengths = there["whole"], there["lengths"]
    return np.split(whole, np.cumsum(lengths)[:-1])


def orderings(by_method: dict[str, dict[str, Measured]]) -> list[dict[str, Any]]:
    """Paired differences of F1 and of picking among 8 by the best-suited score (product)."""
    return [
        {"better": better, "worse": worse, "claim": claim}
        | {
            figure: shown(by_method[better][figure].minus(by_method[worse][figure]))
            for figure in ("F1", "F1 at 0.5", "best 8 product", "vote 8 product")
        }
        for better, worse, claim in ORDERINGS
    ]


def shown(measured: Measured) -> list[float]:
    """Value and 95% interval."""
    return [round(number, 4) for number in (measured.value, *measured.interval)]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=800, help="labelled, one solution each")
    parser.add_argument("--test-problems", type=int, default=100)
    parser.add_argument("--candidates", type=int, default=64, help="per held-out problem")
    parser.add_argument("--solutions", type=int, help="equal number; the fewest kept if left out")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--seed", type=int, default=1, help="of problems and rollouts")
    parser.add_argument("--folder", type=Path, help="keep replies and labelled rows here")
    parser.add_argument("--save", type=Path, help="write a model here that the labeler prm reads")
    parser.add_argument("--save-labels", default="fusion", choices=[*METHODS, "oracle"])
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--json", action="store_true", help="JSON only")
    given = parser.parse_args()
    if given.candidates < 8:
        parser.error("--candidates: at least 8, which the tables show")
    torch.set_num_threads(1)
    config = load_config(BENCHMARK, given.settings).model_copy(update={"seed": given.seed})
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = benchmark(config, given, folder)
    if not given.json:
        show(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
