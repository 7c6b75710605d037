"""What an engine says of its queue at /metrics, in Prometheus' text format.

Known names: vLLM's gauges (vllm/v1/metrics/loggers.py, 0.10 to 0.33), one sample per model and
engine of a data-parallel group; they count sequences, n for a request with n completions.
"""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

RUNNING, WAITING = "vllm:num_requests_running", "vllm:num_requests_waiting"


@dataclass(frozen=True, slots=True)
class Queue:
    """Sequences in the engine's batch, and those that wait for a place in it."""

    running: int
    waiting: int


def queue_of(text: str, model: str) -> Queue | None:
    """The queue of `model`, or of all if no sample names it; None if it cannot be told."""
    # A page holds thousands of lines; these are the few to parse.
    lines = [line for line in text.splitlines() if line.startswith((RUNNING, WAITING))]
    try:
        families = list(text_string_to_metric_families("\n".join(lines) + "\n"))
    except ValueError:
        return None
    found = [
        sample
        for family in families
        for sample in family.samples
        if sample.name in (RUNNING, WAITING)
    ]
    ours = [sample for sample in found if sample.labels.get("model_name") == model] or found
    counts = {
        name: sum(int(sample.value) for sample in ours if sample.name == name)
        for name in {sample.name for sample in ours}
    }
    if len(counts) < 2:
        return None
    return Queue(counts[RUNNING], counts[WAITING])
