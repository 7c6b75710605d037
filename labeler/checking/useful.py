"""Which passages are useful for a question, as far as words tell: no model is asked.

A passage is *named* where its title stands in the question; where none is, the one in which the
question's words weigh most (by their inverse frequency among these passages). Two passages are
*linked* where the title of one stands in the other. A passage is useful where it

- is named; or is linked to one that is, and says the answer, or is linked to one that does; or
- says the answer, and is among the `BEST` by the question's words.

Answers of yes and no stand in no passage: then the named ones are useful. Enough has been seen
where two useful passages were, one of which says the answer: a question of one hop needs but one of
them, and a passage may say the answer's words about something else. So both are evidence, no
verdict; what they are worth is measured where supporting passages are known (docs/agents.md).
The idea of a search's share of useful passages is Search-R2's (arXiv 2602.03647), that of enough is
SIM-RAG's (arXiv 2505.02811); both ask a model.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from labeler.checking.words import normal_words
from labeler.environments.passages import NOTHING

BEST = 5
LONGEST_TITLE = 100
"""Characters; a first line that is longer is no title."""
MOST_PASSAGES = 200
_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
_COMMON = frozenset({
    "of", "in", "on", "at", "to", "for", "from", "by", "with", "and", "or", "is", "was", "are",
    "were", "be", "been", "did", "do", "does", "has", "have", "had", "who", "what", "which",
    "where", "when", "how", "many", "much", "whose", "whom", "that", "this", "it", "its", "as",
    "into", "than", "then", "also", "same", "both", "first", "between",
})  # fmt: skip
_APART = re.compile(r"\n\s*\n")
_LINE = re.compile(r"\[([^\[\]\n]{1,100})\] \S.*")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with its title, "" where it has none."""

    title: str
    text: str


def passages_in(observation: str) -> list[Passage]:
    """The passages of a search's answer: what blank lines part, a short first line being a title;
    or a line each, `[title] text`, as this package's searches show them. None where nothing was
    found.
    """
    lines = [_LINE.fullmatch(line) for line in observation.strip().splitlines()]
    if observation.strip() == NOTHING:
        return []
    if lines and all(lines):
        return [Passage(one[1].strip(), one[0]) for one in lines[:MOST_PASSAGES] if one]
    found = []
    for part in _APART.split(observation)[:MOST_PASSAGES]:
        first, _, rest = part.strip().partition("\n")
        is_title = bool(rest.strip()) and len(first) <= LONGEST_TITLE
        if first:
            found.append(Passage(first.strip() if is_title else "", part.strip()))
    return found


@dataclass(frozen=True, slots=True)
class Useful:
    """Of each passage, whether it is useful, and whether it says the answer."""

    useful: tuple[bool, ...]
    answering: tuple[bool, ...]

    def is_enough(self, seen: Sequence[int]) -> bool:
        """Whether these passages, by their places, are enough to answer from."""
        useful = [i for i in seen if self.useful[i]]
        return len(useful) > 1 and any(self.answering[i] for i in useful)


def useful_passages(question: str, answers: Sequence[str], passages: Sequence[Passage]) -> Useful:
    """What words tell of the passages; `answers` are all right."""
    asked = f" {normal_words(question)} "
    titles = [normal_words(_BRACKETS.sub("", one.title)) for one in passages]
    texts = [f" {normal_words(f'{one.title} {one.text}')} " for one in passages]
    weights = _weights(set(asked.split()) - _COMMON, texts)
    named = [bool(title) and f" {title} " in asked for title in titles]
    best = sorted(range(len(texts)), key=lambda i: -weights[i])
    if best and not any(named):
        named[best[0]] = True
    golds = [words for answer in answers if (words := normal_words(answer))]
    answering = tuple(any(f" {gold} " in text for gold in golds) for text in texts)
    if set(golds) & {"yes", "no"}:
        return Useful(tuple(named), (False,) * len(texts))
    links = _links(titles, texts)
    useful = []
    for i in range(len(texts)):
        by_name = any(named[j] for j in links[i])
        leads = answering[i] or any(answering[j] for j in links[i])
        useful.append(named[i] or (by_name and leads) or (answering[i] and i in best[:BEST]))
    return Useful(tuple(useful), answering)


def _weights(words: set[str], texts: Sequence[str]) -> list[float]:
    counts = Counter(word for text in texts for word in set(text.split()))
    rarity = {word: math.log(1 + len(texts) / (counts[word] or len(texts))) for word in words}
    return [sum(rarity[word] for word in sorted(words) if f" {word} " in text) for text in texts]


def _links(titles: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
    def says(i: int, j: int) -> bool:
        return bool(titles[i]) and f" {titles[i]} " in texts[j]

    places = range(len(titles))
    return [[j for j in places if j != i and (says(i, j) or says(j, i))] for i in places]
