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

from labeler.checking.claims.cursor import Cursor, NoExpression
from labeler.checking.claims.expression import (
    Either,
    Node,
    Number,
    Operation,
    Symbol,
    facts,
    walk,
)
from labeler.checking.claims.products import is_share, literal, percent, product
from labeler.checking.claims.tokens import Token
from labeler.checking.claims.vocabulary import NUMBER_WORDS, UNIT_WORDS, words

MAX_TOKENS = 200
MAX_DEPTH = 40
MAX_DIGITS = 60
MAX_ASIDE = 24

_FUNCTION_SYMBOLS = frozenset("fghFGHPQpqTSARVCNEO") | {"phi", "varphi", "sigma", "tau", "Phi"}
_ANGLE_FUNCTIONS = words("sin cos tan cot sec csc")
_PLAIN_FUNCTIONS = words("sqrt ln exp")
_LIST_FUNCTIONS = words("gcd lcm max min")
_STARTS = frozenset({"sym", "func", "open"})
_BEHIND = frozenset({"mark", "word", "op", "open"})
_CLOSING = {"(": ")", "[": "]", "{": "}", "floor": "floor", "ceil": "ceil"}


class Parser(Cursor):
    """Recursive descent over one token list; `units` gathers the words and marks passed."""

    __slots__ = ("depth", "units")

    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(tokens)
        self.units: set[str] = set()
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
            if token.kind != "op" or token.text not in "+-":
                return node
            self.at += 1
            node = Operation(token.text, (node, self.term()))

    def term(self) -> Node:
        factors, signs, tight = [self.factor()], list[str](), list[bool]()
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
        negative = False
        while token.kind == "op" and token.text in "+-":
            negative ^= token.text == "-"
            self.at += 1
            token = self.tokens[self.at]
        node = self.power()
        return Operation("neg", (node,)) if negative else node

    def power(self) -> Node:
        node = self._primary()
        if self.tokens[self.at].kind in _BEHIND:
            node = self._marks(node)
        if self.comes("op", "^"):
            self.at += 1
            if self._degree_group():
                self.units.add("degree")
                return self._marks(node)
            if (
                self.comes("num")
                and len(self.tokens[self.at].text) > 1
                and self.comes("op", "^", 1)
            ):
                raise NoExpression  # LaTeX reads 3^25^2 as 3^2 * 5^2
            exponent = self._exponent()
            node = self._marks(Operation("^", (node, exponent)))
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

    def _marks(self, node: Node) -> Node:
        """Per cent, factorial, degrees, and units behind a value."""
        while True:
            kind = self.tokens[self.at].kind
            if kind not in _BEHIND:
                return node
            if kind == "op" and self.tokens[self.at].text not in "/-*":
                return node
            if self.comes("mark", "%") or self.comes("word", "percent"):
                self.at += 1
                node = percent(node)
                self.units.add("%")
            elif self.comes("mark", "!"):
                self.at += 1
                if self.comes("mark", "!"):  # a double factorial
                    raise NoExpression
                factorial = Operation("factorial", (node,))
                # The last sign of a side may be an exclamation.
                last = self.at >= self.length
                node = Either("exclamation", (factorial, node)) if last else factorial
            elif self.comes("mark", "degree") or self.comes("mark", "$"):
                self.units.add(self.take("mark").text)
            elif not self._unit():
                return node

    def _unit(self) -> bool:
        """Passes a unit if one comes: words, `/word`, powers of words, asides in brackets."""
        begin = self.at
        while True:
            token = self.tokens[self.at]
            if token.kind == "word" and (
                token.text not in NUMBER_WORDS
                or (token.text == "per" and self.comes("word", "", 1))
            ):
                self.units.add(token.text)
                self.at += 1
                self._unit_exponent()
            elif token.kind == "op" and token.text in "/*" and self.comes("word", "", 1):
                following = self.tokens[self.at + 1]
                loose = token.spaced or following.spaced
                if following.text in NUMBER_WORDS or (loose and self.at == begin):
                    break
                if token.text == "*":
                    break
                self.at += 1
            elif token.kind == "op" and token.text == "-" and self._hyphen():
                self.at += 1
            elif token.kind == "open" and token.spaced and (end := self._aside()):
                self.at = end
            else:
                break
        return self.at > begin

    def _unit_exponent(self) -> None:
        """Passes the power of a unit: cm^2, s^-1, m^{-3}."""
        if not self.comes("op", "^"):
            return
        group = self.comes("open", "{", 1)
        at = 1 + group
        at += self.comes("op", "-", at) or self.comes("op", "+", at)
        if self.comes("num", "", at):
            self.units.add("^")
            self.at += at + 1 + group

    def _hyphen(self) -> bool:
        following = self.tokens[self.at + 1]
        sign = self.tokens[self.at]
        return following.kind == "word" and not following.spaced and not sign.spaced

    def _aside(self) -> int:
        """Where a bracket that only comments ends; 0 where there is none.

        It holds nothing but words, or words and numbers without a sign between (`5 (3 coins in a
        bag)`). One word beside a number may be its unit: then the bracket could be a factor.
        """
        opening = self.tokens[self.at]
        index, words, numbers = self.at + 1, 0, 0
        while index < self.length and index - self.at < MAX_ASIDE:
            token = self.tokens[index]
            if token.kind == "close":
                if not words or token.text != _CLOSING[opening.text]:
                    return 0
                if numbers and words == 1:
                    raise NoExpression
                return index + 1
            if token.kind == "word":
                words += 1
            elif token.kind == "num":
                numbers += 1
            elif token.kind in {"sym", "func", "unsupported", "open", "op", "rel"}:
                return 0
            index += 1
        return 0

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
            if token.text[0] in _FUNCTION_SYMBOLS and self.comes("open", "("):
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
        if kinds[:2] == ["func", "num"] and len(shape[1].text) == 2:  # \frac12
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
        if not self.comes("close", _CLOSING[opening.text]):
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
            if self.comes("num") and len(self.tokens[self.at].text) == 2:  # \frac12
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
