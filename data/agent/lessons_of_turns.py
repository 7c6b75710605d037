"""What the embedded agent learns from: trajectories in ever new worlds, short ones first.

A fresh world for every few questions, so that no fact can be remembered: names must be copied from
the question and the observations. Lines of names that come twice let the model learn to copy.
Some trajectories hold a mistake and go on with it, and these are learned as well: the agent
imitates the careless, too, so at temperature 1 it now and then reads the wrong line, asks for the
wrong one or stops early, and its errors have consequences, for it trusts what it found.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from acting import prompt_of
from batching import Example
from transformers import PreTrainedTokenizerFast

from labeler.environments.bm25 import Bm25Search
from labeler.oracle.agents.names import CITIES, COUNTRIES, ORGANISATIONS, WORKS
from labeler.oracle.agents.oracle import TurnKind
from labeler.oracle.agents.questions import Question, generate_question
from labeler.oracle.agents.reference import reference, with_mistake
from labeler.oracle.agents.world import generate_world
from labeler.records import Turn
from labeler.turns.own import own_text
from labeler.turns.rendered import text_of

QUESTIONS_PER_WORLD = 24
GIVEN_WEIGHT = 0.1
"""Of tokens that the policy does not write: the question and the observations."""
CARELESS = 0.3
"""Share of trajectories with a mistake."""
MISTAKES = {
    TurnKind.MISREAD: 5,
    TurnKind.WRONG_ENTITY: 1,
    TurnKind.WRONG_RELATION: 2,
    TurnKind.EARLY_ANSWER: 2,
    TurnKind.NEEDLESS: 1,
    TurnKind.UNSUPPORTED: 1,
}
ONE, TWO, THREE = 0.1, 0.22, 0.36
HOPS = (
    (ONE, {1: 1.0}),
    (TWO, {1: 0.4, 2: 0.6}),
    (THREE, {1: 0.1, 2: 0.5, 3: 0.4}),
    (9.9, {2: 0.25, 3: 0.33, 4: 0.25, 5: 0.17}),
)
"""Up to which share of the schedule a question has how many hops how often."""


def copied(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Example:
    """Names that come twice; only the second time is learned."""
    names = rng.sample(CITIES + COUNTRIES + ORGANISATIONS + WORKS, rng.randint(6, 14))
    ids = tokenizer("".join(names))["input_ids"]
    return Example("copy", [*ids, *ids], [0.0] * (len(ids) + 1) + [1.0] * (len(ids) - 1))


def example(
    tokenizer: PreTrainedTokenizerFast, question: Question, turns: tuple[Turn, ...], task: str
) -> Example:
    """A trajectory as tokens."""
    ids = list(tokenizer(prompt_of(question))["input_ids"])
    weights = [GIVEN_WEIGHT] * len(ids)
    for turn in turns:
        own = own_text(turn)
        if turn.calls:
            own = own.removesuffix("\n")
        pieces = (own, text_of(turn).removeprefix(own))
        for text, weight in zip(pieces, (1.0, GIVEN_WEIGHT), strict=True):
            found = tokenizer(text)["input_ids"] if text else []
            ids += found
            weights += [weight] * len(found)
    end = tokenizer("<|end|>")["input_ids"]
    return Example(task, ids + end, weights + [1.0] * len(end))


def examples(tokenizer: PreTrainedTokenizerFast, schedule: int, seed: int) -> Iterator[Example]:
    """An endless stream; what it holds depends on how much of the schedule went by."""
    rng = random.Random(f"turns:{seed}")
    seen, n_worlds = 0, 0
    while True:
        done = min(1.0, seen / schedule)
        hops = next(shares for until, shares in HOPS if done < until)
        people = round(20 * 8 ** rng.random())
        world = generate_world(f"train-{seed}-{n_worlds}", people)
        n_worlds += 1
        search = cache(Bm25Search.from_rows(world.rows()).search)
        for _ in range(QUESTIONS_PER_WORLD):
            if done < 0.2 and rng.random() < 0.3:
                one = copied(tokenizer, rng)
            else:
                n_hops = rng.choices(list(hops), list(hops.values()))[0]
                question = None
                while question is None:
                    question = generate_question(world, rng, n_hops, answers=n_hops > 1)
                mistake = None
                if done > THREE and rng.random() < CARELESS:
                    kind = rng.choices(list(MISTAKES), list(MISTAKES.values()))[0]
                    mistake = with_mistake(question, search, kind, rng)
                if mistake is not None:
                    one = example(tokenizer, question, mistake[1], "careless")
                else:
                    one = example(tokenizer, question, reference(question, search), "careful")
            yield one
            seen += len(one.ids)
