#!/bin/sh
# latex2sympy2-extended 1.11.0 reads a product of numbers in brackets as their sum, and a fraction
# before a letter as if the letter stood below the line.
#
#   (2)(3)     is read as 5 (expected: 6); (3)(4)(5) as 12 (expected: 60)
#   2/3\pi     is read as 2/(3*pi) (expected, as \frac{2}{3}\pi is read: 2*pi/3)
#
# Seen on 28 November 2026 with Python 3.11 and sympy 1.14.0. Exits 1 if that changes. Outside CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "latex2sympy2-extended==1.11.0" "sympy==1.14.0" "antlr4-python3-runtime==4.13.2"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from latex2sympy2_extended import latex2sympy

SEEN = {
    r"(2)(3)": "5",
    r"(3)(4)(5)": "12",
    r"(2)(x)": "2*x",
    r"2/3\pi": "2/((3*pi))",
    r"\frac{2}{3}\pi": "2*pi/3",
}
found = {text: str(latex2sympy(text)) for text in SEEN}
for text, read in found.items():
    print(f"{text:16} is read as {read}" + ("" if read == SEEN[text] else f", not as {SEEN[text]}"))
sys.exit(0 if found == SEEN else 1)
PYTHON
