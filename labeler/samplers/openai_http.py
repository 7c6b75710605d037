"""Any server with an OpenAI-compatible HTTP API, or several replicas of one model.

Requests of one problem go to the same server, and as many at once as the servers have use for
(`servers.py`). Errors are translated here (`openai_wire.py`); the driver tries again.

Reproducibility: all n completions of a request are asked for at once with `seed`. That completion
i does not depend on n or on the load holds only where the server makes it so: `serve.py` does,
vLLM gives completion i the seed + i but its numerics follow the batch.

A prompt whose end would be encoded otherwise than inside a text (`boundaries.py`) is sent as token
ids, which vLLM and most others take. Fields beyond OpenAI's own, as vLLM names them: `top_k` (only
if above 0), `add_special_tokens: false` (text rendered here), `continue_final_message` (prefix in
the chat API; the server encodes it then).

Servers count the tokens of all n completions together. Without log-probabilities the sum is shared
out by length of text: `n_tokens` is exact in the sum, not per completion.

Does not cover: starting a server (see `vllm.py`), streaming.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from labeler.driver.requests import (
    Completion,
    Failed,
    Message,
    Prompt,
    Sample,
    Samples,
    Score,
    Scores,
)
from labeler.errors import BackendBusy, BackendDown, ConfigError, RequestError
from labeler.records import Sampling, short_hash
from labeler.samplers.base import Needs, completion_seed
from labeler.samplers.batches.collector import BatchOptions
from labeler.samplers.batches.servers import BatchServers
from labeler.samplers.boundaries import encode, encode_in_pieces, encode_to_go_on
from labeler.samplers.chat_template import form_of, load_tokenizer, on_template, render
from labeler.samplers.choices import ASKS, Choices
from labeler.samplers.known_models import until_known
from labeler.samplers.openai_reply import completions_of, echoed_logprobs, most_bytes
from labeler.samplers.openai_wire import (
    Json,
    Unreachable,
    sampling_fields,
    server_seed,
)
from labeler.samplers.probe import Cannot, probe
from labeler.samplers.servers import AUTO, Concurrency, Servers

Result = TypeVar("Result")

PROBE_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6)
CONTINUING = {
    True: "set policy.api: completions with policy.tokenizer, or ask a server that honours "
    "continue_final_message (vLLM does)",
    False: "ask a server whose completions are not put into a chat template",
}
"""What to do about a server that does not continue, by whether it is asked to chat."""

GREETING = Sample(Prompt((Message("user", "Hello"),)), 1, Sampling(max_tokens=1), seed=0)


class OpenAISampler:
    """Samples over `api` "completions" or "chat"; scores over completions.

    `urls` are base addresses; one without a path gets `/v1`. `tokenizer` is a model folder: with
    it the completions API gets text by the model's own chat template, without it messages are
    joined as they are; scoring needs it. `api_key_env` names the variable that holds the key.
    `batch`: requests go out by the Batch API, where there is one (`batches/`).
    `known_as` is the model's name in replies, and so in evidence; `fingerprint` is given where more
    is known of the model than what it is asked by.
    """

    rows_per_batch = 1
    oversubscription = 1

    def __init__(
        self,
        urls: list[str],
        model: str,
        *,
        api: str = "completions",
        api_key_env: str | None = None,
        concurrency: Concurrency = AUTO,
        timeout_s: float = 600.0,
        tokenizer: str | None = None,
        known_as: str = "",
        fingerprint: str = "",
        batch: BatchOptions | None = None,
    ) -> None:
        if api not in ("completions", "chat"):
            raise ConfigError(f"api {api!r} is not one of completions, chat")
        self.model = known_as or model
        self._name = model
        self._by_batches = _by_batches(urls, model, api_key_env, timeout_s, batch)
        self._servers = self._by_batches or Servers(
            urls, model, api_key_env=api_key_env, concurrency=concurrency, timeout_s=timeout_s
        )
        self.urls, self.concurrency = self._servers.urls, self._servers.calls
        self._choices = Choices()
        self._chat = api == "chat"
        self._tokenizer = load_tokenizer(tokenizer) if tokenizer else None
        template = self._tokenizer.chat_template if self._tokenizer else None
        form = form_of(self._tokenizer) if self._tokenizer and not self._chat else ()
        self.fingerprint = fingerprint or short_hash(
            "openai", model, api, str(template or ""), *form
        )

    async def ready(self) -> None:
        """Raises `BackendDown` with one line unless a server answers and knows the model.

        A server that refuses to chat (its model has no chat template) is found out here, too, not
        by the failure of every request. A server that answers, but with an error of its own, is
        taken to be loading its model, and waited for.
        """
        with self._servers.masking():
            await until_known(self._servers, self._name)
            # A greeting by batch would take a day.
            if self._chat and not self._by_batches:
                await self._greet()

    async def _greet(self) -> None:
        """Raises `BackendDown` if not even the simplest chat is taken."""
        try:
            body = self._body(GREETING, 1, 0)
            await self._post("chat/completions", body, GREETING, most_bytes(GREETING))
        except RequestError as error:
            raise BackendDown(
                f"{error}; it cannot chat: set policy.api=completions, or give the server a chat "
                "template"
            )
        except BackendBusy:
            return  # Busy is no refusal; the run's own requests are tried again.

    async def probe(self, needs: Needs) -> list[str]:
        """Lines on what the servers cannot do. Raises `BackendDown` where labels would be wrong."""
        lines = self._on_prompts()
        where = dataclasses.replace(needs, remedy=CONTINUING[self._chat])
        for url in self.urls:
            try:
                lines += [f"{url} {line}" for line in await probe(partial(self._one, url), where)]
            except Cannot as error:
                raise BackendDown(f"{url} {error}")
            except (Unreachable, BackendBusy) as error:
                lines.append(f"what {url} can do is not known ({error})")
        return lines + (await self._on_scores(needs) if needs.scores else [])

    async def _on_scores(self, needs: Needs) -> list[str]:
        """Whether log-probabilities of a given text can be had, as some labelers would."""
        try:
            await self._score(Score(needs.prompt, "1"))
        except RequestError as error:
            who = " and ".join(needs.scores)
            return [f"{self.model} cannot score given texts ({error}): no {who} of given solutions"]
        except (Unreachable, BackendBusy):
            pass  # The run's own requests are tried again.
        return []

    def _on_prompts(self) -> list[str]:
        if self._chat:
            return []
        if self._tokenizer is None:
            return [
                f"{self.model} is asked by api: completions without policy.tokenizer: its prompts "
                "have no chat template; name the model's folder, unless it is a base model"
            ]
        return on_template(self._tokenizer, self.model)

    async def _one(self, url: str, request: Sample) -> list[Completion]:
        """What one server says to one request; a busy one is asked again."""
        path = "chat/completions" if self._chat else "completions"
        body = self._body(request, request.n, request.seed)
        for pause_s in PROBE_PAUSES_S:
            try:
                answer = await self._servers.ask(url, path, body)
                return completions_of(answer, request, chat=self._chat)[0]
            except (Unreachable, BackendBusy):
                await asyncio.sleep(pause_s)
        answer = await self._servers.ask(url, path, body)
        return completions_of(answer, request, chat=self._chat)[0]

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        return await _all([self._answered(self._sample(one), one.n) for one in batch])

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return await _all([self._answered(self._score(one), 1) for one in batch])

    def remember_in(self, folder: Path) -> None:
        """Where batches are kept, so that a killed run goes on waiting for them."""
        if self._by_batches is not None:
            self._by_batches.remember_in(folder / short_hash(self.urls[0], self.fingerprint))

    async def aclose(self) -> None:
        await self._servers.aclose()

    async def _answered(self, work: Coroutine[Any, Any, Result], rows: int) -> Result | Failed:
        with self._servers.masking():
            async with self._servers.slots(rows):
                try:
                    return await work
                except RequestError as error:
                    return Failed(self._servers.masked(str(error)))

    async def _sample(self, request: Sample) -> Samples:
        """Asks again for missing choices where servers ignore n; each round brings at least one."""
        if request.n < 1 or request.sampling.max_tokens < 1:
            raise RequestError("n and max_tokens must be at least 1")
        # All completions at temperature 0 are the same, and vLLM refuses to make more than one.
        wanted = 1 if request.sampling.temperature == 0 else request.n
        seed, completions, prompt_tokens = request.seed, list[Completion](), 0
        while len(completions) < wanted:
            found, prompt_tokens = await self._choices_of(request, wanted - len(completions), seed)
            completions += found
            seed = completion_seed(request.seed, len(completions))
        same = request.n // wanted
        return Samples(tuple(completions) * same, prompt_tokens, self.model)

    async def _choices_of(self, request: Sample, n: int, seed: int) -> tuple[list[Completion], int]:
        """All n completions, or fewer if that is all the servers give; and the prompt's tokens."""
        body = self._body(request, n, seed)
        path = "chat/completions" if self._chat else "completions"
        for attempt in range(1, ASKS + 1):
            answer = await self._post(path, body, request, most_bytes(request))
            found, prompt_tokens = completions_of(answer, request, chat=self._chat)
            if len(found) == n:
                self._choices.given(n)
                break
            known = self._choices.can(n)
            if known or len(found) > n:
                raise BackendBusy(f"a server sent {len(found)} choices of {n}")
            if known is False:
                break
            if attempt == ASKS:
                self._choices.refused(n)
        return found, prompt_tokens

    async def _score(self, request: Score) -> Scores:
        if self._tokenizer is None:
            raise RequestError("scoring over HTTP needs the tokenizer: set policy.tokenizer")
        prompt = [*encode_to_go_on(self._tokenizer, render(self._tokenizer, request.prompt))]
        continuation, texts = encode_in_pieces(self._tokenizer, request.continuation)
        if not prompt:
            raise RequestError("the prompt has no tokens, so there is nothing to score after it")
        if not continuation:
            return Scores((), len(prompt), self.model)
        body: Json = {
            "model": self._name,
            "prompt": [*prompt, *continuation],
            "echo": True,
            "max_tokens": 0,
            "logprobs": 1,
            "temperature": 1.0,
        }
        most = most_bytes(request, len(prompt) + len(continuation))
        answer = await self._post("completions", body, request, most)
        logprobs = echoed_logprobs(answer, len(prompt), len(continuation))
        return Scores(logprobs, len(prompt), self.model, texts)

    def _body(self, request: Sample, n: int, seed: int) -> Json:
        body = sampling_fields(request, chat=self._chat)
        body |= {"model": self._name, "n": n, "seed": server_seed(seed)}
        if not self._chat:
            text = render(self._tokenizer, request.prompt)
            body["prompt"] = text
            if self._tokenizer is not None:
                body["add_special_tokens"] = False
                tokens = encode_to_go_on(self._tokenizer, text)
                if tokens != encode(self._tokenizer, text):
                    # The server would encode the text's end as an end.
                    body["prompt"] = list(tokens)
            return body
        messages = [{"role": m.role, "content": m.content} for m in request.prompt.messages]
        if request.prompt.prefix:
            messages.append({"role": "assistant", "content": request.prompt.prefix})
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        body["messages"] = messages
        return body

    async def _post(self, path: str, body: Json, request: Sample | Score, most: int) -> Json:
        rows = request.n if isinstance(request, Sample) else 1
        return await self._servers.post(path, body, _group(request), rows, most)


def _by_batches(
    urls: list[str],
    model: str,
    api_key_env: str | None,
    timeout_s: float,
    options: BatchOptions | None,
) -> BatchServers | None:
    if options is None:
        return None
    if len(urls) != 1:
        raise ConfigError("batch: name one address in urls; a batch belongs to one server")
    return BatchServers(
        urls[0], model, api_key_env=api_key_env, timeout_s=timeout_s, options=options
    )


def _group(request: Sample | Score) -> str:
    """Requests that should meet in one server's cache; by their messages if nobody says."""
    if request.group:
        return request.group
    messages = [part for m in request.prompt.messages for part in (m.role, m.content)]
    return short_hash(*(messages or [request.prompt.prefix]))


async def _all(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Results in order; the first error cancels the rest, so nothing runs on unheard."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
