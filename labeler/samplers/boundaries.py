"""The tokens of a text that is to go on: those that it has inside of a longer text.

Tokenizers that cut words by GPT-2's rule read blank lines at the end of a text as one token, and
the same lines before a word as several: a model that is given the first has hardly seen what
follows. So a text that ends in white space is encoded with a stand-in behind it, which is then
taken away; what stands before a word does not depend on the word (`benchmarks/boundaries.py`).

Where every stand-in shares a token with the white space (a space before a word, mostly), the text
is encoded as it is. Steps that end in a space do not suit such tokenizers; `auto` makes none.
Does not cover: tokens that the model wrote in another way than its tokenizer would.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

STAND_INS = ("S", "1", "(", "$")
UNSTABLE = ("a.\n\n", "a\n", "1.\n\n\n", "a.\r\n\r\n", "a. \n")
"""Ends of steps at which tokenizers are known to differ."""


def encode(tokenizer: Any, text: str) -> tuple[int, ...]:
    """Token ids of `text` alone, without anything added."""
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])


def encode_in_pieces(tokenizer: Any, text: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Token ids of `text` alone, and the piece of it that each stands for.

    Joined, the pieces are the text. Of a character that is spread over several tokens, all but the
    last read "".
    """
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    starts = [start for start, _ in found["offset_mapping"]]
    for i in range(1, len(starts)):
        starts[i] = max(starts[i - 1], starts[i])
    starts[:1] = [0] if starts else []
    pieces = tuple(text[start:end] for start, end in pairwise([*starts, len(text)]))
    return tuple(found["input_ids"]), pieces


def encode_to_go_on(tokenizer: Any, text: str) -> tuple[int, ...]:
    """Token ids of `text` as they stand where more text follows."""
    if not text[-1:].isspace():
        return encode(tokenizer, text)
    for stand_in in STAND_INS:
        found = tokenizer(text + stand_in, add_special_tokens=False, return_offsets_mapping=True)
        ids, places = found["input_ids"], found["offset_mapping"]
        n = len(ids)
        while n and places[n - 1][1] > len(text):
            n -= 1
        # The stand-in's own tokens begin behind the text, or it shares one with the white space.
        if n < len(ids) and places[n][0] >= len(text):
            return tuple(ids[:n])
    return encode(tokenizer, text)


def is_stable(tokenizer: Any) -> bool:
    """Whether the ends of steps are encoded alike at the end of a text and inside of it."""
    return all(encode(tokenizer, text) == encode_to_go_on(tokenizer, text) for text in UNSTABLE)
