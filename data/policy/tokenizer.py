"""Builds the embedded policy's tokenizer: one token per number 0-999, words, phrases, and bytes.

Numbers are one token only after a space, which is how the domain writes them.
"""

from __future__ import annotations

import re

from pieces import tokenizer_of
from transformers import PreTrainedTokenizerFast

from labeler.oracle.generate import Difficulty, generate_problems

PHRASES = (
    *(f"Step {k}:" for k in range(1, 21)),
    "Answer:", "Solve:", "Judge:", "Annotate:", "\nReference:\n", "\nSolution:\n",
    ".\n", ":", ".", "\n", ",", " +", " -", " *", " /", " =", " / 100 =",
    "; expected", "; reference", ": right.\n", ": wrong.\n",
    " times as many", " and gives all of them to", " more than", " percent of the", " of the",
    " equal parts", " and keeps one part.", " splits the", " splits into", " How many",
    " have now?", " Each hour", ", for", " hours.", " hours:", " one third", " one quarter",
    " one fifth", " then:",
)  # fmt: skip


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The same tokenizer every time: pieces are the phrases, then the domain's words by name."""
    words: set[str] = set()
    for problem in generate_problems(4000, seed=0, difficulty=Difficulty(2, 16, 400, 0.3)):
        words.update(re.findall(r" ?[A-Za-z]+", problem.problem.text))
        words.update(re.findall(r" ?[A-Za-z]+", "".join(problem.problem.reference_solution)))
    return tokenizer_of([*(f" {n}" for n in range(1000)), *PHRASES, *sorted(words - set(PHRASES))])
