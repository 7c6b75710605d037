"""Objects of the tested program as the tests see them.

A test must not be decided by an object that the tested program made up, such as one that says to be
equal to everything. So plain values arrive as plain values, and of an object that a function
returned only its truth, length, text and elements are asked: it has no arithmetic and no
comparison, and its attributes are not looked into. Instances of a class that the test itself makes
(a tree node it builds) may be used freely.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from .child import Child
from .wire import Unsent, decode, encode


class Raised(Exception):
    """An exception of the tested program that is no built-in one."""


class Solution:
    """The tested program: asks it, one message at a time."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def ask(self, *message: Any) -> Any:
        """The program's answer as it came. Raises what it raised, `Unsent`, or `child.Ended`."""
        self._child.send(message)
        reply = self._child.receive()
        if not isinstance(reply, dict) or len(reply) != 1:
            raise Unsent("a broken reply")
        match reply:
            case {"value": value}:
                return value
            case {"stop": _}:
                raise StopIteration
            case {"raised": [str(name), str(text)]}:
                raise _exception(name, text)
        raise Unsent(str(reply.get("unsent", "a broken reply")))

    def name(self, name: str) -> Any:
        return self.value(self.ask("name", name), trusted=True)

    def value(self, message: Any, *, trusted: bool) -> Any:
        """A value; `trusted` where the test may look into it if it is an object."""

        def handle(content: Any) -> Any:
            match content:
                case [int(number), bool(is_class)]:
                    return (Open if trusted else Opaque)(self, number, is_class)
            raise Unsent("a broken handle")

        return decode(message, handle)

    def call(self, number: int, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Calls, and puts what the call did to its arguments into them."""
        sent = [send(argument) for argument in arguments]
        reply = self.ask("call", number, sent, {name: send(value) for name, value in named.items()})
        match reply:
            case [result, dict(changed)]:
                for index, value in changed.items():
                    _restore(arguments[int(index)], self.value(value, trusted=False))
                return result
        raise Unsent("a broken reply")


class Opaque:
    """An object that a function returned."""

    def __init__(self, solution: Solution, number: int, is_class: bool) -> None:
        vars(self).update(_solution=solution, _number=number, _is_class=is_class)

    def __iter__(self) -> Iterator[Any]:
        solution: Solution = vars(self)["_solution"]
        [number, _] = solution.ask("iter", vars(self)["_number"])["handle"]
        while True:
            try:
                element = solution.ask("next", number)
            except StopIteration:
                return
            yield solution.value(element, trusted=False)

    def __len__(self) -> int:
        return int(vars(self)["_solution"].ask("len", vars(self)["_number"]))

    def __bool__(self) -> bool:
        return bool(vars(self)["_solution"].ask("bool", vars(self)["_number"]))


class Open(Opaque):
    """A function or class of the program, or an object that a test made from its classes."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        own = vars(self)
        result = own["_solution"].call(own["_number"], arguments, named)
        return own["_solution"].value(result, trusted=own["_is_class"])

    def __getattr__(self, name: str) -> Any:
        own = vars(self)
        if name.startswith("__"):
            raise AttributeError(name)
        found = own["_solution"].ask("get", own["_number"], name)
        return own["_solution"].value(found, trusted=True)

    def __setattr__(self, name: str, value: Any) -> None:
        own = vars(self)
        own["_solution"].ask("set", own["_number"], name, send(value))


def send(value: Any) -> Any:
    """A test's value on the wire; functions of the test cannot be sent."""

    def handle(thing: Any) -> Any:
        if isinstance(thing, Opaque):
            return [vars(thing)["_number"], False]
        raise Unsent(f"a test's {type(thing).__name__} cannot be sent to the program")

    return encode(value, handle)


class Names(dict[str, Any]):
    """The tests' names: their own first, then Python's and its library's, then the program's.

    So a program cannot change what `abs` or `math.isclose` mean in a test. `entries` are names that
    the tests do want from the program (some problems ask for a function called `sum`).
    """

    def __init__(self, solution: Solution, entries: Sequence[str]) -> None:
        super().__init__(__name__="tests")
        self._solution = solution
        self._entries = frozenset(entries)

    def __missing__(self, name: str) -> Any:
        if name not in self._entries:
            if hasattr(builtins, name):
                return getattr(builtins, name)
            if name in sys.stdlib_module_names:
                return importlib.import_module(name)
        return self._solution.name(name)


def _exception(name: str, text: str) -> Exception:
    """The built-in exception of that name, so that a test can expect it."""
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception) and kind is not StopIteration:
        try:
            return kind(text)
        except TypeError:  # one that takes more than a text
            pass
    return Raised(f"{name}: {text}")


def _restore(argument: Any, now: Any) -> None:
    if type(argument) is type(now):
        if isinstance(argument, (list, bytearray)):
            argument[:] = now
        elif isinstance(argument, (dict, set)):
            argument.clear()
            argument.update(now)
