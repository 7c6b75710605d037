"""What every part of a run file is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Unknown keys, wrong types and infinities are mistakes; a config never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def without_later(content: dict[str, Any], settings: BaseModel, *names: str) -> dict[str, Any]:
    """What settings are dumped as, without those of `names` that stand at their default: they came
    later, and whoever does not use them has the runs and labels that he had.
    """
    fields = type(settings).model_fields
    later = {name for name in names if getattr(settings, name) == fields[name].default}
    return {key: value for key, value in content.items() if key not in later}


def always_says(tag: str) -> ConfigDict:
    """Of settings that a run file tells apart by a key: it has to stand there, default or not."""

    def require(schema: dict[str, Any]) -> None:
        schema["required"] = [tag, *schema.get("required", [])]

    return ConfigDict(json_schema_extra=require)
