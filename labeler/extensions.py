"""Tables of what can be chosen by name: our own entries, and those that other packages add.

A table lists frozen records of one type. A package beside this one adds an entry by a Python entry
point of the table's group, whose name is the name that users write:

    [project.entry-points."labeler.methods"]
    too_long = "my_package.too_long:METHOD"

Entries of other packages are loaded when a table is first looked at. One that cannot be loaded, is
no record of the right type, or takes a name that another entry has, is refused: nothing else
suffers, and who names it is told why in one line. (Source: the entry points specification of PyPA.)
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, TypeVar

from labeler.errors import ConfigError


class Entry(Protocol):
    """A record of a table."""

    @property
    def name(self) -> str: ...


Record = TypeVar("Record", bound=Entry)


class Table(Mapping[str, Record]):
    """Records by name: ours as they are listed, then those of other packages.

    `group` is that of the entry points, `record` the type they must give, `called` what one entry
    is called in a message to a user.
    """

    def __init__(self, group: str, record: type[Record], called: str, *ours: Record) -> None:
        self.group, self._record, self._called, self._ours = group, record, called, ours
        names = [one.name for one in ours]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{group}: {min(twice)} stands there twice")

    def __getitem__(self, name: str) -> Record:
        return self._loaded[0][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded[0])

    def __len__(self) -> int:
        return len(self._loaded[0])

    @property
    def refused(self) -> Mapping[str, str]:
        """Names that cannot be used, and why: one line with its remedy."""
        return self._loaded[1]

    def find(self, name: str, asked_by: str) -> Record:
        """The entry of this name; `asked_by` is the option or key. Raises `ConfigError`."""
        found = self.get(name)
        if found is None:
            raise ConfigError(f"{asked_by} {name}: {self.why_not(name)}")
        return found

    def why_not(self, name: str) -> str:
        """Why there is no such entry, and what to do."""
        if name in self.refused:
            return self.refused[name]
        return choose_among(name, self)

    @cached_property
    def _loaded(self) -> tuple[dict[str, Record], dict[str, str]]:
        found = {one.name: one for one in self._ours}
        refused: dict[str, str] = {}
        others: dict[str, list[EntryPoint]] = defaultdict(list)
        for point in sorted(entry_points(group=self.group), key=lambda p: p.name):
            others[point.name].append(point)
        for name, points in others.items():
            if name in found or len(points) > 1:
                owners = sorted(_package(point) for point in points)
                owners += ["labeler itself"] if name in found else []
                refused[name] = (
                    f"{' and '.join(owners)} both give a {self._called} of this name; "
                    "uninstall or rename one"
                )
                found.pop(name, None)
                continue
            loaded = self._load(points[0])
            if isinstance(loaded, str):
                refused[name] = loaded
            else:
                found[name] = loaded
        return found, refused

    def _load(self, point: EntryPoint) -> Record | str:
        """The record behind an entry point, or why it is refused."""
        whose = f"the {self._called} of {_package(point)} ({point.value})"
        try:
            loaded = point.load()
        # Whatever a foreign module does while it is imported is a mistake of that package.
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            return f"{whose} cannot be loaded ({type(error).__name__}: {first}); mend that package"
        if not isinstance(loaded, self._record):
            kind, right = type(loaded).__name__, self._record.__name__
            return f"{whose} is a {kind}, not a {right}; point its entry point at one"
        if loaded.name != point.name:
            return f"{whose} calls itself {loaded.name!r}; give its entry point the same name"
        return loaded


def choose_among(name: str, known: Iterable[str]) -> str:
    """What to do about a name that is none of those known: the nearest one first, where one is."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}choose among {', '.join(names)}"


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed package"
