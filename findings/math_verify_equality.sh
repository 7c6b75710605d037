#!/bin/sh
# math-verify 0.9.0 calls equal complex numbers different, and an equation in x equal to a number
# that is not its solution.
#
#   gold (1+i)^2, answer 2i        verify() is False (expected: True)
#   gold i, answer \sqrt{-1}       verify() is False (expected: True)
#   gold 10, answer 2x=10          verify() is True (expected: False, for x is 5)
#   gold 1+2i, answer 2i+1         verify() is True, as expected
#
# Seen on 28 November 2026 with Python 3.11 and sympy 1.14.0. Exits 1 if that changes. Outside CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "math-verify[antlr4_13_2]==0.9.0" "latex2sympy2-extended==1.11.0" "sympy==1.14.0"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from math_verify import parse, verify

SEEN = {
    ("$(1+i)^2$", "$2i$"): False,
    ("$i$", r"$\sqrt{-1}$"): False,
    ("$10$", "$2x=10$"): True,
    ("$1+2i$", "$2i+1$"): True,
}
found = {(gold, answer): verify(parse(gold), parse(answer)) for gold, answer in SEEN}
for (gold, answer), equal in found.items():
    print(f"gold {gold:12} answer {answer:14} verify() is {equal}")
sys.exit(0 if found == SEEN else 1)
PYTHON
