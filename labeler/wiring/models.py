"""Which sampler answers for each of a run's models."""

from __future__ import annotations

from typing import assert_never

from labeler.config.models import (
    BatchConfig,
    ModelConfig,
    OpenAIPolicy,
    TransformersPolicy,
    VLLMPolicy,
)
from labeler.config.run import RunConfig
from labeler.driver.requests import POLICY
from labeler.samplers.base import Sampler
from labeler.samplers.batches.collector import BatchOptions
from labeler.samplers.openai_http import OpenAISampler
from labeler.samplers.reward.in_process import RewardModel
from labeler.samplers.transformers import TransformersSampler
from labeler.wiring.vllm import build_vllm


def build_samplers(config: RunConfig) -> dict[str, Sampler]:
    """The policy and all further models, by name. A model named twice is loaded once."""
    built: dict[str, Sampler] = {}
    samplers = {}
    policy = {POLICY: config.policy} if config.policy else {}
    for name, model in {**policy, **config.models}.items():
        identity = model.model_dump_json(exclude={"template", "system", "delimiter", "sampling"})
        built[identity] = built.get(identity) or build_sampler(model)
        samplers[name] = built[identity]
    return samplers


def build_sampler(policy: ModelConfig) -> Sampler:
    """Loads the model, or opens connections; servers are started and asked in `ready`."""
    match policy:
        case TransformersPolicy(family=str(family)):
            return RewardModel(
                policy.model,
                family,
                device=policy.device,
                dtype="float64" if policy.deterministic else policy.dtype,
                rows_per_batch=policy.rows_per_batch,
            )
        case TransformersPolicy():
            return TransformersSampler(
                policy.model,
                device=policy.device,
                dtype=policy.dtype,
                rows_per_batch=policy.rows_per_batch,
                deterministic=policy.deterministic,
            )
        case OpenAIPolicy():
            return OpenAISampler(
                policy.urls,
                policy.model,
                api=policy.api,
                api_key_env=policy.api_key_env,
                concurrency=policy.concurrency,
                timeout_s=policy.timeout_s,
                tokenizer=policy.tokenizer,
                batch=_batch_options(policy.batch),
            )
        case VLLMPolicy():
            return build_vllm(policy)
        case _:
            assert_never(policy)


def _batch_options(batch: BatchConfig | None) -> BatchOptions | None:
    return BatchOptions(batch.requests, batch.poll_s, batch.gather_s) if batch else None
