"""What `benchmarks/train_prm.py` saves: a policy's folder with a head of ours beside its weights.

The policy stays as it was; a small network reads its last hidden state behind a step, and how sure
it was of the step's tokens. `labeler_prm.json` says with which words the problem is asked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from labeler.driver.requests import Message, Prompt
from labeler.errors import ConfigError, RequestError
from labeler.records import Asks
from labeler.samplers.chat_template import render
from labeler.samplers.reward.family import (
    Encode,
    Marked,
    ReadOut,
    RewardFamily,
    ids_of,
    problem_of,
)

SETTINGS = "labeler_prm.json"
WEIGHTS = "labeler_prm.safetensors"


def write_form(folder: Path, template: str, system: str, asks: Asks) -> None:
    """Says how problems are asked (`template` holds {problem} once) and what the labels were of."""
    told = {"template": template, "system": system, "asks": asks.value}
    (folder / SETTINGS).write_text(json.dumps(told, indent=2) + "\n")


def own_family(folder: Path) -> RewardFamily:
    """The family of one folder, with its words. Raises `ConfigError` where it holds none."""
    try:
        told = json.loads((folder / SETTINGS).read_text())
        template, system, asks = str(told["template"]), str(told["system"]), Asks(told["asks"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{folder}: no {SETTINGS} that can be read ({type(error).__name__}); family: "
            "labeler is for folders that benchmarks/train_prm.py --save wrote"
        )

    return replace(OWN, asks=asks, encode=own_form(template, system))


def own_form(template: str, system: str) -> Encode:
    """How a problem is asked, and its steps behind it, by a policy's template (with {problem})."""

    def encode(tokenizer: Any, prompt: Prompt, steps: Sequence[str]) -> Marked:
        """Steps one by one, so that none is merged with what follows it."""
        said = [Message("system", system)] if system else []
        user = Message("user", template.replace("{problem}", problem_of(prompt)))
        ids = ids_of(tokenizer, render(tokenizer, Prompt((*said, user))))
        start, places = len(ids), []
        for step in steps:
            found = ids_of(tokenizer, step)
            if not found:
                raise RequestError("a step without a token cannot be scored")
            ids = ids + found
            places.append(len(ids) - 1)
        return Marked(ids, tuple(places), start)

    return encode


def _nobody(tokenizer: Any, prompt: Prompt, steps: Sequence[str]) -> Marked:
    raise RequestError("family labeler is asked by the words of a folder; see `own_family`")


OWN = RewardFamily(
    name="labeler",
    models="folders that benchmarks/train_prm.py --save writes",
    asks=Asks.CORRECTNESS,
    read_out=ReadOut.OWN,
    encode=_nobody,
)
