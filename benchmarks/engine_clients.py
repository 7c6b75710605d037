"""vLLM's own clients, with requests that were recorded elsewhere: `bench serve` and `LLM.generate`.

Both run by the Python that has vLLM, in processes of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labeler.driver.requests import Sample
from labeler.samplers.chat_template import load_tokenizer, render
from labeler.samplers.openai_wire import server_seed

ROOT = Path(__file__).parent.parent
MODEL = str(ROOT / "data" / "policy")

BENCH_SERVE = """
from vllm.benchmarks.serve import add_cli_args, main
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = FlexibleArgumentParser()
add_cli_args(parser)
main(parser.parse_args())
"""
"""`vllm bench serve` without `vllm`, whose CPU build misses metadata that the command asks for."""

ENGINE = {
    "dtype": "float32",
    "enforce_eager": True,
    # Read in pieces, a prompt with a seed ends vLLM 0.32 on a CPU.
    "enable_chunked_prefill": False,
    "block_size": 32,
    "max_model_len": 1024,
    "max_num_seqs": 256,
    "max_num_batched_tokens": 8192,
    "num_gpu_blocks_override": 2000,
}
"""For server and offline client alike. Prompts have about 100 tokens: in vLLM's default blocks of
128 (on CPUs) the cache would never find one. The cache holds 64,000 tokens, what runs takes up to
half of it: as with large models, not everything that was ever asked stays in it."""


def environment(cache_gib: int, cores: str) -> dict[str, str]:
    """For engines on a CPU: memory of the cache, and the cores to compute on."""
    bound = {"VLLM_CPU_OMP_THREADS_BIND": cores} if cores else {}
    return {"VLLM_CPU_KVCACHE_SPACE": str(cache_gib), **bound}


@dataclass(frozen=True)
class Turn:
    """What one side made, by the engine's own counters."""

    tokens: float
    seconds: float
    hit_rate: float

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.seconds


def bench(python: str, url: str, requests: Sequence[Sample], concurrency: int) -> float:
    """`vllm bench serve` with these prompts; the seconds that it measured itself.

    It sends one set of sampling fields with all prompts, without seeds.
    """
    [(n, temperature, top_p)] = {(r.n, r.sampling.temperature, r.sampling.top_p) for r in requests}
    fields = {"n": n, "temperature": temperature, "top_p": top_p, "add_special_tokens": False}
    rows = [
        {"prompt": text, "output_tokens": request.sampling.max_tokens}
        for request, text in zip(requests, rendered(requests), strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        work, result = Path(folder) / "work.jsonl", Path(folder) / "result.json"
        work.write_text("".join(json.dumps(row) + "\n" for row in rows))
        words = [
            python, "-c", BENCH_SERVE, "--backend", "openai",
            "--base-url", url, "--model", MODEL, "--dataset-name", "custom",
            "--dataset-path", work, "--num-prompts", len(rows), "--custom-output-len", -1,
            "--skip-chat-template", "--disable-shuffle", "--disable-tqdm",
            "--max-concurrency", concurrency, "--extra-body", json.dumps(fields),
            "--save-result", "--result-filename", result,
        ]  # fmt: skip
        run([str(word) for word in words])
        found = json.loads(result.read_text())
    assert found["failed"] == 0, found
    return float(found["duration"])


def offline(
    python: str, requests: Sequence[Sample], rounds: int, env: Mapping[str, str]
) -> list[Turn]:
    """A turn of `LLM.generate` per round, all requests at once, with their own seeds."""
    work = {
        "engine": {"model": MODEL, **ENGINE},
        "rounds": rounds,
        "requests": [
            {
                "prompt": text,
                "n": request.n,
                "seed": server_seed(request.seed),
                "temperature": request.sampling.temperature,
                "top_p": request.sampling.top_p,
                "max_tokens": request.sampling.max_tokens,
            }
            for request, text in zip(requests, rendered(requests), strict=True)
        ],
    }
    said = run([python, str(ROOT / "benchmarks" / "engine_offline.py")], json.dumps(work), env)
    return [Turn(**one) for one in json.loads(said)]


def rendered(requests: Sequence[Sample]) -> list[str]:
    """The prompts as text, as the engine's chat template writes them."""
    tokenizer = load_tokenizer(MODEL)
    return [render(tokenizer, request.prompt) for request in requests]


def versions(python: str) -> str:
    """Of vLLM and torch, as that Python has them."""
    script = "import torch, vllm; print(vllm.__version__, torch.__version__)"
    return run([python, "-c", script]).split("\n")[-1]


def run(words: Sequence[str], said: str = "", env: Mapping[str, str] | None = None) -> str:
    """What a command prints; ends this program with the end of its errors where it fails."""
    done = subprocess.run(
        words, input=said, env={**os.environ, **(env or {})}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{' '.join(words[:5])} ... failed: {done.stderr[-2000:]}")
    return done.stdout.strip()
