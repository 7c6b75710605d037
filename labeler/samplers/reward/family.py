"""A family of process reward models: how it reads a solution, and how a score is read off it.

What a family shows to its model depends on its training data and is no matter of taste: with other
marks or another template the same weights tell much less (F1 differs by points, ProcessBench#12).
`labeler.samplers.reward.families` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labeler.driver.requests import Prompt
from labeler.errors import RequestError
from labeler.records import Asks


class ReadOut(StrEnum):
    """What stands behind the hidden state at a step's place, and what P(right) is of it."""

    CLASSES = "two classes"
    """A head with two outputs, softmax: the second is right."""
    VALUE = "one value"
    """A head with one output, its sigmoid."""
    WORDS = "two words"
    """The language model's own output: softmax over two tokens that stand for right and wrong."""
    OWN = "a head of ours"
    """What `benchmarks/train_prm.py` saves; reads how sure the model was, too (`own_head.py`)."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A solution as a model reads it: token ids, and the place (index) of each step's score.

    `start` is where the first step begins, for heads that look at all tokens of a step.
    """

    ids: tuple[int, ...]
    places: tuple[int, ...]
    start: int = 0


Encode = Callable[[Any, Prompt, Sequence[str]], Marked]
"""From a tokenizer, a problem and steps to what a model reads. Raises `RequestError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardFamily:
    """How the models of a family are asked. `encode` raises `RequestError` for what it cannot show.

    `words` gives the two tokens (wrong, right) of a family that answers in words. `mark` gives the
    token that stands at every step's place, for servers that return scores at that token only.
    """

    name: str
    models: str
    """Who belongs to it, and where its form was read."""
    asks: Asks
    """What its training data says of a step."""
    read_out: ReadOut
    encode: Encode
    mark: Callable[[Any], int] | None = None
    words: Callable[[Any], tuple[int, int]] | None = None

    def __post_init__(self) -> None:
        if (self.read_out is ReadOut.WORDS) != (self.words is not None):
            raise ValueError(f"{self.name}: a family has words if it answers in them, or none")


def problem_of(prompt: Prompt) -> str:
    """The problem: what the user said last."""
    said = [message.content for message in prompt.messages if message.role == "user"]
    if not said:
        raise RequestError("nobody states a problem; a reward model reads one before the steps")
    return said[-1]


def ids_of(tokenizer: Any, text: str) -> tuple[int, ...]:
    """Token ids of `text` alone."""
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])


def single_token(tokenizer: Any, text: str) -> int:
    """The token that `text` is. Raises `RequestError` where it is several, or none."""
    found = ids_of(tokenizer, text)
    if len(found) != 1:
        raise RequestError(
            f"{text!r} is {len(found)} tokens here, not one: this tokenizer is of another family"
        )
    return found[0]


def marked_text(tokenizer: Any, text: str, ends: Sequence[int], *, special: bool) -> Marked:
    """Encodes `text`; the score of step t is at the token that ends at character `ends[t]`.

    `special` lets the tokenizer put its own tokens (BOS) around the text. Raises `RequestError`
    where no token ends there: one that reaches beyond a mark would see what comes after it.
    """
    found = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True)
    last_at: dict[int, int] = {}
    for index, (start, end) in enumerate(found["offset_mapping"]):
        if end > start:
            last_at[end] = index
    missing = [t for t, end in enumerate(ends) if end not in last_at]
    if missing:
        raise RequestError(f"no token ends where step {missing[0]} does; cannot place its score")
    return Marked(tuple(found["input_ids"]), tuple(last_at[end] for end in ends))
