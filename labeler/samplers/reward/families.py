"""The families of process reward models by name: step marks, words around them, read-outs.

Sources: the model cards of each (their own words on use), Hugging Face's search-and-learn
(`reward_models.py`) for RLHFlow and Math-Shepherd, CJReinforce/PURE (`experience_maker.py`),
SkyworkAI/skywork-o1-prm-inference (`io_utils.py`), TRL's PRMTrainer. Steps are shown without the
white space around them: it is what split them, and no family joins by it.

Where a model of these reads a step that holds its mark, the score is still taken behind the whole
step. EurusPRM is no family here: it is a ratio of two language models (labeler `implicit`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labeler.driver.requests import Prompt
from labeler.errors import RequestError
from labeler.extensions import Table
from labeler.records import Asks
from labeler.samplers.reward.family import (
    Marked,
    ReadOut,
    RewardFamily,
    ids_of,
    marked_text,
    problem_of,
    single_token,
)
from labeler.samplers.reward.own_form import OWN, own_family

QWEN_MARK = "<extra_0>"
QWEN_SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."
SHEPHERD_MARK = "ки"
NUMBERED = re.compile(r"\AStep \d+:")


def _in_chat(tokenizer: Any, prompt: Prompt, steps: Sequence[str]) -> Marked:
    """Qwen2.5-Math-PRM: one answer, `<extra_0>` behind every step (card, Quick Start)."""
    said = [step.strip() + QWEN_MARK for step in steps]
    answer = "".join(said)
    messages = [
        {"role": "system", "content": QWEN_SYSTEM},
        {"role": "user", "content": problem_of(prompt)},
        {"role": "assistant", "content": answer},
    ]
    text = _chat(tokenizer, messages)
    start = text.rfind(answer)
    if start < 0:
        raise RequestError("the chat template changes what the assistant said; cannot place steps")
    return marked_text(tokenizer, text, _ends(start, said), special=False)


def _shepherd(tokenizer: Any, prompt: Prompt, steps: Sequence[str]) -> Marked:
    """Math-Shepherd: "problem Step 1: ... ки", a line per step (card); numbered if they are not."""
    shown = [step.strip() for step in steps]
    if not all(NUMBERED.match(step) for step in shown):
        shown = [f"Step {t}: {step}" for t, step in enumerate(shown, 1)]
    said = [f"{step} {SHEPHERD_MARK}" + "\n" * (t < len(shown)) for t, step in enumerate(shown, 1)]
    head = problem_of(prompt) + " "
    ends = [end - said[t].endswith("\n") for t, end in enumerate(_ends(len(head), said))]
    return marked_text(tokenizer, head + "".join(said), ends, special=True)


def _turns(tokenizer: Any, prompt: Prompt, steps: Sequence[str]) -> Marked:
    """RLHFlow: a turn per step, the first behind the problem; the assistant answers "+".

    The score is what the model expects in the place of that answer. That later turns follow on
    changes nothing: the model looks back only, so one pass reads all steps.
    """
    messages: list[dict[str, str]] = []
    heads = []
    for t, step in enumerate(steps):
        text = step.strip() if t else f"{problem_of(prompt)} {step.strip()}"
        messages.append({"role": "user", "content": text})
        heads.append(_chat(tokenizer, messages, begins_answer=True))
        messages.append({"role": "assistant", "content": "+"})
    whole = _chat(tokenizer, messages)
    if not all(whole.startswith(head + "+") for head in heads):
        raise RequestError("the chat template rewrites earlier turns; cannot place steps")
    found = marked_text(tokenizer, whole, [len(head) + 1 for head in heads], special=False)
    return Marked(found.ids, tuple(place - 1 for place in found.places))


def _by_newline(tokenizer: Any, prompt: Prompt, steps: Sequence[str]) -> Marked:
    """TRL's PRMTrainer and PURE: problem and steps encoded apart, a newline token behind each."""
    first = tokenizer.bos_token_id
    ids = [*([first] if first is not None else []), *ids_of(tokenizer, problem_of(prompt))]
    return _with_newlines(tokenizer, ids, steps)


def _skywork(tokenizer: Any, prompt: Prompt, steps: Sequence[str]) -> Marked:
    """Skywork-o1: BOS, problem, newline; then the steps, a newline token behind each."""
    text = f"{tokenizer.bos_token or ''}{problem_of(prompt)}\n"
    return _with_newlines(tokenizer, [*ids_of(tokenizer, text)], steps)


def _with_newlines(tokenizer: Any, ids: list[int], steps: Sequence[str]) -> Marked:
    newline = single_token(tokenizer, "\n")
    places = []
    for step in steps:
        ids = [*ids, *ids_of(tokenizer, step.strip()), newline]
        places.append(len(ids) - 1)
    return Marked(tuple(ids), tuple(places))


def _chat(
    tokenizer: Any, messages: Sequence[dict[str, str]], *, begins_answer: bool = False
) -> str:
    if not tokenizer.chat_template:
        raise RequestError("the model has no chat template, and its family asks in a chat")
    from jinja2 import TemplateError

    try:
        return str(
            tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=begins_answer
            )
        )
    except TemplateError as error:
        raise RequestError(f"the chat template refuses the messages: {error}")


def _ends(start: int, pieces: Sequence[str]) -> list[int]:
    """Where each piece ends in a text that has them in a row from `start` on."""
    ends = []
    for piece in pieces:
        start += len(piece)
        ends.append(start)
    return ends


def _plus_and_minus(tokenizer: Any) -> tuple[int, int]:
    """The tokens of "-" and "+" as the card of Math-Shepherd takes them: 387 and 648 of Mistral."""
    return _last(tokenizer, "-"), _last(tokenizer, "+")


def _last(tokenizer: Any, text: str) -> int:
    found = ids_of(tokenizer, text)
    if not found:
        raise RequestError(f"the tokenizer has no token for {text!r}")
    return found[-1]


FAMILIES: Table[RewardFamily] = Table(
    "labeler.reward_families",
    RewardFamily,
    "family of reward models",
    RewardFamily(
        name="qwen2.5-math-prm",
        models="Qwen/Qwen2.5-Math-PRM-7B and -72B, Qwen2.5-Math-7B-PRM800K; arXiv 2501.07301",
        asks=Asks.CORRECTNESS,
        read_out=ReadOut.CLASSES,
        encode=_in_chat,
        mark=lambda tokenizer: single_token(tokenizer, QWEN_MARK),
    ),
    RewardFamily(
        name="reasonflux-prm",
        models="Gen-Verse/ReasonFlux-PRM-1.5B and -7B; arXiv 2506.18896: built on Qwen2.5-Math-PRM "
        "and read like it; its score of whole trajectories is not covered",
        asks=Asks.CORRECTNESS,
        read_out=ReadOut.CLASSES,
        encode=_in_chat,
        mark=lambda tokenizer: single_token(tokenizer, QWEN_MARK),
    ),
    RewardFamily(
        name="math-shepherd",
        models="peiyi9979/math-shepherd-mistral-7b-prm; arXiv 2312.08935",
        asks=Asks.VALUE,
        read_out=ReadOut.WORDS,
        encode=_shepherd,
        mark=lambda tokenizer: _last(tokenizer, SHEPHERD_MARK),
        words=_plus_and_minus,
    ),
    RewardFamily(
        name="rlhflow",
        models="RLHFlow/Llama3.1-8B-PRM-Mistral-Data and -Deepseek-Data",
        asks=Asks.VALUE,
        read_out=ReadOut.WORDS,
        encode=_turns,
        words=_plus_and_minus,
    ),
    RewardFamily(
        name="pure-prm",
        models="jinachris/PURE-PRM-7B; arXiv 2504.15275; its card's P(right) - P(wrong) > 0 is "
        "P(right) > 1/2 here",
        asks=Asks.CORRECTNESS,
        read_out=ReadOut.CLASSES,
        encode=_by_newline,
        mark=lambda tokenizer: single_token(tokenizer, "\n"),
    ),
    RewardFamily(
        name="trl",
        models="what TRL's PRMTrainer trains with its defaults (step separator: a newline)",
        asks=Asks.CORRECTNESS,
        read_out=ReadOut.CLASSES,
        encode=_by_newline,
        mark=lambda tokenizer: single_token(tokenizer, "\n"),
    ),
    RewardFamily(
        name="skywork-o1-prm",
        models="Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B and -7B; their card does not say what "
        "the labels are of: taken for correctness",
        asks=Asks.CORRECTNESS,
        read_out=ReadOut.VALUE,
        encode=_skywork,
        mark=lambda tokenizer: single_token(tokenizer, "\n"),
    ),
    OWN,
)
"""All of them; the order is that of messages and of the documentation."""


def family_in(folder: Path, name: str) -> RewardFamily:
    """The family of the model in a folder. Raises `ConfigError` for a name that is none."""
    found = FAMILIES.find(name, "family:")
    return own_family(folder) if found.read_out is ReadOut.OWN else found
