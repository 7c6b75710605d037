"""Turns a prompt into the text a model continues, by the model's own chat template.

Used by every sampler that renders prompts on this side of the wire, so all of them send the same
text. Does not cover: servers that apply the template themselves (chat API).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labeler.driver.requests import Prompt
from labeler.errors import ConfigError, RequestError
from labeler.samplers.boundaries import is_stable


def load_tokenizer(name: str) -> Any:
    """The Hugging Face tokenizer in folder `name`; a missing one is a `ConfigError`."""
    if not (Path(name) / "tokenizer.json").is_file():
        raise ConfigError(f"no tokenizer.json in {name!r}; name a downloaded model's folder")
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot load the tokenizer in {name!r}: {error}".split("\n")[0])


def first_token(tokenizer: Any) -> str:
    """The token that a tokenizer puts before every text (BOS), "" where it puts none."""
    begins = tokenizer.bos_token_id
    put = tokenizer("", add_special_tokens=True)["input_ids"]
    adds = put[:1] == [begins] or getattr(tokenizer, "add_bos_token", False)
    return str(tokenizer.bos_token) if begins is not None and adds else ""


def form_of(tokenizer: Any) -> tuple[str, ...]:
    """What of prompts' tokens was otherwise in older versions, for fingerprints; often nothing."""
    begins = "" if tokenizer.chat_template else first_token(tokenizer)
    return (*([begins] if begins else []), *([] if is_stable(tokenizer) else ["going on"]))


def on_template(tokenizer: Any, model: str) -> list[str]:
    """A line on a model that has no chat template."""
    if tokenizer.chat_template:
        return []
    begins = first_token(tokenizer)
    behind = f" behind {begins}" if begins else ""
    return [f"{model} has no chat template: its prompts are the plain texts{behind} (base models)"]


def render(tokenizer: Any, prompt: Prompt) -> str:
    """Messages, the header of the assistant's turn, then the prefix.

    A prompt without messages is its prefix alone. A tokenizer without a chat template joins the
    contents behind the token that begins its texts, for nothing is added later; None in its place
    joins them as they are. Raises `RequestError` if the template refuses.
    """
    if tokenizer is None or not prompt.messages:
        return "".join(message.content for message in prompt.messages) + prompt.prefix
    if not tokenizer.chat_template:
        said = "".join(message.content for message in prompt.messages)
        return first_token(tokenizer) + said + prompt.prefix
    from jinja2 import TemplateError

    messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
    try:
        head = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    except TemplateError as error:
        raise RequestError(f"the chat template refuses the messages: {error}")
    return str(head) + prompt.prefix
