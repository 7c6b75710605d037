"""What a server can do, asked with a few tokens before the first problem.

Some servers take fields of a request and ignore them. Then nothing fails, and labels are wrong: who
does not continue a beginning answers afresh, and right rollouts come from wrong steps
(vllm-project's `continue_final_message`; ai-dynamo/dynamo#13841, InternLM/lmdeploy#2798). So each
server is asked one of the run's own prompts and judged by its texts:

- continues: at temperature 0, from the first part of an answer comes the rest of it; a server that
  begins anew, or says something else each time, does not continue;
- n, seeds: the same request for three completions twice, and once under another seed;
- stop strings: a word of the answer, as a stop string;
- log-probabilities: whether they come.

Nothing here enters the journal or the bill. What cannot be told is not held against a server.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from labeler.driver.requests import Completion, Prompt, Sample
from labeler.errors import RequestError
from labeler.records import Sampling
from labeler.samplers.base import Needs

Ask = Callable[[Sample], Awaitable[list[Completion]]]
"""Asks one server; raises `RequestError` for what it refuses."""

TOKENS = 32
"""Of the answer that is continued; vLLM makes them in a fraction of a second."""
FEW_TOKENS = 12
CUTS = (0.5, 0.3, 0.7)
"""Where an answer is cut, as shares of it: three tries, for the first token may be a close call."""
TELLING = 6
"""Characters that two texts must share to be the same."""
SEEDS = (20_031, 77_801_411)
N = 3
HOT = 2.0
"""A temperature at which hardly two texts are equal by chance."""

NEWLY = "answers anew instead of continuing a given beginning"


class Cannot(RequestError):
    """A server lacks what the labels of this run rest on."""


async def probe(ask: Ask, needs: Needs) -> list[str]:
    """What the server cannot do and the run can live with, a line each.

    Raises `Cannot` for what would make labels wrong.
    """
    lines: list[str] = []
    answer = await _answer(ask, needs, lines)
    if answer is None:
        return [*lines, "did not answer a first question, so what it can do is not known"]
    if not answer.strip():
        lines.append("sent no text at first (does it hold back its thinking?); nothing was tried")
        return lines
    await _continues(ask, needs, answer, lines)
    await _stops(ask, needs, answer, lines)
    await _draws(ask, needs, lines)
    return lines


async def _answer(ask: Ask, needs: Needs, lines: list[str]) -> str | None:
    """The beginning of its answer at temperature 0; None where it gives none."""
    request = _greedy(needs.prompt)
    try:
        [told] = await ask(replace(request, logprobs=True))
        return told.text
    except (RequestError, ValueError):
        pass
    try:
        [told] = await ask(request)
    except (RequestError, ValueError):
        return None
    missing = "gives no log-probabilities"
    if needs.logprobs:
        raise Cannot(f"{missing}, which {', '.join(needs.logprobs)} needs; leave that labeler out")
    lines.append(f"{missing}; labelers that weigh tokens cannot be used with it")
    return told.text


def _greedy(prompt: Prompt, stop: tuple[str, ...] = ()) -> Sample:
    return Sample(prompt, 1, Sampling(temperature=0.0, max_tokens=TOKENS, stop=stop), SEEDS[0])


async def _continues(ask: Ask, needs: Needs, answer: str, lines: list[str]) -> None:
    said = set()
    for cut in _cuts(answer):
        request = _greedy(Prompt(needs.prompt.messages, needs.prompt.prefix + answer[:cut]))
        try:
            [told] = await ask(request)
        except (RequestError, ValueError) as error:
            said.add(f"refuses to continue a given beginning ({error})")
            continue
        rest = answer[cut:]
        if _alike(told.text, rest):
            return
        if _alike(told.text.lstrip(), rest.lstrip()):
            lines.append("drops white space where it continues: words of a step may run together")
            return
        said.add(NEWLY)
    if not said or (said == {NEWLY} and not await _repeats(ask, needs, answer)):
        lines.append("gives no two equal texts at temperature 0: whether it continues is not known")
        return
    why = min(said, key=lambda one: one != NEWLY)
    if needs.continues:
        raise Cannot(
            f"{why}, so rollouts from a wrong step would look right; {needs.remedy} (run.probe: "
            "false asks no such questions)"
        )
    lines.append(f"{why}; labelers that roll out from steps cannot be used with it")


async def _repeats(ask: Ask, needs: Needs, answer: str) -> bool:
    """Whether the whole answer comes again, so that a rest that did not come tells something."""
    try:
        [again] = await ask(_greedy(needs.prompt))
    except (RequestError, ValueError):
        return False
    return _alike(again.text, answer)


def _cuts(answer: str) -> list[int]:
    """Places before white space, near the shares of `CUTS`; the rest must not read like a start."""
    places = [match.start() for match in re.finditer(r"(?<=\S)\s+(?=\S)", answer[:-TELLING])]
    telling = [at for at in places if not _alike(answer[at:].lstrip(), answer)]
    nearest = [
        min(telling, key=lambda at: abs(at - share * len(answer))) for share in CUTS if telling
    ]
    return list(dict.fromkeys(nearest)) or ([len(answer) // 2] if len(answer) > TELLING else [])


def _alike(one: str, other: str) -> bool:
    """Whether `one` begins as `other` does, as far as that goes."""
    n = min(TELLING, len(other))
    return one[:n] == other[:n]


async def _stops(ask: Ask, needs: Needs, answer: str, lines: list[str]) -> None:
    words = re.findall(r"\w{2,}", answer)
    if not words:
        return
    word = words[len(words) // 2]
    try:
        [told] = await ask(_greedy(needs.prompt, (word,)))
    except (RequestError, ValueError):
        return
    if word in told.text:
        ignores = "goes on behind stop strings"
        if needs.stop:
            raise Cannot(f"{ignores}, which this run's samples need; leave sampling.stop out")
        lines.append(f"{ignores}; sampling.stop cannot be used with it")


async def _draws(ask: Ask, needs: Needs, lines: list[str]) -> None:
    """Whether n is kept, and whether the seed decides what is drawn."""
    how = Sampling(temperature=HOT, max_tokens=FEW_TOKENS)
    drawn = []
    for seed in (*SEEDS, SEEDS[0]):
        try:
            told = await ask(Sample(needs.prompt, N, how, seed))
        except (RequestError, ValueError):
            return
        drawn.append([one.text for one in told])
    if max(map(len, drawn)) < N:
        lines.append(f"does not keep n: of {N} completions it gives {len(drawn[0])} (slow)")
    first, other, again = drawn
    if first != again:
        lines.append("does not keep to seeds: its replies cannot be had again")
    if len({*first, *other, *again}) == 1:
        lines.append("gives one text whatever the seed: n rollouts tell no more than one")
