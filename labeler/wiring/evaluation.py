"""Labelers and rules compared with a config's models and settings, on a file or on fresh problems.

Rules that know how sure they are decide from `min_confidence` on; at 0 they decide every solution,
so that scores can be compared with published ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from labeler.config.environments import Bm25Config
from labeler.config.labelers import LabelerConfig, needs_model
from labeler.config.run import RunConfig
from labeler.consensus.base import Rule
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver, Retry
from labeler.driver.journal import Journal
from labeler.driver.money import FREE, Purse
from labeler.driver.requests import POLICY
from labeler.errors import ConfigError
from labeler.evaluation.compare import Comparison, Examined, compare, examine, piloted_on
from labeler.evaluation.pair_scores import PairComparison, choices_by_evidence, score_pairs
from labeler.evaluation.pairs import Choice, Pair, PairJudge, judged, judges_of, pairs_of
from labeler.first_error.signals import Signals
from labeler.labelers.base import Policy
from labeler.labelers.method import Labeler
from labeler.labelers.methods import METHODS
from labeler.labelling.parts import Progress
from labeler.labelling.readiness import probe_all
from labeler.labelling.routes import routes
from labeler.oracle.agents.questions import generate_questions
from labeler.oracle.agents.world import write_corpus
from labeler.oracle.evaluation import (
    A,
    Truth,
    first_error,
    first_error_of_agent,
    sampled,
    searched,
)
from labeler.oracle.generate import generate_problems
from labeler.problems.solved import SolutionRecord, read_solutions
from labeler.problems.sources import OracleAgentsProblems, OracleProblems
from labeler.records import Problem, Rejection
from labeler.samplers.base import Sampler
from labeler.wiring.consensus import build_rule
from labeler.wiring.defaults import labelers_named, rules_named
from labeler.wiring.environments import build_environments
from labeler.wiring.labelers import build_labeler, build_policy, pilots_of
from labeler.wiring.loop import block_on
from labeler.wiring.models import build_samplers
from labeler.wiring.needs import needs_of
from labeler.wiring.prices import build_prices
from labeler.wiring.sandbox import build_checker, build_limits, sandbox_for
from labeler.wiring.solutions_file import SolvedPlace

OPTION = "--labeler"

OracleScope = tuple[int, int]
"""How many fresh problems, and their seed."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who is compared: labelers and rules by name; how sure rules must be."""

    labelers: Sequence[str]
    rules: Sequence[str]
    min_confidence: float = 0.0


def compare_on_file(
    config: RunConfig | None,
    place: SolvedPlace,
    candidates: Candidates,
    journal: Path | None,
    on_progress: Callable[[Progress], None],
) -> tuple[Comparison, list[Rejection]]:
    """Against the human's first errors in a file; no config is needed where no model is asked."""
    chosen = _chosen_for_file(config, candidates.labelers)
    solved, rejections = _read(place)
    if all(one.first_error is None for one in solved):
        raise ConfigError(f"{place.path}: no solution says where its first error is; add `label`")
    problems = [one.problem for one in solved]
    work = _Comparing(config, chosen, _rules(config, candidates), journal, on_progress, problems)
    return block_on(work.on_solutions(solved)), rejections


def compare_on_pairs(
    config: RunConfig | None,
    place: SolvedPlace,
    labelers: Sequence[str],
    journal: Path | None,
    on_progress: Callable[[Progress], None],
) -> tuple[PairComparison, list[Rejection]]:
    """On a file's pairs of next steps; judges are shown both, others what they label anyway."""
    chosen = _chosen_for_file(config, labelers)
    asked = [one for name, settings in chosen.items() for one in judges_of(name, settings)]
    solved, rejections = _read(place)
    pairs = pairs_of(solved)
    if not pairs:
        raise ConfigError(
            f"{place.path}: no pairs in it; a pair is two solutions of one problem with the same "
            "steps before the last one, which is labelled 1 in the one and -1 in the other"
        )
    problems = [one.better.problem for one in pairs]
    work = _Comparing(config, chosen, (), journal, on_progress, problems)
    return block_on(work.on_pairs(pairs, asked)), rejections


def _chosen_for_file(
    config: RunConfig | None, labelers: Sequence[str]
) -> Mapping[str, LabelerConfig]:
    chosen = labelers_named(config, labelers)
    if own := [name for name in chosen if METHODS.find(name, OPTION).writes_solutions]:
        raise ConfigError(f"--labeler {own[0]}: searches solutions of its own; evaluate on oracle")
    if config is None and (asking := needs_model(chosen)):
        raise ConfigError(f"--labeler {asking}: asks a model; add --config RUN.yaml")
    return chosen


def _read(place: SolvedPlace) -> tuple[list[SolutionRecord], list[Rejection]]:
    read = list(read_solutions(place.place, place.reading))
    solved = [one for one in read if isinstance(one, SolutionRecord)][: place.limit]
    return solved, [one for one in read if isinstance(one, Rejection)]


def compare_on_oracle(
    config: RunConfig,
    candidates: Candidates,
    scope: OracleScope,
    journal: Path | None,
    on_progress: Callable[[Progress], None],
) -> Comparison:
    """On solutions that the policy writes for fresh problems of the config's difficulty."""
    n_problems, seed = scope
    # A set of its own for every seed, apart from those that runs and training draw from.
    fresh = 1_000_000 + seed
    seeded = config.model_copy(update={"seed": seed})

    def compared(problems: Sequence[A], truth: Truth[A], its_config: RunConfig) -> Comparison:
        chosen = labelers_named(its_config, candidates.labelers)
        asked = [one.problem for one in problems]
        rules = _rules(its_config, candidates)
        work = _Comparing(its_config, chosen, rules, journal, on_progress, asked)
        return block_on(work.on_fresh(problems, truth))

    if isinstance(config.problems, OracleProblems):
        problems = list(generate_problems(n_problems, fresh, config.problems.difficulty))
        return compared(problems, first_error, seeded)
    if isinstance(config.problems, OracleAgentsProblems):
        questions = list(generate_questions(n_problems, fresh, config.problems.scope))
        with tempfile.TemporaryDirectory() as folder:
            corpus = Path(folder) / "corpus.jsonl"
            write_corpus(corpus, questions[0].world)
            return compared(questions, first_error_of_agent, _searching(seeded, corpus))
    raise ConfigError(
        "problems.kind: only oracle and oracle_agents have a known truth; use one of them"
    )


def _searching(config: RunConfig, corpus: Path) -> RunConfig:
    """The same run, whose searches go through another corpus."""
    environments = {
        name: one.model_copy(update={"corpus": str(corpus)}) if isinstance(one, Bm25Config) else one
        for name, one in config.environments.items()
    }
    return config.model_copy(update={"environments": environments})


class _Comparing:
    """One comparison: models are loaded once, all labelers share the driver and its journal."""

    def __init__(
        self,
        config: RunConfig | None,
        labelers: Mapping[str, LabelerConfig],
        rules: Sequence[Rule],
        journal: Path | None,
        on_progress: Callable[[Progress], None],
        problems: Sequence[Problem] = (),
    ) -> None:
        self._sandbox = sandbox_for(labelers, problems, config.sandbox if config else None)
        self._limits = build_limits(config.sandbox) if config else None
        self._rules, self._on_progress = rules, on_progress
        self._costs: dict[str, Cost] = {}
        self._stack = AsyncExitStack()
        self._samplers: dict[str, Sampler] = (
            build_samplers(config)
            if config and (needs_model(labelers) or any(one.models for one in labelers.values()))
            else {}
        )
        acts = any(METHODS.find(name, OPTION).rolls_out for name in labelers)
        acts |= config is not None and isinstance(config.problems, OracleAgentsProblems)
        self._environments = build_environments(config, self._sandbox) if acts and config else ()
        self._policy = build_policy(config, self._samplers.get(POLICY), self._environments)
        self._settings = labelers
        self._labelers = self._bound(self._policy)
        self._pilots = pilots_of(labelers.values())
        self._needs = (
            needs_of(config, labelers.values(), problems, self._policy, self._samplers)
            if config
            else {}
        )
        self._journal = journal
        self._options = config.run if config else None
        self._prices = build_prices(config) if config else FREE
        self._done = self._total = 0

    def _bound(self, policy: Policy) -> dict[str, Labeler]:
        return {n: build_labeler(c, policy) for n, c in self._settings.items()}

    def _scoring(self) -> list[str]:
        """Who gives the scores that searches begin with."""
        return [n for n in self._pilots if self._settings[n].keeps_logprobs]

    async def _learn(self, solved: Sequence[SolutionRecord], driver: Driver) -> None:
        """What the first problems teach those that search by scores."""
        if not self._pilots:
            return
        beginning = replace(self._policy, signals=Signals())

        def bind(known: Policy) -> dict[str, Labeler]:
            return {n: one for n, one in self._bound(known).items() if n in self._pilots}

        known = await piloted_on(solved, bind, beginning, driver)
        self._labelers = self._bound(known)

    async def on_solutions(self, solved: Sequence[SolutionRecord]) -> Comparison:
        async with self._stack:
            driver = await self._driver()
            self._total = len({one.problem.problem_id for one in solved})
            await self._learn(solved, driver)
            examined = await examine(solved, self._labelers, driver, self._costs, self._on_problem)
        return compare(examined, self._labelers, self._rules, self._costs, self._scoring())

    async def on_pairs(self, pairs: Sequence[Pair], judges: Sequence[PairJudge]) -> PairComparison:
        sides = [one for pair in pairs for one in (pair.better, pair.worse)]
        solved = list({one.solution.solution_id: one for one in sides}.values())
        asks_both = {judge.settings.kind for judge in judges}
        others = [n for n, one in self._settings.items() if one.kind not in asks_both]
        n_problems = len({one.problem.problem_id for one in solved})
        self._total = len(pairs) * len(judges) + n_problems * bool(others)
        asked = (
            (f"{i} {judge.name}", judged(pair, judge, self._policy.run_seed))
            for i, pair in enumerate(pairs)
            for judge in judges
        )
        said: dict[str, Choice] = {}
        examined: Sequence[Examined] = ()
        async with self._stack:
            driver = await self._driver()
            async for name, choice in driver.run(asked, self._costs):
                said[name] = choice
                self._on_problem()
            if others:
                await self._learn(solved, driver)
                known = {name: self._labelers[name] for name in others}
                examined = await examine(solved, known, driver, self._costs, self._on_problem)
        answered = {j.name: [said[f"{i} {j.name}"] for i in range(len(pairs))] for j in judges}
        held = {name: choices_by_evidence(pairs, examined, name) for name in others}
        return score_pairs(pairs, answered, held)

    async def on_fresh(self, problems: Sequence[A], truth: Truth[A]) -> Comparison:
        given: dict[str, Labeler] = {}
        own: dict[str, Labeler] = {}
        for n, one in self._labelers.items():
            (own if METHODS.find(n, OPTION).writes_solutions else given)[n] = one
        self._total = len(problems) * (len(own) + bool(given))
        async with self._stack:
            driver = await self._driver()
            logprobs = any(one.keeps_logprobs for one in self._settings.values())
            solved = (
                await sampled(
                    problems, self._policy, driver, self._costs, truth=truth, logprobs=logprobs
                )
                if given
                else []
            )
            await self._learn(solved, driver)
            given = {name: self._labelers[name] for name in given}
            own = {name: self._labelers[name] for name in own}
            examined = await examine(solved, given, driver, self._costs, self._on_problem)
            found = {
                name: await searched(
                    problems, name, one, driver, self._costs, self._on_problem, truth
                )
                for name, one in own.items()
            }
        whole = compare(examined, given, self._rules if given else (), self._costs, self._scoring())
        # On solutions of their own: scored alone, and by every rule.
        apart = {n: compare(rows, [n], self._rules, self._costs) for n, rows in found.items()}
        return replace(
            whole,
            n=whole.n or max((one.n for one in apart.values()), default=0),
            n_erroneous=whole.n_erroneous
            or max((one.n_erroneous for one in apart.values()), default=0),
            sources={**whole.sources, **{n: one.sources[n] for n, one in apart.items()}},
            consensus={
                **whole.consensus,
                **{f"{n}:{r}": s for n, one in apart.items() for r, s in one.consensus.items()},
            },
        )

    async def _driver(self) -> Driver:
        checker = build_checker(self._sandbox, self._limits, in_words=True)
        self._stack.push_async_callback(checker.aclose)
        if self._sandbox is not None:
            self._stack.push_async_callback(self._sandbox.aclose)
        for sampler in self._samplers.values():
            self._stack.push_async_callback(sampler.aclose)
            await sampler.ready()
        for environment in self._environments:
            self._stack.push_async_callback(environment.aclose)
            await environment.ready()
        await probe_all(self._samplers, self._needs)
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        path = self._journal or Path(folder) / "journal.sqlite"
        journal = self._stack.enter_context(Journal(path))
        options = self._options
        driver = Driver(
            routes(self._samplers, checker, self._sandbox, self._environments),
            journal,
            max_active=options.max_active if options else 512,
            retry=Retry(options.attempts, options.longest_pause_s) if options else None,
            purse=Purse(self._prices, journal, "eval"),
        )
        return await self._stack.enter_async_context(driver)

    def _on_problem(self) -> None:
        self._done += 1
        samples = sum(cost.samples for cost in self._costs.values())
        tokens = sum(cost.completion_tokens for cost in self._costs.values())
        self._on_progress(Progress(self._done, self._total, samples, tokens))


def _rules(config: RunConfig | None, candidates: Candidates) -> list[Rule]:
    """The named rules, with the config's settings where it has that rule."""
    # The smallest number that a config takes stands for 0.
    bound = {"min_confidence": max(candidates.min_confidence, 1e-9)}
    return [
        build_rule(rule.model_copy(update=bound) if hasattr(rule, "min_confidence") else rule)
        for rule in rules_named(config, candidates.rules)
    ]
