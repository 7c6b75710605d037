"""Real replies, cut where a scanner of its own says that nothing whole is cut apart."""

import json
import os
import sys
from itertools import accumulate
from pathlib import Path

import pytest

from labeler.steps.auto import MOST, split_auto

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from step_scanner import inside

DATA = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data")) / "processbench"


def test_the_scanner_knows_what_is_whole():
    text = "a\\[b\\]c$$d$$e\n```\n\\[\n```\nf\\begin{x}g\\end{x}\\\\[h]"
    whole = [text[n] for n, is_inside in enumerate(inside(text)[:-1]) if is_inside]
    assert "".join(whole) == "[b\\]$d$$``\n\\[\n```begin{x}g\\end{x}"


@pytest.mark.skipif(not DATA.exists(), reason="no ProcessBench files; set LABELER_SHARED_DATA")
@pytest.mark.parametrize("name", ["math.json", "gsm8k.json"])
def test_no_real_reply_is_cut_inside_a_display_fence_or_environment(name):
    entries = json.loads((DATA / name).read_text())
    cut_inside, cut_apart = [], []
    for entry in entries:
        text = "\n\n".join(entry["steps"])
        steps = split_auto(text)
        assert "".join(steps) == text
        marked = inside(text)
        if any(marked[end] for end in accumulate(map(len, steps))):
            cut_inside.append(entry["id"])
        if max(map(len, steps)) > MOST:
            cut_apart.append(entry["id"])
    assert (cut_inside, cut_apart, len(entries) >= 400) == ([], [], True)


@pytest.mark.skipif(not DATA.exists(), reason="no ProcessBench files; set LABELER_SHARED_DATA")
def test_the_rest_of_a_real_reply_is_split_as_within_the_whole():
    for entry in json.loads((DATA / "math.json").read_text())[::10]:
        steps = split_auto("\n\n".join(entry["steps"]))
        for n in range(1, len(steps)):
            assert split_auto("".join(steps[n:]), steps[n - 1]) == steps[n:]
