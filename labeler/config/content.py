"""What of a run file names files by their paths, and what counts in their place: the content.

The same model, problems and settings from another folder, host or mount are the same run. What else
tells the content is left out here: problems are part of a run's id themselves, a model folder is
known by its sampler's fingerprint, prompts by their hash. A tokenizer's folder, and files that
arguments of an engine name, are known here by a hash of their bytes.

Does not cover names on the Hub or at a server, which are no paths and count as they stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from labeler.config.earlier import KEYS
from labeler.config.environments import known_without_paths

TOKENIZER_FILES = ("tokenizer*", "special_tokens_map.json", "vocab*", "merges.txt", "*.jinja")


def without_paths(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a run file (as JSON has it), its paths left out or hashed; a new dict."""
    problems = dict(content["problems"])
    if problems["kind"] == "solved":
        # How a file is read is told by what was read.
        for key in ("form", "columns", "split", "subset", "revision"):
            del problems[key]
    if problems["limit"] is None and "limit" not in KEYS.get(f"problems:{problems['kind']}", ""):
        # Of kinds that had no limit once.
        del problems["limit"]
    if "path" in problems:
        del problems["path"]
    elif _is_path(problems.get("dataset")):
        del problems["dataset"]
    if "environments" in content:
        content = content | {"environments": known_without_paths(content["environments"])}
    return content | {
        "problems": problems,
        "policy": content["policy"] and _model(content["policy"]),
        "models": {name: _model(model) for name, model in content["models"].items()},
        "labelers": [_labeler(labeler) for labeler in content["labelers"]],
    }


def _model(model: dict[str, Any]) -> dict[str, Any]:
    changed = dict(model)
    if changed.get("family") is None:
        # Came later: a model that writes is the same one as before there were others.
        changed.pop("family", None)
    if model["kind"] == "transformers" or (model["kind"] == "vllm" and _is_path(model["model"])):
        del changed["model"]
    if _is_path(model.get("tokenizer")):
        folder = Path(model["tokenizer"])
        changed["tokenizer"] = sha_of(one for kind in TOKENIZER_FILES for one in folder.glob(kind))
    if model.get("args"):
        changed["args"] = known_by_content(model["args"])
    return changed


def _labeler(labeler: dict[str, Any]) -> dict[str, Any]:
    """Without a path to prompts: their hash stands beside it."""
    is_own = "/" in str(labeler.get("prompts", ""))
    return {key: value for key, value in labeler.items() if not (is_own and key == "prompts")}


def known_by_content(words: Iterable[str]) -> list[str]:
    """Arguments of an engine; one that names a file or folder here, as `x=/y` too, by its bytes."""
    known = []
    for word in words:
        name, equals, value = word.rpartition("=")
        path = Path(value)
        if "/" in value and path.exists():
            files = [path] if path.is_file() else (one for one in path.rglob("*") if one.is_file())
            known.append(f"{name}{equals}{sha_of(files)}")
        else:
            known.append(word)
    return known


def sha_of(files: Iterable[Path]) -> str:
    """16 hex digits over the names and bytes of files."""
    digest = hashlib.sha256()
    for file in sorted(set(files)):
        with file.open("rb") as content:
            digest.update(file.name.encode() + b"\0")
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return f"sha256:{digest.hexdigest()[:16]}"


def _is_path(value: Any) -> bool:
    """Whether a setting is a path: `load_config` makes those absolute."""
    return isinstance(value, str) and Path(value).is_absolute()
