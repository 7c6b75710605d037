"""Where problems come from, one record per kind; `labeler.problems.sources` lists all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from labeler.problems.solved import SolutionRecord
from labeler.records import Problem, Rejection
from labeler.settings import Strict, always_says


class ProblemSettings(Strict):
    """What stands under `problems:` in a run file.

    A subclass declares `kind: Literal["its_name"] = "its_name"`. The first line of its docstring
    says what is read.
    """

    model_config = always_says("kind")
    if TYPE_CHECKING:
        kind: str = ""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Only the first so many records; all if left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemSource:
    """A kind of problems. `read` gives them in the order of the source, and what is none.

    `paths` are settings that hold a path, taken from where the run file stands; `paths_if_there`
    those that hold a path only if something is there; `path_or_id` those that hold a path unless
    they look like a dataset's id and nothing is there. `read_solutions`: solutions that exist
    already, with their problems, of a source that has some; they are labelled, nothing is solved.
    `read_file` reads one of the files of a source whose setting `path` names a file or a folder.
    """

    name: str
    settings: type[ProblemSettings]
    read: Callable[[Any], Iterable[Problem | Rejection]]
    paths: tuple[str, ...] = ()
    paths_if_there: tuple[str, ...] = ()
    path_or_id: tuple[str, ...] = ()
    read_solutions: Callable[[Any], Iterable[SolutionRecord | Rejection]] | None = None
    read_file: Callable[[Path], Iterable[Problem | Rejection]] | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` where the record contradicts its settings."""
        kind = self.settings.model_fields["kind"].default
        if kind != self.name:
            raise ValueError(f"{self.name}: its settings are of kind {kind!r}")

    def records(self, settings: ProblemSettings) -> Iterable[Problem | Rejection]:
        """What `read` gives, up to the settings' limit."""
        return islice(self.read(settings), settings.limit)

    @property
    def summary(self) -> str:
        """One line for tables: what is read."""
        return (self.settings.__doc__ or "").partition("\n")[0]
