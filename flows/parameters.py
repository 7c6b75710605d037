"""A run file as the parameter of a flow: Prefect's page shows its fields and checks them.

Prefect hands parameters over as plain values, in which tuples have become lists; a run file is read
strictly, so they go through JSON as the file itself does. The path of a run file will do, too.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator

from labeler.config import RunConfig, load_config


def _from_plain_values(given: Any) -> Any:
    if isinstance(given, str):
        return load_config(given)
    return RunConfig.model_validate_json(json.dumps(given)) if isinstance(given, dict) else given


Config = Annotated[RunConfig, BeforeValidator(_from_plain_values)]
"""What a flow takes as its run file: its content, or its path."""
