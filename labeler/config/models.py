"""`policy:` and `models:` of a run file: who answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from labeler.samplers.reward.families import FAMILIES
from labeler.settings import Strict

ENGINE = AliasChoices("kind", "engine")
"""What runs a model is said by `kind`, as everywhere in a run file, or by `engine`."""


def _auto_or_number(given: Any) -> Any:
    """One line for what would be an error of each form."""
    if given != "auto" and (type(given) is not int or given < 1):
        raise ValueError(f"write auto, or a number from 1 on, not {given!r}")
    return given


Concurrency = Annotated[
    Annotated[int, Field(ge=1)] | Literal["auto"], BeforeValidator(_auto_or_number)
]
"""How many requests are in flight; "auto": as many as the servers have use for."""


class SamplingConfig(Strict):
    """How rollouts are drawn."""

    temperature: Annotated[float, Field(ge=0)] = 1.0
    """0 takes the most probable token each time."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """1 switches this filter off."""
    top_k: Annotated[int, Field(ge=0)] = 0
    """0 switches this filter off."""
    max_tokens: Annotated[int, Field(ge=1)] = 512
    """A completion that is cut off by it says nothing."""
    stop: tuple[str, ...] = ()
    """Texts at which a completion ends, beside what the method needs."""


def _engine_in_schema(schema: dict[str, Any]) -> None:
    """Lets an editor accept `engine` in the place of `kind`."""
    if "kind" in schema["properties"]:
        schema["properties"]["engine"] = schema["properties"]["kind"]
        schema["required"].remove("kind")
        schema["oneOf"] = [{"required": ["kind"]}, {"required": ["engine"]}]


class PolicyPrompt(Strict):
    """How a model is asked for a solution, and how its samples are drawn."""

    model_config = ConfigDict(json_schema_extra=_engine_in_schema)

    template: str = "{problem}"
    """How a problem is put to the model; holds {problem} once."""
    system: str = ""
    """A system message for chat; none if empty."""
    delimiter: Annotated[str, Field(min_length=1)] = "\n\n"
    """What ends a step; joining the steps gives the text back."""
    sampling: SamplingConfig = SamplingConfig()
    """How completions are drawn."""

    @model_validator(mode="after")
    def _one_place(self) -> PolicyPrompt:
        if self.template.count("{problem}") != 1:
            raise ValueError("template must hold {problem} exactly once")
        return self


def _known_family(given: str | None) -> str | None:
    if given is not None and given not in FAMILIES:
        raise ValueError(FAMILIES.why_not(given))
    return given


Family = Annotated[str | None, AfterValidator(_known_family)]
"""Of a process reward model: which one it is (`labeler.samplers.reward.families`). With it the
model scores steps, for the labeler `prm`, and writes no text; None for a model that writes."""


class TransformersPolicy(PolicyPrompt):
    """A model in this process: a folder in Hugging Face layout."""

    kind: Annotated[Literal["transformers"], Field(validation_alias=ENGINE)]
    """Said as `engine`, too."""
    model: str
    """A folder in Hugging Face layout, from where the run file stands."""
    family: Family = None
    dtype: Literal["auto", "float32", "bfloat16"] = "float32"
    """What it computes in; `auto` is what the model was saved in."""
    deterministic: bool = False
    """Computes in float64: the same tokens whatever else is in the batch; 1.5 times as long."""
    device: str = "auto"
    """`auto` takes a GPU where there is one."""
    rows_per_batch: Annotated[int, Field(ge=1)] = 64
    """Completions that are decoded together."""


class BatchConfig(Strict):
    """Requests go out by the Batch API: half the price, an answer within a day."""

    requests: Annotated[int, Field(ge=1, le=50_000)] = 10_000
    """The most that a file holds; so many are asked for at once."""
    poll_s: Annotated[float, Field(gt=0)] = 30.0
    """How often a batch is looked at."""
    gather_s: Annotated[float, Field(gt=0)] = 3.0
    """A file goes out when nothing more has come for so long."""


class OpenAIPolicy(PolicyPrompt):
    """Any OpenAI-compatible server; `tokenizer` renders chat prompts for the completions API."""

    kind: Annotated[Literal["openai"], Field(validation_alias=ENGINE)]
    """Said as `engine`, too."""
    model: str
    """The served model's name."""
    urls: Annotated[list[str], Field(min_length=1)]
    """Addresses that end in /v1; several share the load."""
    api: Literal["completions", "chat"] = "chat"
    """`chat`: the server applies the chat template, and a given prefix is continued with vLLM's
    continue_final_message; `completions`: it is applied here.
    """
    tokenizer: str | None = None
    """Renders chat prompts for the completions API."""
    api_key_env: str | None = None
    """The name of an environment variable, never the key."""
    concurrency: Concurrency = "auto"
    """Requests in flight, of all servers together."""
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """A request without a reply for so long is asked elsewhere or again."""
    batch: BatchConfig | None = None
    """Asks by the Batch API (`batch: {}`): labels are those of live requests, later and cheaper."""

    @model_validator(mode="after")
    def _one_server(self) -> OpenAIPolicy:
        if self.batch is not None and len(self.urls) != 1:
            raise ValueError("batch: name one address in urls; a batch belongs to one server")
        return self


class VLLMPolicy(PolicyPrompt):
    """vLLM: servers that the run starts, watches and stops, or running ones at `urls`.

    `model` is a folder or a name on the Hub. Words of `command` may hold {model}, {name}, {host},
    {port}, {replica}; the word {arguments} stands for all that these settings say; what changes
    replies (a quantization, say) belongs in `args`, which are part of the run's identity.
    """

    kind: Annotated[Literal["vllm"], Field(validation_alias=ENGINE)]
    """Said as `engine`, too."""
    model: str
    """A folder, or a name on the Hub, whose commit is looked up and served."""
    family: Family = None
    revision: str | None = None
    """Of a model on the Hub; the one that is current at the start if left out."""
    name: str | None = None
    """The served model's name; `model` if left out."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """What the engine computes in."""
    max_length: Annotated[int, Field(ge=1)] | None = None
    """Tokens of prompt and completion; the model's own limit if left out."""
    args: tuple[str, ...] = ()
    """Further arguments of `vllm serve`; what changes replies goes here."""
    api: Literal["completions", "chat"] = "completions"
    """`completions`: the chat template is applied here; `chat`: by the server."""
    tokenizer: str | None = None
    """Renders chat prompts for the completions API; the model's own if left out."""
    urls: tuple[str, ...] = ()
    """Servers that run already, in place of command, env, replicas and port."""
    replicas: Annotated[int, Field(ge=1)] = 1
    """Servers, with a process and a set of GPUs each."""
    command: tuple[str, ...] = ()
    """What starts a server; `vllm serve {model} {arguments}` if left out."""
    env: dict[str, str] = Field(default={})
    """Environment variables of the servers."""
    host: str = "127.0.0.1"
    """Where the servers listen."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Of the first replica, the others follow; any free ones if left out."""
    tensor_parallel: Annotated[int, Field(ge=1)] = 1
    """GPUs that one replica spreads over."""
    gpu_memory: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of each GPU's memory; 0.9, divided among the replicas on one GPU, if left out."""
    devices: tuple[str, ...] = ()
    """One CUDA_VISIBLE_DEVICES per replica, as "0,1"; the GPUs that are there if left out."""
    api_key_env: str | None = None
    """The name of an environment variable, never the key."""
    concurrency: Concurrency = "auto"
    """Requests in flight per replica."""
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """A request without a reply for so long is asked elsewhere or again."""
    start_timeout_s: Annotated[float, Field(gt=0)] = 900.0
    """How long a server may take to load its model."""
    restarts: Annotated[int, Field(ge=0)] = 5
    """How often each replica is started again after it ended."""

    @model_validator(mode="after")
    def _consistent(self) -> VLLMPolicy:
        if self.urls and (self.command or self.env or self.replicas > 1 or self.port):
            raise ValueError("urls: these servers run already; remove command, env, replicas, port")
        whole = {"{arguments}", "{port}"}
        if self.command and not any(part in word for word in self.command for part in whole):
            raise ValueError(
                "command says no port; end it with the word {arguments}, or with {port} where it "
                "belongs"
            )
        if self.devices and len(self.devices) != self.replicas:
            raise ValueError(f"devices: name one set per replica, {self.replicas} in all")
        return self


def _engine(given: Any) -> Any:
    if isinstance(given, dict):
        return given.get("kind", given.get("engine"))
    return getattr(given, "kind", None)


ModelConfig = Annotated[
    Annotated[TransformersPolicy, Tag("transformers")]
    | Annotated[OpenAIPolicy, Tag("openai")]
    | Annotated[VLLMPolicy, Tag("vllm")],
    Discriminator(
        _engine,
        custom_error_type="union_tag",
        custom_error_message="write engine: transformers, engine: openai or engine: vllm",
    ),
]
