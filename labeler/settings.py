"""What every part of a run file is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Unknown keys, wrong types and infinities are mistakes; a config never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def always_says(tag: str) -> ConfigDict:
    """Of settings that a run file tells apart by a key: it has to stand there, default or not."""

    def require(schema: dict[str, Any]) -> None:
        schema["required"] = [tag, *schema.get("required", [])]

    return ConfigDict(json_schema_extra=require)
