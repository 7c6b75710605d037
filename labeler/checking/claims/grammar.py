"""Reads the tokens of one side of a claim as an expression; gives up rather than guess.

    expression  term (("+" | "-") term)*
    term        factor (("*" | "/" | "of" | nothing) factor)*     nothing: 2(3), 2x, (a)(b)
    factor      ("+" | "-")* primary mark* ("^" factor)?
    primary     number | symbol | bracket | function | |expression|, each with a unit behind it

A unit is any run of words behind a value (`5 apples`, `$15/student`, `3 miles per hour`): it is
noted and has no effect. A side that has words anywhere else is no expression.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.checking.claims.cursor import NoExpression
from labeler.checking.claims.expression import (
    Either,
    Node,
    Number,
    Operation,
    Symbol,
    facts,
    walk,
)
from labeler.checking.claims.products import is_share, literal, product
from labeler.checking.claims.token import Token
from labeler.checking.claims.units import BEHIND, CLOSING, Units
from labeler.checking.claims.vocabulary import UNIT_WORDS, words

MAX_TOKENS = 200
MAX_DEPTH = 40
MAX_DIGITS = 60

_FUNCTION_SYMBOLS = frozenset("fghFGHPQpqTSARVCNEO") | {"phi", "varphi", "sigma", "tau", "Phi"}
_ANGLE_FUNCTIONS = words("sin cos tan cot sec csc")
_PLAIN_FUNCTIONS = words("sqrt ln exp")
_LIST_FUNCTIONS = words("gcd lcm max min")
_FRACTION = ["open", "num", "close", "open", "num", "close"]
_STARTS = frozenset({"sym", "func", "open"})
_ENDS = frozenset({"end", "close"})


class Parser(Units):
    """Recursive descent over one token list; `units` gathers the words and marks passed."""

    __slots__ = ("depth",)

    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(tokens)
        self.depth = 0

    def whole(self) -> Node:
        """The expression that all tokens make. Raises NoExpression."""
        if not 0 < self.length <= MAX_TOKENS:
            raise NoExpression
        node = self.expression()
        if self.at < self.length:
            raise NoExpression
        return node

    def expression(self) -> Node:
        node = self.term()
        while True:
            token = self.tokens[self.at]
            if token.kind != "op" or token.text not in "+-±":
                return node
            self.at += 1
            term = self.term()
            if token.text == "±":
                node = Either("±", (Operation("+", (node, term)), Operation("-", (node, term))))
            else:
                node = Operation(token.text, (node, term))

    def term(self) -> Node:
        first = self.factor()
        behind = self.tokens[self.at]
        if behind[0] in _ENDS or (behind[0] == "op" and behind[1] in "+-±"):
            return first
        factors = [first]
        signs: list[str] = []
        tight: list[bool] = []
        while True:
            sign = self.tokens[self.at]
            kind = sign.kind
            if kind == "op" and sign.text in "*/":
                self.at += 1
                following = self.tokens[self.at]
                if following.kind == "op" and following.text == "+":
                    raise NoExpression
                signs.append(sign.text)
                tight.append(following.kind != "end" and not (sign.spaced or following.spaced))
                factors.append(self.factor())
            elif kind == "word" and sign.text == "of" and is_share(factors[-1]):
                self.at += 1
                share, whole = factors[-1], self.factor()
                # "is 1/3 of the $150": the share itself or what it comes to
                factors[-1] = Either("of", (Operation("*", (share, whole)), share))
            elif kind == "word" and sign.text == "times":
                self.at += 1
                signs.append("*")
                tight.append(False)
                factors.append(self.factor())
            elif kind in _STARTS:
                if self.at and self.tokens[self.at - 1].kind == "word":
                    raise NoExpression
                signs.append("")
                tight.append(True)
                factors.append(self.power())
            else:
                return product(factors, signs, tight) if signs else factors[0]

    def factor(self) -> Node:
        token = self.tokens[self.at]
        kind = token[0]
        if kind in {"num", "sym"}:
            behind = self.tokens[self.at + 1]
            if behind[0] in _ENDS or (
                behind[0] == "op" and behind[1] != "^" and self.tokens[self.at + 2][0] != "word"
            ):  # most factors are one number or one letter
                if kind == "sym":
                    self.at += 1
                    return Symbol(token[1])
                return self._number()
        if token.kind == "op" and token.text == "±":
            self.at += 1
            node = self.power()
            return Either("±", (node, Operation("neg", (node,))))
        negative = False
        while token.kind == "op" and token.text in "+-":
            negative ^= token.text == "-"
            self.at += 1
            token = self.tokens[self.at]
        node = self.power()
        return Operation("neg", (node,)) if negative else node

    def power(self) -> Node:
        node = self._primary()
        if self.tokens[self.at].kind in BEHIND:
            node = self.marks(node)
        if self.comes("op", "^"):
            self.at += 1
            if self._degree_group():
                self.units.add("degree")
                return self.marks(node)
            if (
                self.comes("num")
                and len(self.tokens[self.at].text) > 1
                and self.comes("op", "^", 1)
            ):
                raise NoExpression  # LaTeX reads 3^25^2 as 3^2 * 5^2
            exponent = self._exponent()
            node = self.marks(Operation("^", (node, exponent)))
        return node

    def _degree_group(self) -> bool:
        if self.comes("mark", "degree"):
            self.at += 1
            return True
        if (
            self.comes("open", "{")
            and self.comes("mark", "degree", 1)
            and self.comes("close", "}", 2)
        ):
            self.at += 3
            return True
        return False

    def _exponent(self) -> Node:
        if self.comes("op", "-"):
            self.at += 1
            return Operation("neg", (self._primary(),))
        node = self._primary()
        if self.comes("op", "^"):  # towers group to the right
            self.at += 1
            return Operation("^", (node, self._exponent()))
        return node

    def _primary(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NoExpression
        node = self._value()
        self.depth -= 1
        return node

    def _value(self) -> Node:
        while self.comes("mark", "$"):
            self.at += 1
            self.units.add("$")
        if self.comes("op", "-"):  # \$-5, 2 * -5
            self.at += 1
            return Operation("neg", (self._primary(),))
        token = self.tokens[self.at]
        if token.kind == "num":
            return self._number()
        if token.kind == "sym":
            self.at += 1
            if (
                token.text[0] in _FUNCTION_SYMBOLS
                and token.text != "pi"
                and self.comes("open", "(")
            ):
                return self._call(token.text)
            return Symbol(token.text)
        if token.kind == "open":
            return self._bracket()
        if token.kind == "bar":
            self.at += 1
            node = self.expression()
            self.take("bar")
            return Operation("abs", (node,))
        if token.kind == "func":
            self.at += 1
            return self._function(token.text)
        raise NoExpression

    def _number(self) -> Node:
        token = self.take("num")
        if len(token.text) > MAX_DIGITS:
            raise NoExpression
        node: Node = literal(token.text)
        whole = "." not in token.text
        following = self.tokens[self.at]
        if following.kind not in {"func", "num"}:
            return node
        if whole and following.kind == "func":
            if following.text == "frac" and (fraction := self._small_fraction()):
                both = Operation("+", (node, fraction)), Operation("*", (node, fraction))
                return Either("mixed", both)
        elif whole and following.kind == "num":
            if not (self.comes("op", "/", 1) and self.comes("num", "", 2)):
                raise NoExpression
            top, bottom = self.take("num").text, self.tokens[self.at + 1].text
            self.at += 2
            return Operation("+", (node, Operation("/", (literal(top), literal(bottom)))))
        elif following.kind == "num":
            raise NoExpression
        return node

    def _small_fraction(self) -> Node | None:
        """A fraction of two whole numbers below one, which may follow a whole number."""
        shape = self.tokens[self.at : self.at + 7]
        kinds = [t.kind for t in shape]
        if kinds[:2] == ["func", "num"] and _two_digits(shape[1].text):  # \frac12
            top, bottom, length = literal(shape[1].text[0]), literal(shape[1].text[1]), 2
        elif kinds == ["func", "open", "num", "close", "open", "num", "close"]:
            top, bottom, length = literal(shape[2].text), literal(shape[5].text), 7
        else:
            return None
        if top.value >= bottom.value:
            return None
        self.at += length
        return Operation("/", (top, bottom))

    def _bracket(self) -> Node:
        opening = self.take("open")
        node = self.expression()
        if not self.comes("close", CLOSING[opening.text]):
            raise NoExpression
        self.at += 1
        if opening.text in {"floor", "ceil"}:
            return Operation(opening.text, (node,))
        return node

    def _argument(self, *, may_be_unit: bool = False) -> Node:
        """What stands behind \\frac, \\sqrt or \\binom: a group, or one digit or letter."""
        if self.comes("open", "{"):
            self.at += 1
            if may_be_unit and self._words_only():
                return Number(1)
            node = self.expression()
            self.take("close", "}")
            return node
        token = self.take("num") if self.comes("num") else self.take("sym")
        if token.kind == "num":
            if len(token.text) != 1:
                raise NoExpression
            return literal(token.text)
        return Symbol(token.text)

    def _words_only(self) -> bool:
        """Passes a group that only names a unit: \\frac{6}{\\text{hour}}."""
        index = self.at
        while self.tokens[index].kind == "word":
            if self.tokens[index].text not in UNIT_WORDS:
                return False
            index += 1
        if index > self.at and self.tokens[index].kind == "close":
            self.at = index + 1
            return True
        return False

    def _function(self, name: str) -> Node:
        if name == "frac":
            if (fraction := self._of_numbers()) is not None:
                return fraction
            if self.comes("num") and _two_digits(self.tokens[self.at].text):  # \frac12
                digits = self.take("num").text
                return Operation("/", (literal(digits[0]), literal(digits[1])))
            top = self._argument()
            if isinstance(top, Symbol) and top.name in {"d", "partial"}:  # a derivative
                raise NoExpression
            return Operation("/", (top, self._argument(may_be_unit=True)))
        if name == "binom":
            return Operation("binom", (self._argument(), self._argument()))
        if name == "sqrt":
            return self._root()
        if name in _LIST_FUNCTIONS:
            return self._list_function(name)
        if name in _ANGLE_FUNCTIONS or name in _PLAIN_FUNCTIONS:
            exponent = None
            if self.comes("op", "^"):
                self.at += 1
                exponent = self._exponent()
                if not isinstance(exponent, Number):  # \sin^{-1}
                    raise NoExpression
            before = "degree" in self.units
            self.units.discard("degree")
            argument = self._function_argument()
            degrees = "degree" in self.units
            if before and not degrees:
                self.units.add("degree")
            if degrees:
                if any(isinstance(n, Symbol) for n in walk(argument)):
                    raise NoExpression
                argument = Operation("radians", (argument,))
            elif name in _ANGLE_FUNCTIONS and not any(
                isinstance(n, Symbol) for n in walk(argument)
            ):
                argument = Either("angle", (Operation("radians", (argument,)), argument))
            node: Node = Operation(name, (argument,))
            return Operation("^", (node, exponent)) if exponent else node
        raise NoExpression

    def _of_numbers(self) -> Node | None:
        """Both groups behind `\\frac`, where each is one number, as in most."""
        shape = self.tokens[self.at : self.at + 6]
        if [token[0] for token in shape] != _FRACTION or shape[0][1] != "{" or shape[3][1] != "{":
            return None
        top, bottom = shape[1][1], shape[4][1]
        if max(len(top), len(bottom)) > MAX_DIGITS:
            return None
        self.at += 6
        return Operation("/", (literal(top), literal(bottom)))

    def _function_argument(self) -> Node:
        """What stands behind `\\sin`: a bracket, or a product without signs such as `2 \\pi x`."""
        bracket = self.comes("open")
        argument = self.power()
        while not bracket and self.comes("sym"):
            argument = Operation("*", (argument, self.power()))
        return argument

    def _root(self) -> Node:
        degree: Node = Number(2)
        if self.comes("open", "["):
            self.at += 1
            degree = self.expression()
            self.take("close", "]")
        if self.comes("open"):
            node = self._bracket()
        else:
            node = self._number() if self.comes("num") else self._argument()
        return Operation("root", (node, degree))

    def _call(self, name: str) -> Node:
        """`f(x)`, `g(2, 3)`: a value that only a definition of the function can tell."""
        self.take("open", "(")
        parts = [self.expression()]
        while self.comes("boundary", ","):
            self.at += 1
            parts.append(self.expression())
        self.take("close", ")")
        if any(name in facts(part).names for part in parts):  # p(p + 1) is a product
            return Operation("*", (Symbol(name), parts[0]))
        return Operation(f"{name}()", tuple(parts))

    def _list_function(self, name: str) -> Node:
        self.take("open", "(")
        parts = [self.expression()]
        while self.comes("boundary", ","):
            self.at += 1
            parts.append(self.expression())
        self.take("close", ")")
        if len(parts) < 2:  # gcd(132,100), which was read as 132 thousand
            raise NoExpression
        return Operation(name, tuple(parts))


def _two_digits(text: str) -> bool:
    """Whether LaTeX would take a digit each for \\frac: `12`, not `.2`."""
    return len(text) == 2 and text.isdigit()
