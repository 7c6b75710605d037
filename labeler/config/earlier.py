"""Which settings the form of run ids of November 2026 (0.1.0) took in.

A setting that came later and stands at its default is left out when an id of that form is computed,
and our own prompts count as they were then, so that the runs of then are still recognised. Nothing
is added here: a later setting at another value makes another run. A setting that was renamed is
dumped under the name it had (`consensus.fusion`).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

PROMPTS_OF_THEN = {"default": "c0089fd8", "embedded": "92e97066"}
"""Hashes of the prompts that we ship, by name."""

_SAMPLING = "temperature top_p top_k max_tokens stop"
_PROMPT = "template system delimiter sampling kind model"
_LIMITS = "cpu_s wall_s memory_mb disk_mb"
_FILE = "kind path limit"
_ASKING = "model prompts structured temperature max_tokens kind"
_PROGRAMMING = f"{_ASKING} tries cpu_s"
_VLLM = (
    f"{_PROMPT} revision name dtype max_length args api tokenizer urls replicas command env host "
    "port tensor_parallel gpu_memory devices api_key_env concurrency timeout_s start_timeout_s "
    "restarts"
)

KEYS = {
    "": "name seed problems drop_duplicates policy models solutions difficulty_filter labelers "
    "consensus sandbox run execution",
    "problems:oracle": "kind n seed difficulty",
    "problems:oracle.difficulty": "min_steps max_steps max_number distractors",
    **dict.fromkeys((f"problems:{name}" for name in (
        "gsm8k", "math", "plain", "humaneval", "mbpp", "cruxeval", "solved")), _FILE),
    "problems:hub": "kind dataset columns form split subset revision limit",
    "model:transformers": f"{_PROMPT} dtype deterministic device rows_per_batch",
    "model:openai": f"{_PROMPT} urls api tokenizer api_key_env concurrency timeout_s",
    "model:vllm": _VLLM,
    **dict.fromkeys((f"model:{name}.sampling" for name in (
        "transformers", "openai", "vllm")), _SAMPLING),
    "difficulty_filter": "samples above below",
    "labelers:tool_check": "kind symbolic",
    "labelers:program": "kind mutants refactorings cpu_s",
    "labelers:outcome": "kind",
    "labelers:monte_carlo": "kind k k_hard k_easy",
    "labelers:statement_monte_carlo": "kind k",
    "labelers:trace": "kind most_statements cpu_s",
    "labelers:diagnostics": "kind alpha beta",
    "labelers:binary_search": "kind k adaptive",
    "labelers:bisect": "kind confidence max_samples round_size min_information",
    "labelers:omegaprm": "kind k search_limit alpha beta length_scale c_puct unit pieces search "
    "confidence round_size max_samples min_information",
    "labelers:alphamath": "kind rounds children c_puct",
    "labelers:spare": f"{_ASKING} n_exemplars last_step",
    "labelers:judge": f"{_ASKING} panel mode votes vote_rule min_agreement every_step solve_first "
    "solve_tries with_gold order_swap",
    "labelers:rubric": f"{_ASKING} writer problem_specific",
    "labelers:grounded": _PROGRAMMING,
    "labelers:grounded_search": f"{_PROGRAMMING} rounds children exploration discount enough",
    "labelers:table": _PROGRAMMING,
    "labelers:solver": "kind tolerance cpu_s",
    "labelers:repair": f"{_ASKING} k min_right",
    **dict.fromkeys((f"consensus:{name}" for name in (
        "first_zero", "each_step", "weak_strong", "all", "any")), "rule"),
    "consensus:posterior": "rule min_confidence",
    "consensus:lessons": "rule soft judges",
    "consensus:genprm": "rule threshold min_correct lenient judges",
    "consensus:relative_progress": "rule threshold min_correct",
    "consensus:scan": "rule tolerance min_self_confidence",
    "consensus:majority": "rule value_weight correctness_weight",
    "consensus:fusion": "rule min_confidence family_voices",
    "sandbox:bubblewrap": "kind limits concurrency",
    "sandbox:remote": "kind url limits concurrency api_key_env",
    "sandbox:unsafe": "kind limits concurrency",
    **dict.fromkeys((f"sandbox:{name}.limits" for name in (
        "bubblewrap", "remote", "unsafe")), _LIMITS),
}  # fmt: skip
"""Keys by the part of a run file that holds them, with the part's kind or rule."""


def without_later_keys(config: BaseModel, content: dict[str, Any], place: str = "") -> None:
    """Takes settings out of `content`, a dump of `config`, that are later and at their default."""
    tag = getattr(config, "kind", None) or getattr(config, "rule", None)
    here = f"{place}:{tag}" if tag else place
    for name, field in type(config).model_fields.items():
        value, known = getattr(config, name), KEYS.get(here)
        if known is not None and name not in known.split():
            if value == field.get_default(call_default_factory=True):
                content.pop(name, None)
            continue
        inner = f"{here}.{name}" if here else _section(name)
        if name not in content:
            continue
        if isinstance(value, BaseModel):
            without_later_keys(value, content[name], inner)
        elif isinstance(value, tuple | dict):
            keys = value if isinstance(value, dict) else range(len(value))
            for key in keys:
                if isinstance(value[key], BaseModel):
                    without_later_keys(value[key], content[name][key], inner)


def _section(name: str) -> str:
    return "model" if name in ("policy", "models") else name
