"""A scripted agent in a small library: it looks up who wrote a book, then where the author is from.

A stand-in for a model where a test needs quick, repeatable trajectories with real calls: what it
writes depends on the prompt and the seed alone, it slips at places that a hash decides, and
believes what it reads.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

from labeler.checking.domains import DomainChecker
from labeler.checking.math_answer import MathChecker
from labeler.checking.qa_answer import QAChecker
from labeler.config import RunConfig
from labeler.driver.requests import POLICY, Prompt
from labeler.labelling.parts import Parts
from labeler.records import Problem
from labeler.samplers.base import completion_seed
from labeler.samplers.scripted import ScriptedSampler
from labeler.wiring.environments import build_environments
from labeler.wiring.labelers import build_recipe

BOOKS = ["Amber", "Basalt", "Cobalt", "Damson", "Ember", "Fathom", "Granite", "Heather"]
AUTHORS = ["Quill", "Rook", "Sable", "Thorne", "Umber", "Vance", "Wren", "Yarrow"]
CITIES = ["Tarn", "Ural", "Vell", "Wick", "Xanten", "York", "Zell", "Aller"]
PASSAGES = [
    *({"id": f"b{i}", "title": b, "text": f"{b} is a novel by {a}."}
      for i, (b, a) in enumerate(zip(BOOKS, AUTHORS, strict=True))),
    *({"id": f"a{i}", "title": a, "text": f"{a} was born in {c}."}
      for i, (a, c) in enumerate(zip(AUTHORS, CITIES, strict=True))),
]  # fmt: skip
PROBLEMS = [
    Problem(f"p{i}", "qa", f"Where was the author of {book} born?", city)
    for i, (book, city) in enumerate(zip(BOOKS, CITIES, strict=True))
]
CONFIG: dict[str, Any] = {
    "name": "library",
    "problems": {"kind": "plain", "path": "none"},
    "policy": {"kind": "transformers", "model": "none"},
    "solutions": 4,
    "labelers": [{"kind": "monte_carlo", "k": 8}, {"kind": "bisect"}],
    "consensus": {"rule": "posterior", "min_confidence": 0.8},
    "run": {"shards": 2, "max_active": 4},
}


def called(thought: str, query: str) -> str:
    """A turn that searches, as a model writes it."""
    arguments = {"name": "search", "arguments": {"query": query}}
    return f"{thought}\n<tool_call>\n{json.dumps(arguments)}\n</tool_call>"


def acting(prompt: Prompt, seed: int) -> str:
    """The next turn."""
    seen = re.findall(r"<tool_response>\n(.*?)\n</tool_response>", prompt.prefix, re.DOTALL)
    slips = hashlib.sha256(f"{seed}{len(seen)}".encode()).digest()[0] < 64
    if not seen:
        [book] = re.findall(r"author of (\w+)", prompt.messages[-1].content)
        book = BOOKS[(BOOKS.index(book) + 3) % 8] if slips else book
        return called("I look for the book.", f"novel {book}")
    if author := re.search(r"novel by (\w+)", seen[-1]):
        name = author[1]
        name = AUTHORS[(AUTHORS.index(name) + 3) % 8] if slips else name
        return called(f"It is by {name}.", f"{name} born")
    city = re.search(r"born in (\w+)", seen[-1])
    return f"That is all.\nAnswer: {city[1] if city else 'nowhere'}"


class ActingSampler(ScriptedSampler):
    """Says what `acting` says, by the seed of each completion; every batch takes `delay_s`."""

    def __init__(self, delay_s: float = 0.0) -> None:
        super().__init__(lambda prompt, i: acting(prompt, completion_seed(self._seed, i)),
                         model="librarian", rows_per_batch=16)  # fmt: skip
        self._seed, self._delay_s = 0, delay_s

    async def sample(self, batch: Any) -> list[Any]:
        time.sleep(self._delay_s)
        replies = []
        for request in batch:
            self._seed = request.seed
            replies += await super().sample([request])
        return replies


def corpus(path: Path, passages: Any = PASSAGES) -> Path:
    """The library as a file."""
    path.write_text("".join(json.dumps(one) + "\n" for one in passages))
    return path


def parts(corpus_file: Path | str, delay_s: float = 0.0, **changes: Any) -> Parts:
    """The parts of a run with a search index of its own."""
    return parts_with({"kind": "bm25", "corpus": str(corpus_file), "k": 1}, delay_s, **changes)


def parts_with(search: dict[str, Any], delay_s: float = 0.0, **changes: Any) -> Parts:
    """The parts of a run in this library, with this search."""
    config = RunConfig.model_validate(
        CONFIG | {"environments": {"search": search}} | changes, strict=False
    )
    sampler = ActingSampler(delay_s)
    environments = build_environments(config, None)
    mathematical = MathChecker()
    return Parts(
        PROBLEMS,
        (),
        {POLICY: sampler},
        DomainChecker({"qa": QAChecker(mathematical)}, mathematical),
        build_recipe(config, sampler, environments=environments),
        config.run,
        config.identity(),
        config.seed,
        environments=environments,
    )
