"""Which weights a model's name means: what makes replies repeatable goes into their journal keys.

A folder is known by a hash of its files. A name on the Hugging Face Hub is known by its commit,
which is looked up (or found in the cache, where there is no network) and handed on to the server,
so that what is served is what was recorded. Does not cover: downloading weights (the server does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from labeler.errors import ConfigError
from labeler.samplers.model_folder import folder_hash

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
TOKENIZER_FILES = ["tokenizer*", "special_tokens_map.json", "*.jinja", "config.json"]


@dataclass(frozen=True, slots=True)
class ModelSource:
    """`identity` tells weights apart; `revision` is a commit on the Hub (None for a folder)."""

    identity: str
    revision: str | None
    tokenizer: str | None
    """A folder with the tokenizer; None where nobody has seen one."""


def find_model(model: str, revision: str | None) -> ModelSource:
    """Looks at the folder, or asks the Hub. Raises `ConfigError` with the remedy."""
    folder = Path(model)
    if (folder / "config.json").is_file():
        tokenizer = model if (folder / "tokenizer.json").is_file() else None
        return ModelSource(folder_hash(folder), None, tokenizer)
    if folder.exists():
        raise ConfigError(f"no model in {model!r} (no config.json); check policy.model")
    if not HUB_NAME.fullmatch(model):
        raise ConfigError(
            f"no folder {model!r}, and no name on the Hub either; check policy.model (one that "
            "only the server sees needs policy.tokenizer)"
        )
    return _on_hub(model, revision)


def _on_hub(model: str, revision: str | None) -> ModelSource:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        folder = snapshot_download(model, revision=revision, allow_patterns=TOKENIZER_FILES)
    except RevisionNotFoundError:
        raise ConfigError(f"model {model!r} has no revision {revision!r}; check policy.revision")
    except RepositoryNotFoundError:
        raise ConfigError(
            f"no folder and no model on the Hub is called {model!r}; check policy.model (a private "
            "or gated one needs `hf auth login`)"
        )
    except LocalEntryNotFoundError:
        raise ConfigError(
            f"no folder {model!r} here, and the Hub cannot be reached; check policy.model, or "
            f"download it first: hf download {model}"
        )
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ConfigError(f"the Hub does not give {model!r}: {reason}")
    # A snapshot's folder is named by its commit.
    commit = Path(folder).name
    tokenizer = folder if (Path(folder) / "tokenizer.json").is_file() else None
    return ModelSource(commit, commit, tokenizer)
