"""Keys of a part of a run file as a table: name, what it may be, default, meaning.

All is read from the settings classes: types and bounds from their JSON schema, meanings from the
string below each field and from the class's docstring. A key that several parts inherit stands with
the class that declares it, once. Does not cover what a value does to labels (the methods' docs).
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Mapping
from dataclasses import is_dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, TypeAdapter

Part = type[Any]
"""A settings class: a pydantic model, or a dataclass that stands in run files as it is."""

BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
}
NO_LINKS: Mapping[str, str] = MappingProxyType({})


def is_part(kind: Any) -> bool:
    """Whether something is a settings class."""
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or is_dataclass(kind))


def key_table(part: Part, tag: str = "", links: Mapping[str, str] = NO_LINKS) -> list[str]:
    """Lines of the table of the keys that `part` itself declares; none where there are none.

    `tag` is the key that names the part itself and is left out. `links`: what is written in the
    place of another settings class, by its name.
    """
    schema = TypeAdapter(part).json_schema(mode="validation")
    own = [key for key in declared(part) if key != tag]
    if not own:
        return []
    lines = ["| key | may be | if left out | meaning |", "|---|---|---|---|"]
    told = meanings(part)
    for key in own:
        asked = schema["properties"][key]
        given = _default(asked["default"]) if "default" in asked else "required"
        cells = (f"`{key}`", _kind(asked, links), given, told.get(key, ""))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += [
        f"| `{name}` | as `{key}` | | another name of `{key}` |"
        for name, key in _other_names(part, schema["properties"]).items()
        if key in own
    ]
    return [*lines, ""]


def _other_names(part: Part, properties: Mapping[str, Any]) -> dict[str, str]:
    """Names that a key may be written by as well, with the key: what its aliases say."""
    fields = getattr(part, "model_fields", {})
    chosen = {key: getattr(one.validation_alias, "choices", ()) for key, one in fields.items()}
    return {
        name: key
        for key, names in chosen.items()
        for name in names
        if name != key and name in properties
    }


def declared(part: Part) -> tuple[str, ...]:
    """Keys that a class declares itself, in its order; not those of its bases."""
    known = part.model_fields if issubclass(part, BaseModel) else part.__dataclass_fields__
    here = inspect.get_annotations(part)
    return tuple(key for key in here if key in known and not key.startswith("_"))


def families(parts: list[Part]) -> list[Part]:
    """Base classes with keys of their own that these parts inherit, the most general first."""
    bases = (base for part in parts for base in reversed(part.__mro__[1:]) if is_part(base))
    return list(dict.fromkeys(base for base in bases if set(declared(base)) - {"kind", "rule"}))


def meaning_of(part: Part) -> str:
    """The docstring of a settings class as Markdown."""
    return inspect.cleandoc(part.__doc__ or "")


def meanings(part: Part) -> dict[str, str]:
    """The string that stands below each field of a class, as one line."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(part))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(below.value.value).split())
    return found


def _kind(asked: dict[str, Any], links: Mapping[str, str]) -> str:
    """What a value may be, in words, from its JSON schema."""
    if "const" in asked:
        return f"`{asked['const']}`"
    if "enum" in asked:
        return ", ".join(f"`{one}`" for one in asked["enum"])
    for several in ("anyOf", "oneOf"):
        if several in asked:
            kinds = dict.fromkeys(_kind(one, links) for one in asked[several])
            kinds.pop("nothing", None)
            return " or ".join(kinds)
    if "$ref" in asked:
        name = asked["$ref"].rpartition("/")[2]
        return links.get(name, name)
    kind = asked.get("type", "any value")
    if kind == "array":
        return f"list of {_kind(asked.get('items', {}), links)}"
    if kind == "object":
        return "keys and values"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    bounds = [words_of.format(asked[b]) for b, words_of in BOUNDS.items() if b in asked]
    return ", ".join([words.get(kind, "nothing" if kind == "null" else kind), *bounds])


def _default(value: Any) -> str:
    """A default as one writes it in a run file; of a part with keys of its own, which one it is."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        named = [f"`{tag}: {value[tag]}`" for tag in ("kind", "rule") if tag in value]
        return named[0] if named else "its own defaults" if value else "none"
    return f"`{json.dumps(value, ensure_ascii=False)}`"
