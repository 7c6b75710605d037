"""A small OpenAI-compatible server over a sampler: `python -m labeler.samplers.serve --model DIR`.

For laptops and for tests of HTTP samplers. /health, /v1/models, /v1/completions and
/v1/chat/completions, with n, seed, stop, temperature, top_p, top_k, logprobs, echo (scoring of
token ids), and vLLM's continue_final_message. Requests that arrive together run as one batch.
Completion i of a request depends on (seed, i) only; a missing seed is 0, so the same request
always gets the same reply.

Does not cover: streaming, guided decoding, keys. Sources: OpenAI API reference, vLLM's server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from labeler.driver.requests import Completion, Failed, Message, Prompt, Sample, Samples
from labeler.errors import BackendBusy, LabelerError, RequestError, UserError
from labeler.records import Sampling
from labeler.samplers.base import Sampler

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse

Json = dict[str, Any]


class TokenSampler(Sampler, Protocol):
    """What the server needs beyond a sampler: access by tokens."""

    def decode(self, tokens: Sequence[int]) -> str: ...

    def text_of(self, tokens: Sequence[int]) -> str: ...

    async def token_logprobs(self, tokens: tuple[int, ...]) -> list[float]: ...


class MicroBatches:
    """Gathers requests while a batch runs, then runs what has gathered as the next batch."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._waiting: asyncio.Queue[tuple[Sample, asyncio.Future[Samples | Failed]]] = (
            asyncio.Queue()
        )

    async def sample(self, request: Sample) -> Samples | Failed:
        reply: asyncio.Future[Samples | Failed] = asyncio.get_running_loop().create_future()
        await self._waiting.put((request, reply))
        return await reply

    async def run(self) -> None:
        """Runs batches until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            # Clients that send together arrive within a few milliseconds.
            await asyncio.sleep(0.005)
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            # A client that hung up has cancelled its future; its rows need not run.
            batch = [(request, waiting) for request, waiting in batch if not waiting.cancelled()]
            try:
                replies = await self._sampler.sample([request for request, _ in batch])
            except Exception as error:
                # Whatever it is, it belongs to the waiting requests; the queue must live on.
                for _, waiting in batch:
                    if not waiting.cancelled():
                        waiting.set_exception(error)
                continue
            for (_, waiting), reply in zip(batch, replies, strict=True):
                if not waiting.cancelled():
                    waiting.set_result(reply)


def create_app(sampler: TokenSampler, name: str) -> Starlette:
    """The ASGI application; `name` is the model's name in requests."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    queue = MicroBatches(sampler)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        batches = asyncio.create_task(queue.run())
        yield
        batches.cancel()
        await sampler.aclose()

    async def completions(body: Json) -> Json:
        if body.get("echo"):
            return _reply(name, "text_completion", [await _echo(sampler, body)], 0, 0)
        prompt = body.get("prompt")
        if isinstance(prompt, list) and all(type(token) is int for token in prompt):
            prompt = sampler.text_of(prompt)
        if not isinstance(prompt, str):
            raise RequestError("prompt must be one text, or the token ids of one")
        request = _sample(body, Prompt((), prompt))
        return _sampled(await queue.sample(request), name, chat=False)

    async def chat(body: Json) -> Json:
        request = _sample(body, _chat_prompt(body))
        return _sampled(await queue.sample(request), name, chat=True)

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def models(request: Request) -> JSONResponse:
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"}]})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", models),
            Route("/v1/completions", _endpoint(completions, name), methods=["POST"]),
            Route("/v1/chat/completions", _endpoint(chat, name), methods=["POST"]),
        ],
        lifespan=lifespan,
    )


def _endpoint(
    answer: Callable[[Json], Awaitable[Json]], name: str
) -> Callable[[Request], Awaitable[JSONResponse]]:
    """Wraps `answer`: JSON in and out, this project's errors as status codes."""
    from starlette.responses import JSONResponse

    def refusal(status: int, message: str) -> JSONResponse:
        return JSONResponse({"error": {"message": message, "code": status}}, status_code=status)

    async def endpoint(request: Request) -> JSONResponse:
        try:
            body = await request.json()
            if body.get("model") not in (None, name):
                return refusal(404, f"no model {body['model']!r} here, only {name!r}")
            return JSONResponse(await answer(body))
        except RequestError as error:
            return refusal(400, str(error))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return refusal(400, f"the body is malformed ({type(error).__name__}: {error})")
        except BackendBusy as error:
            return refusal(503, str(error))
        except LabelerError as error:
            return refusal(500, str(error))

    return endpoint


def _sample(body: Json, prompt: Prompt) -> Sample:
    stop = body.get("stop") or ()
    # In the completions API 0 means: of the chosen tokens only; in the chat API it is a flag.
    logprobs = body.get("logprobs") is not None and body["logprobs"] is not False
    sampling = Sampling(
        temperature=float(body.get("temperature", 1.0)),
        top_p=float(body.get("top_p", 1.0)),
        top_k=max(0, int(body.get("top_k", 0))),
        max_tokens=int(body.get("max_tokens") or body.get("max_completion_tokens") or 512),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
    )
    return Sample(prompt, int(body.get("n") or 1), sampling, int(body.get("seed") or 0), logprobs)


def _chat_prompt(body: Json) -> Prompt:
    messages = tuple(Message(str(m["role"]), str(m["content"])) for m in body["messages"])
    if body.get("continue_final_message"):
        return Prompt(messages[:-1], prefix=messages[-1].content)
    return Prompt(messages)


def _sampled(reply: Samples | Failed, name: str, *, chat: bool) -> Json:
    if isinstance(reply, Failed):
        raise RequestError(reply.reason)
    choices = []
    for index, completion in enumerate(reply.completions):
        said: Json = {"text": completion.text}
        if chat:
            said = {"message": {"role": "assistant", "content": completion.text}}
        choice = {"index": index, "finish_reason": completion.finish, **said}
        if completion.logprobs:
            choice["logprobs"] = _logprobs(completion, chat=chat)
        choices.append(choice)
    kind = "chat.completion" if chat else "text_completion"
    return _reply(name, kind, choices, reply.prompt_tokens, reply.completion_tokens)


def _logprobs(completion: Completion, *, chat: bool) -> Json:
    if not chat:
        return {"tokens": completion.tokens, "token_logprobs": completion.logprobs}
    pairs = zip(completion.tokens, completion.logprobs, strict=True)
    return {"content": [{"token": text, "logprob": value} for text, value in pairs]}


async def _echo(sampler: TokenSampler, body: Json) -> Json:
    """The prompt's own tokens with their log-probabilities; the first one has none."""
    tokens = body.get("prompt")
    if body.get("max_tokens") != 0 or not isinstance(tokens, list) or not tokens:
        raise RequestError("echo needs max_tokens 0 and the prompt as one list of token ids")
    logprobs = await sampler.token_logprobs(tuple(map(int, tokens)))
    return {
        "index": 0,
        "text": sampler.decode(tokens),
        "finish_reason": "length",
        "logprobs": {
            "tokens": [sampler.decode([token]) for token in tokens],
            "token_logprobs": [None, *logprobs],
        },
    }


def _reply(name: str, kind: str, choices: list[Json], prompt: int, completion: int) -> Json:
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return {"id": "", "object": kind, "model": name, "choices": choices, "usage": usage}


def main() -> None:
    """Loads the model, prints the address, serves until interrupted."""
    import uvicorn

    from labeler.samplers.transformers import TransformersSampler

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", required=True, help="folder of the model")
    parser.add_argument("--name", help="name in requests (default: the folder as given)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--deterministic", action="store_true", help="compute in float64")
    args = parser.parse_args()
    try:
        sampler = TransformersSampler(
            args.model, device=args.device, dtype=args.dtype, deterministic=args.deterministic
        )
    except (UserError, LabelerError) as error:
        parser.exit(2, f"{error}\n")
    listener = socket.create_server((args.host, args.port))
    print(f"http://{args.host}:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(create_app(sampler, args.name or args.model), log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
