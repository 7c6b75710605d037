"""`labelers:` of a run file: the settings of a labelling method, told apart by `kind`.

The settings stand with their method (`labeler.labelers`), in one class each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from labeler.labelers.method import MethodSettings
from labeler.labelers.methods import METHODS

if TYPE_CHECKING:
    LabelerConfig = MethodSettings
else:
    LabelerConfig = Annotated[
        Union[tuple(method.settings for method in METHODS.values())],  # noqa: UP007, of what is installed
        Field(discriminator="kind"),
    ]


def needs_model(labelers: Iterable[str]) -> str:
    """The first of these methods that asks a model, "" where none does."""
    found = (METHODS.get(name) for name in labelers)
    return next((method.name for method in found if method and method.asks_model), "")
