"""From `engine: vllm` in a run file to a sampler: which weights, which GPUs, which command."""

from __future__ import annotations

from pathlib import Path

from labeler.api_key import api_key
from labeler.config.content import known_by_content
from labeler.config.models import VLLMPolicy
from labeler.errors import ConfigError
from labeler.records import short_hash
from labeler.samplers.base import Sampler
from labeler.samplers.chat_template import form_of, load_tokenizer
from labeler.samplers.model_source import ModelSource, find_model
from labeler.samplers.openai_http import OpenAISampler
from labeler.samplers.reward.pooling import PoolingSampler, family_on_servers, pooling_arguments
from labeler.samplers.reward.started_pooling import StartedPooling
from labeler.samplers.servers import in_total
from labeler.samplers.vllm import VLLMSampler
from labeler.samplers.vllm_command import (
    DEFAULT_COMMAND,
    Launch,
    device_sets,
    found_program,
    visible_gpus,
)


def build_vllm(policy: VLLMPolicy) -> Sampler:
    """A sampler on servers of its own, or on those at `urls`. Starts nothing yet.

    Raises `ConfigError` for what can be known before: model, template, program, GPUs, key.
    """
    source = _source(policy)
    tokenizer = policy.tokenizer or source.tokenizer
    if policy.family is not None:
        return _build_pooling(policy, policy.family, source, tokenizer)
    template = _template(policy, tokenizer)
    name, fingerprint = _identity(policy, source, policy.api, template)
    if policy.urls:
        return OpenAISampler(
            list(policy.urls),
            name,
            api=policy.api,
            api_key_env=policy.api_key_env,
            concurrency=in_total(policy.concurrency, len(policy.urls)),
            timeout_s=policy.timeout_s,
            tokenizer=tokenizer,
            known_as=f"{Path(name).name}@{fingerprint}",
            fingerprint=fingerprint,
        )
    launch = _launch(policy, name, source)
    return VLLMSampler(
        launch,
        device_sets(launch, visible_gpus()),
        fingerprint,
        api=policy.api,
        api_key_env=policy.api_key_env,
        concurrency=policy.concurrency,
        timeout_s=policy.timeout_s,
        tokenizer=tokenizer,
    )


def _build_pooling(
    policy: VLLMPolicy, name: str, source: ModelSource, tokenizer: str | None
) -> Sampler:
    """A reward model on servers of its own, or on those at `urls`."""
    family = family_on_servers(name)
    if tokenizer is None:
        raise ConfigError(
            f"models: the tokenizer of {policy.model!r} is missing: steps are marked on this side; "
            "set tokenizer to a folder with it"
        )
    served, fingerprint = _identity(policy, source, name, _marks(tokenizer))
    if policy.urls:
        return PoolingSampler(
            policy.urls,
            served,
            family,
            tokenizer=tokenizer,
            known_as=f"{Path(served).name}@{fingerprint}",
            fingerprint=fingerprint,
            api_key_env=policy.api_key_env,
            concurrency=in_total(policy.concurrency, len(policy.urls)),
            timeout_s=policy.timeout_s,
        )
    launch = _launch(policy, served, source, pooling_arguments(family, tokenizer))
    return StartedPooling(
        launch,
        device_sets(launch, visible_gpus()),
        fingerprint,
        family,
        tokenizer=tokenizer,
        api_key_env=policy.api_key_env,
        concurrency=policy.concurrency,
        timeout_s=policy.timeout_s,
    )


def _marks(tokenizer: str) -> str:
    """What of a tokenizer decides the words around the steps."""
    return str(load_tokenizer(tokenizer).chat_template or "")


def _identity(policy: VLLMPolicy, source: ModelSource, *more: str) -> tuple[str, str]:
    """The served model's name, and the fingerprint of its replies."""
    name = policy.name or policy.model
    fingerprint = short_hash(
        "vllm",
        name if not source.identity else "",
        source.identity,
        policy.dtype,
        str(policy.max_length),
        *known_by_content(policy.args),
        *more,
    )
    return name, fingerprint


def _source(policy: VLLMPolicy) -> ModelSource:
    """Weights that only the servers can see are known by what the run file says of them."""
    if (policy.urls or policy.tokenizer) and not Path(policy.model).exists():
        return ModelSource(policy.revision or "", policy.revision, None)
    return find_model(policy.model, policy.revision)


def _template(policy: VLLMPolicy, tokenizer: str | None) -> str:
    """The chat template that decides the prompt's text, "" where there is none."""
    template = load_tokenizer(tokenizer).chat_template if tokenizer else None
    if policy.api == "completions":
        if tokenizer is None:
            raise ConfigError(
                f"policy.tokenizer is missing: prompts for {policy.model!r} cannot be rendered; "
                "name a folder with its tokenizer, or set policy.api=chat"
            )
        return "".join([str(template or ""), *form_of(load_tokenizer(tokenizer))])
    if tokenizer and not template and "--chat-template" not in policy.args and not policy.urls:
        raise ConfigError(
            f"model {policy.model!r} has no chat template, so it cannot chat; set "
            "policy.api=completions, or policy.args=[--chat-template, FILE]"
        )
    return str(template or "")


def _launch(
    policy: VLLMPolicy, name: str, source: ModelSource, more: tuple[str, ...] = ()
) -> Launch:
    key = api_key(policy.api_key_env) if policy.api_key_env else None
    return Launch(
        model=policy.model,
        name=name,
        revision=source.revision,
        dtype=policy.dtype,
        max_length=policy.max_length,
        args=(*more, *policy.args),
        replicas=policy.replicas,
        command=found_program(policy.command or DEFAULT_COMMAND),
        env=policy.env,
        host=policy.host,
        port=policy.port,
        tensor_parallel=policy.tensor_parallel,
        gpu_memory=policy.gpu_memory,
        devices=policy.devices,
        api_key=key,
        start_timeout_s=policy.start_timeout_s,
        restarts=policy.restarts,
    )
