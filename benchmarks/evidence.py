"""What words alone tell of passages: useful ones, and when enough was seen, on 2-hop sets.

    python benchmarks/evidence.py --data ../shared/data [--from 100]

HotpotQA, 2WikiMultihopQA and MuSiQue name the supporting passages of each question. Passages are
ranked by the question's words (an in-memory stand-in for a retriever) and seen one by one; enough
was seen when all supporting ones were. The rules were chosen on the first 100 questions of each
set, so by default the others are counted. Prints JSON, then a table; intervals are Wilson's, 95%,
and passages of one question depend on each other, so the true ones are wider.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from labeler.checking.useful import Passage, useful_passages
from labeler.stats.rates import wilson

HERE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("LABELER_SHARED_DATA", HERE.parent / "shared" / "data"))


@dataclass(frozen=True)
class Question:
    """A question with its passages and which of them support the answer."""

    text: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    supporting: tuple[bool, ...]


@dataclass
class Tally:
    """Right calls among those made (precision) and among those due (recall)."""

    said: int = 0
    due: int = 0
    both: int = 0

    def add(self, said: bool, due: bool) -> None:
        self.said += said
        self.due += due
        self.both += said and due


def titled(file: Path) -> Iterator[Question]:
    """HotpotQA and 2Wiki."""
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "context" not in row:
            continue  # 36 rows of 2Wiki have none
        titles = {title for title, _ in row["supporting_facts"]}
        passages = tuple(Passage(title, " ".join(texts)) for title, texts in row["context"])
        supporting = tuple(one.title in titles for one in passages)
        yield Question(row["question"], (str(row["answer"]),), passages, supporting)


def musique(file: Path) -> Iterator[Question]:
    """MuSiQue, with aliases of the answer."""
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        parts = row["paragraphs"]
        yield Question(
            row["question"],
            (row["answer"], *row.get("answer_aliases", ())),
            tuple(Passage(one["title"], one["paragraph_text"]) for one in parts),
            tuple(one["is_supporting"] for one in parts),
        )


def overlap(question: Question, passage: Passage) -> int:
    """How many of the question's words a passage has."""
    words = set(question.text.casefold().split())
    return len(words & set(f"{passage.title} {passage.text}".casefold().split()))


def count(questions: Iterator[Question], first: int) -> dict[str, Tally]:
    """Of the questions from `first` on."""
    tallies = {"useful": Tally(), "enough": Tally()}
    for number, question in enumerate(questions):
        if number < first:
            continue
        judged = useful_passages(question.text, question.answers, question.passages)
        for said, due in zip(judged.useful, question.supporting, strict=True):
            tallies["useful"].add(said, due)
        if question.answers[0].casefold() in ("yes", "no"):
            continue
        places = range(len(question.passages))
        order = sorted(places, key=lambda i: -overlap(question, question.passages[i]))
        for t in range(1, len(order) + 1):
            seen = order[:t]
            all_seen = all(i in seen for i in places if question.supporting[i])
            tallies["enough"].add(judged.is_enough(seen), all_seen)
    return tallies


def main() -> None:
    """Counts all three sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--from", dest="first", type=int, default=100)
    args = parser.parse_args()
    folder = args.data / "multihop_qa"
    if not folder.is_dir():
        print(f"skipped: {folder} is not there; --data names the folder")
        return
    sets = {
        "hotpot": titled(folder / "hotpot.json"),
        "2wiki": titled(folder / "wikihop.json"),
        "musique": musique(folder / "musique.json"),
    }
    rows, lines = [], []
    for name, questions in sets.items():
        for what, tally in count(questions, args.first).items():
            rates = {
                "precision": wilson(tally.both, tally.said),
                "recall": wilson(tally.both, tally.due),
            }
            rows.append({"set": name, "what": what} | {k: asdict(r) for k, r in rates.items()})
            shown = [
                f"{kind} {r.rate or 0:.2f} [{r.low or 0:.2f}, {r.high or 0:.2f}] of {r.n}"
                for kind, r in rates.items()
            ]
            lines.append(f"{name:8} {what:7} {'   '.join(shown)}")
    print(json.dumps(rows))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
