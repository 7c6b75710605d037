"""Any server with an OpenAI-compatible HTTP API, or several replicas of one model.

Requests with the same messages go to the same server (rendezvous hashing, Thaler and Ravishankar
1998), whose prefix cache then knows them; if that one does not answer, the next takes over.
Errors are translated here (`openai_wire.py`); trying again is the driver's business.

Reproducibility: all n completions of a request are asked for at once with `seed`. That completion
i does not depend on n or on the load holds only where the server makes it so: `serve.py` does,
vLLM gives completion i the seed + i but its numerics follow the batch.

Fields beyond OpenAI's own, as vLLM names them: `top_k` (only if above 0), `add_special_tokens:
false` (text rendered here), `continue_final_message` (prefix in the chat API).

Servers count the tokens of all n completions together. Without log-probabilities the sum is shared
out by length of text: `n_tokens` is exact in the sum, not per completion.

Does not cover: starting a server (see `vllm.py`), streaming.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import httpx

from labeler.errors import BackendBusy, BackendDown, ConfigError, RequestError
from labeler.records import short_hash
from labeler.requests import Completion, Failed, Prompt, Sample, Samples, Score, Scores
from labeler.samplers.base import completion_seed
from labeler.samplers.chat_template import load_tokenizer, render
from labeler.samplers.openai_wire import (
    Json,
    Unreachable,
    checked_json,
    completions_of,
    echoed_logprobs,
    sampling_fields,
    server_seed,
)

Result = TypeVar("Result")

CONNECT_TIMEOUT_S = 10.0


class OpenAISampler:
    """Samples over `api` "completions" or "chat"; scores over completions.

    `urls` are base addresses; one without a path gets `/v1`. `tokenizer` is a model folder: with
    it the completions API gets text by the model's own chat template, without it messages are
    joined as they are; scoring needs it. `api_key_env` names the variable that holds the key.
    """

    rows_per_batch = 1

    def __init__(
        self,
        urls: list[str],
        model: str,
        *,
        api: str = "completions",
        api_key_env: str | None = None,
        concurrency: int = 32,
        timeout_s: float = 600.0,
        tokenizer: str | None = None,
    ) -> None:
        if api not in ("completions", "chat"):
            raise ConfigError(f"api {api!r} is not one of completions, chat")
        if concurrency < 1 or timeout_s <= 0:
            raise ConfigError("concurrency must be at least 1 and timeout_s above 0")
        self.model = model
        self.concurrency = concurrency
        self.urls = _base_urls(urls)
        self._chat = api == "chat"
        self._tokenizer = load_tokenizer(tokenizer) if tokenizer else None
        template = self._tokenizer.chat_template if self._tokenizer else None
        self.fingerprint = short_hash("openai", model, api, str(template or ""))
        self._free = asyncio.Semaphore(concurrency)
        self._client = httpx.AsyncClient(
            headers=_authorization(api_key_env),
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s), pool=None),
            limits=httpx.Limits(max_connections=concurrency),
        )

    async def ready(self) -> None:
        """Raises `BackendDown` with one line unless a server answers and knows the model."""
        known: set[str] = set()
        for url in self.urls:
            try:
                answer = checked_json(await self._send("GET", f"{url}/models", None), url)
            except (Unreachable, BackendBusy):
                continue
            known |= {str(entry.get("id")) for entry in answer.get("data") or ()}
            if self.model in known:
                return
        where = ", ".join(self.urls)
        if known:
            names = ", ".join(sorted(known))
            raise BackendDown(f"no model {self.model!r} at {where}, only {names}; check the name")
        raise BackendDown(f"no server answers at {where}; start it or check --set sampler.urls")

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        return await _all([self._answered(self._sample(request)) for request in batch])

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return await _all([self._answered(self._score(request)) for request in batch])

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _answered(self, work: Coroutine[Any, Any, Result]) -> Result | Failed:
        async with self._free:
            try:
                return await work
            except RequestError as error:
                return Failed(str(error))

    async def _sample(self, request: Sample) -> Samples:
        """Asks again for missing choices: some servers ignore n. Each round brings at least one."""
        if request.n < 1 or request.sampling.max_tokens < 1:
            raise RequestError("n and max_tokens must be at least 1")
        # All completions at temperature 0 are the same, and vLLM refuses to make more than one.
        wanted = 1 if request.sampling.temperature == 0 else request.n
        seed, completions, prompt_tokens = request.seed, list[Completion](), 0
        while len(completions) < wanted:
            body = self._body(request, wanted - len(completions), seed)
            path = "chat/completions" if self._chat else "completions"
            answer = await self._post(path, body, request.prompt)
            found, prompt_tokens = completions_of(answer, request, chat=self._chat)
            completions += found[: wanted - len(completions)]
            seed = completion_seed(request.seed, len(completions))
        same = request.n // wanted
        return Samples(tuple(completions) * same, prompt_tokens, self.model)

    async def _score(self, request: Score) -> Scores:
        if self._tokenizer is None:
            raise RequestError("scoring over HTTP needs the tokenizer: set sampler.tokenizer")
        prompt = self._encode(render(self._tokenizer, request.prompt))
        continuation = self._encode(request.continuation)
        if not prompt:
            raise RequestError("the prompt has no tokens, so there is nothing to score after it")
        if not continuation:
            return Scores((), len(prompt), self.model)
        body: Json = {
            "model": self.model,
            "prompt": prompt + continuation,
            "echo": True,
            "max_tokens": 0,
            "logprobs": 1,
            "temperature": 1.0,
        }
        answer = await self._post("completions", body, request.prompt)
        logprobs = echoed_logprobs(answer, len(prompt), len(continuation))
        return Scores(logprobs, len(prompt), self.model)

    def _body(self, request: Sample, n: int, seed: int) -> Json:
        body = sampling_fields(request, chat=self._chat)
        body |= {"model": self.model, "n": n, "seed": server_seed(seed)}
        if not self._chat:
            body["prompt"] = render(self._tokenizer, request.prompt)
            if self._tokenizer is not None:
                body["add_special_tokens"] = False
            return body
        messages = [{"role": m.role, "content": m.content} for m in request.prompt.messages]
        if request.prompt.prefix:
            messages.append({"role": "assistant", "content": request.prompt.prefix})
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        body["messages"] = messages
        return body

    def _encode(self, text: str) -> list[int]:
        assert self._tokenizer is not None
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    async def _post(self, path: str, body: Json, prompt: Prompt) -> Json:
        """Asks the servers in this prompt's order until one answers."""
        for url in by_affinity(self.urls, prompt):
            try:
                return checked_json(await self._send("POST", f"{url}/{path}", body), url)
            except Unreachable as error:
                reason = str(error)
        raise BackendBusy(reason)

    async def _send(self, method: str, url: str, body: Json | None) -> httpx.Response:
        try:
            return await self._client.request(method, url, json=body)
        except httpx.ReadTimeout:
            read = self._client.timeout.read
            raise BackendBusy(f"{url} gave no answer in {read} s; raise sampler.timeout_s")
        except httpx.TransportError as error:
            raise Unreachable(f"{url} does not answer ({type(error).__name__})")


def by_affinity(urls: Sequence[str], prompt: Prompt) -> list[str]:
    """The servers, the one for these messages first; losing one moves only its own prompts."""
    messages = [part for m in prompt.messages for part in (m.role, m.content)]
    key = short_hash(*messages) if messages else short_hash(prompt.prefix)
    return sorted(urls, key=lambda url: hashlib.blake2b(f"{key} {url}".encode()).digest())


def _base_urls(urls: Sequence[str]) -> tuple[str, ...]:
    if not urls:
        raise ConfigError("urls is empty; name a server, as in http://localhost:8000")
    bases = []
    for text in urls:
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL as error:
            raise ConfigError(f"{text!r} is not an address ({error})")
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError(
                f"{text!r} is not an address; it must look like http://localhost:8000"
            )
        bases.append(text.rstrip("/") + ("/v1" if url.path in ("", "/") else ""))
    return tuple(bases)


def _authorization(api_key_env: str | None) -> dict[str, str]:
    if api_key_env is None:
        return {}
    key = os.environ.get(api_key_env)
    if not key:
        raise ConfigError(f"the variable {api_key_env} is not set; export it with the server's key")
    return {"Authorization": f"Bearer {key}"}


async def _all(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Results in order; the first error cancels the rest, so nothing runs on unheard."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
