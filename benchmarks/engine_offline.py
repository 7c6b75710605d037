"""One flat batch through vLLM's own offline client; run by the Python that has vLLM.

    .venv-vllm/bin/python benchmarks/engine_offline.py < work.json

Reads {"engine": {...}, "requests": [{"prompt": ..., "n": ..., "seed": ...}], "rounds": ...} and
prints one JSON line: generated tokens, seconds and the share of prompt tokens found in the prefix
cache, of each round; the cache is emptied before each. `engine.py` calls this.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from vllm import LLM, SamplingParams


def counted(llm: LLM) -> dict[str, float]:
    """The engine's own counters, of tokens."""
    return {metric.name: metric.value for metric in llm.get_metrics() if hasattr(metric, "value")}


def flat(llm: LLM, requests: list[dict[str, Any]]) -> dict[str, float]:
    """All requests in one batch; seconds, tokens, and prompt tokens found in the cache."""
    llm.reset_prefix_cache()
    before = counted(llm)
    prompts = [str(one["prompt"]) for one in requests]
    params = [
        SamplingParams(**{key: value for key, value in one.items() if key != "prompt"})
        for one in requests
    ]
    started = time.perf_counter()
    replies = llm.generate(prompts, params, use_tqdm=False)
    seconds = time.perf_counter() - started
    after = counted(llm)
    asked, found = (
        after[f"vllm:prefix_cache_{what}"] - before[f"vllm:prefix_cache_{what}"]
        for what in ("queries", "hits")
    )
    tokens = sum(len(output.token_ids) for reply in replies for output in reply.outputs)
    return {"tokens": tokens, "seconds": seconds, "hit_rate": found / asked if asked else 0.0}


def main() -> None:
    """The command."""
    # What the engine prints belongs into the log, not between us and who reads the figures.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    work = json.load(sys.stdin)
    llm = LLM(**work["engine"], disable_log_stats=False)
    flat(llm, work["requests"][:8])
    rounds = [flat(llm, work["requests"]) for _ in range(work["rounds"])]
    print(json.dumps(rounds), file=answer, flush=True)


if __name__ == "__main__":
    main()
