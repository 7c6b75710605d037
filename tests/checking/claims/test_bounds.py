"""Work is bounded: what a solution may cost grows with its length, and no text can break out."""

from __future__ import annotations

import pytest

from labeler.checking.claims.chains import MAX_CHAINS, MAX_CLAUSE, MAX_READ
from labeler.checking.claims.context import ALLOWANCE, CHARACTERS_PER_OPERATION
from labeler.checking.claims.steps import MAX_CHAINS_OF_SOLUTION, MAX_READ_OF_SOLUTION, Reader

LENGTH = 20_000
PIECES = {
    "sums": "1 + 1 = 2, ",
    "long chain": "1 = 1 + 1 - 1 ",
    "open brackets": "(",
    "nested": "((1 + 2) * 3) = 9 ",
    "dollars": "$",
    "formulas": "$x^2 + 1 = y$ ",
    "roots": r"\sqrt{2} + \sqrt{3} = 1 ",
    "decimals": "0.11 + 0.13 * 1.17 = 3.91, ",
    "percents": "5% + 3% = 8%, ",
    "powers": "9^999 * 9^999 = 1, ",
    "equations": "2x + 3 = 7, so x = 2. ",
    "products": "(x + 1)^9 (y + 2)^9 = x, ",
    "moduli": r"$5 \equiv 1 \pmod 7$ ",
    "words": "the sum of 3 and 4 is 8. ",
    "commas": "1,",
    "trade": "Al and Bo swap. ",
    "subscripts": "a_{1} = 2 ",
    "spaces": " ",
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_the_work_for_a_long_text_is_bounded_by_its_length(piece: str) -> None:
    step = (piece * LENGTH)[:LENGTH]
    reader = Reader("")
    before = reader.context.work.left
    reader.read(step)
    spent = before + LENGTH // CHARACTERS_PER_OPERATION - reader.context.work.left
    assert before == ALLOWANCE
    assert spent <= ALLOWANCE + LENGTH // CHARACTERS_PER_OPERATION + 5_000


@pytest.mark.parametrize("length", [200, 2_000])
@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_many_steps_together_cost_no_more_than_a_solution_may(piece: str, length: int) -> None:
    text = (piece * LENGTH)[:LENGTH]
    reader = Reader("")
    for number, begin in enumerate(range(0, LENGTH, length)):
        reader.read(f"{text[begin : begin + length]} {number}.")
    read = MAX_READ_OF_SOLUTION - reader.characters_left
    chains = MAX_CHAINS_OF_SOLUTION - reader.chains_left
    assert read <= MAX_READ_OF_SOLUTION + MAX_READ + MAX_CLAUSE
    assert chains <= MAX_CHAINS_OF_SOLUTION + MAX_CHAINS
    assert reader.context.work.left >= -5_000
