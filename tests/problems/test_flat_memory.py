"""How many problems there are is no matter of memory."""

import json
import random
import tracemalloc

from labeler.config import RunConfig
from labeler.wiring import read_problems

WORDS = [f"{a}{b}" for a in "abcdefghij" for b in ("en", "ur", "ist", "ol", "ax", "im", "ep", "uf")]


def written(path, n):
    rng = random.Random(n)
    with path.open("w") as file:
        for i in range(n):
            text = " ".join(rng.choices(WORDS, k=12))
            file.write(json.dumps({"text": f"{text} {i}?", "gold_answer": str(i)}) + "\n")
    return path


def peak(path):
    """Bytes of Python's own objects while problems are read, and the problems."""
    content = {
        "problems": {"kind": "plain", "path": str(path)},
        "policy": {"kind": "transformers", "model": "none"},
        "labelers": [{"kind": "tool_check"}],
    }
    config = RunConfig.model_validate(content, strict=False)
    tracemalloc.start()
    problems, _ = read_problems(config)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, problems


def test_reading_more_problems_takes_no_more_memory(tmp_path):
    """Eight bytes are the place of a problem on disk; the record alone would be 400."""
    some, many = written(tmp_path / "some.jsonl", 300), written(tmp_path / "many.jsonl", 6300)
    peak(some)  # Libraries are loaded once.
    (few, _), (most, problems) = peak(some), peak(many)
    assert (most - few) / 6000 < 40
    assert len(problems) == 6300
    assert problems[6299].text.endswith(" 6299?")
