"""`policy:` and `models:` of a run file: who answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from labeler.config.base import Strict


class SamplingConfig(Strict):
    """How rollouts are drawn."""

    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    max_tokens: Annotated[int, Field(ge=1)] = 512
    stop: tuple[str, ...] = ()


class PolicyPrompt(Strict):
    """How a model is asked for a solution, and how its samples are drawn."""

    template: str = "{problem}"
    system: str = ""
    delimiter: Annotated[str, Field(min_length=1)] = "\n\n"
    sampling: SamplingConfig = SamplingConfig()

    @model_validator(mode="after")
    def _one_place(self) -> PolicyPrompt:
        if self.template.count("{problem}") != 1:
            raise ValueError("template must hold {problem} exactly once")
        return self


class TransformersPolicy(PolicyPrompt):
    """A model in this process: a folder in Hugging Face layout."""

    kind: Literal["transformers"]
    model: str
    dtype: Literal["auto", "float32", "bfloat16"] = "float32"
    deterministic: bool = False
    device: str = "auto"
    rows_per_batch: Annotated[int, Field(ge=1)] = 64


class OpenAIPolicy(PolicyPrompt):
    """Any OpenAI-compatible server; `tokenizer` renders chat prompts for the completions API."""

    kind: Literal["openai"]
    model: str
    urls: Annotated[list[str], Field(min_length=1)]
    api: Literal["completions", "chat"] = "chat"
    tokenizer: str | None = None
    api_key_env: str | None = None
    concurrency: Annotated[int, Field(ge=1)] = 64
    timeout_s: Annotated[float, Field(gt=0)] = 600.0


ModelConfig = Annotated[TransformersPolicy | OpenAIPolicy, Field(discriminator="kind")]
