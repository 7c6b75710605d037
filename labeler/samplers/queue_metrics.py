"""What an engine says of its queue at /metrics, in Prometheus' text format.

Known names: vLLM's gauges (vllm/v1/metrics/loggers.py, 0.10 to 0.33), one sample per model and
engine of a data-parallel group; they count sequences, n for a request with n completions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

RUNNING, WAITING = "vllm:num_requests_running", "vllm:num_requests_waiting"
MOST_SEQUENCES = 1e9
MOST_LINES, MOST_OF_LINE = 1000, 1000
"""Those of a group of engines, with a model's name in each."""

_LINE = re.compile(rf"^(?:{RUNNING}|{WAITING}).{{0,{MOST_OF_LINE}}}$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Queue:
    """Sequences in the engine's batch, and those that wait for a place in it."""

    running: int
    waiting: int


def queue_of(text: str, model: str) -> Queue | None:
    """The queue of `model`, or of all if no sample names it; None if it cannot be told."""
    # A page holds thousands of lines; these are the few to parse.
    lines = [match.group() for match in _LINE.finditer(text)][:MOST_LINES]
    try:
        families = list(text_string_to_metric_families("\n".join(lines) + "\n"))
    except (ValueError, IndexError, KeyError, TypeError):  # the parser's own slips
        return None
    found = [
        sample
        for family in families
        for sample in family.samples
        if sample.name in (RUNNING, WAITING) and 0 <= sample.value < MOST_SEQUENCES
    ]
    ours = [sample for sample in found if sample.labels.get("model_name") == model] or found
    counts = {
        name: sum(int(sample.value) for sample in ours if sample.name == name)
        for name in {sample.name for sample in ours}
    }
    if len(counts) < 2:
        return None
    return Queue(counts[RUNNING], counts[WAITING])
