"""A server that speaks OpenAI's Batch API, as its reference describes it, and carries batches out.

Each line is answered by `answer(endpoint, body)`: a status and a body. Batches go through
validating, in_progress, finalizing and completed, one state a look. What a test wants to go wrong
it puts into `faults`, one for each batch that is begun, or into `on`, which is told of every stage.
"""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.http_server import Handler, serving

STATES = ("validating", "in_progress", "finalizing", "completed")


@dataclass
class BatchServer:
    """The server's memory, shared by all its connections; it outlives its clients."""

    answer: Callable[[str, dict], tuple[int, dict]]
    faults: list[str] = field(default_factory=list)
    """Per batch: "" for none, "expire N", "cancel N" (carried out N lines), "full", "line N"."""
    on: Callable[[str], None] = lambda stage: None
    models: tuple[str, ...] = ("judge",)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    batches: dict[str, dict] = field(default_factory=dict)
    carried_out: Counter = field(default_factory=Counter)
    """How often each request was carried out, by its content: what is paid for."""
    live: list[dict] = field(default_factory=list)
    """Bodies that were asked live."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def upload(self, name: str, content: bytes) -> dict:
        with self.lock:
            self.files[f"file-{len(self.files)}"] = (name, content)
            return self.file(f"file-{len(self.files) - 1}", "batch")

    def file(self, name: str, purpose: str) -> dict:
        filename, content = self.files[name]
        return {
            "id": name, "object": "file", "bytes": len(content), "created_at": int(time.time()),
            "filename": filename, "purpose": purpose,
        }  # fmt: skip

    def begin(self, asked: dict) -> tuple[int, dict]:
        if asked.get("input_file_id") not in self.files:
            return 400, {"error": {"message": "no such file", "type": "invalid_request_error"}}
        if asked.get("completion_window") != "24h":
            return 400, {"error": {"message": "completion_window must be 24h"}}
        with self.lock:
            fault = self.faults.pop(0) if self.faults else ""
            name = f"batch_{len(self.batches)}"
            self.batches[name] = {
                "id": name, "object": "batch", "endpoint": asked["endpoint"], "errors": None,
                "input_file_id": asked["input_file_id"], "completion_window": "24h",
                "status": "validating", "output_file_id": None, "error_file_id": None,
                "created_at": int(time.time()), "metadata": asked.get("metadata"),
                "request_counts": {"total": 0, "completed": 0, "failed": 0}, "fault": fault,
            }  # fmt: skip
            return 200, self.shown(name)

    def shown(self, name: str) -> dict:
        return {key: value for key, value in self.batches[name].items() if key != "fault"}

    def look(self, name: str) -> dict:
        """One state further with each look."""
        with self.lock:
            batch = self.batches[name]
            if batch["status"] in STATES[:3]:
                word, _, number = batch["fault"].partition(" ")
                if word in ("full", "line") and batch["status"] == "validating":
                    self._refuse(batch, word, int(number or 0))
                else:
                    batch["status"] = STATES[STATES.index(batch["status"]) + 1]
                    if batch["status"] == "completed":
                        self._carry_out(batch, word, int(number or 0))
            return self.shown(name)

    def _refuse(self, batch: dict, word: str, line: int) -> None:
        told = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached",
                "param": None, "line": None}  # fmt: skip
        if word == "line":
            told = {"code": "invalid_body", "message": "no such field", "param": "body",
                    "line": line}  # fmt: skip
        batch |= {"status": "failed", "errors": {"object": "list", "data": [told]}}

    def _carry_out(self, batch: dict, word: str, most: int) -> None:
        lines = self.files[batch["input_file_id"]][1].decode().splitlines()
        done, failed = [], []
        for number, line in enumerate(lines):
            asked = json.loads(line)
            assert asked["method"] == "POST"
            assert asked["url"] == batch["endpoint"]
            assert len(asked["custom_id"]) <= 64
            said = {"id": f"batch_req_{number}", "custom_id": asked["custom_id"]}
            if word in ("expire", "cancel") and number >= most:
                code = "batch_expired" if word == "expire" else "batch_cancelled"
                error = {"code": code, "message": "This request could not be executed in time."}
                failed.append(said | {"response": None, "error": error})
                continue
            self.carried_out[json.dumps(asked["body"], sort_keys=True)] += 1
            status, body = self.answer(asked["url"], asked["body"])
            response = {"status_code": status, "request_id": f"req_{number}", "body": body}
            (done if status == 200 else failed).append(said | {"response": response, "error": None})
        for name, held in (("output_file_id", done), ("error_file_id", failed)):
            if held:
                # The order of results is not that of requests.
                text = "\n".join(json.dumps(one) for one in reversed(held))
                batch[name] = self.upload(f"{batch['id']}_{name}.jsonl", text.encode())["id"]
        counts = {"total": len(lines), "completed": len(done), "failed": len(failed)}
        ended = {"expire": "expired", "cancel": "cancelled"}.get(word, "completed")
        batch |= {"status": ended, "request_counts": counts}

    def listed(self, query: str) -> dict:
        """Newest first, a page at a time."""
        told = dict(part.split("=") for part in query.split("&") if part)
        with self.lock:
            names = list(reversed(self.batches))
            start = names.index(told["after"]) + 1 if "after" in told else 0
            page = names[start : start + min(int(told.get("limit", 20)), 2)]
            data = [self.shown(name) for name in page]
        return {"object": "list", "data": data, "has_more": start + len(page) < len(names)}


@contextmanager
def batch_api(server: BatchServer) -> Iterator[str]:
    """The address of the API, until the block ends."""

    class Api(Handler):
        def handle(self):
            # A client that is killed hangs up.
            with suppress(ConnectionError):
                super().handle()

        def do_GET(self):
            path, _, query = self.path.removeprefix("/v1").partition("?")
            if path == "/models":
                return self.say(200, {"data": [{"id": name} for name in server.models]})
            if path == "/batches":
                server.on("list")
                return self.say(200, server.listed(query))
            if found := re.fullmatch(r"/batches/(\w+)", path):
                server.on("look")
                return self.say(200, server.look(found[1]))
            if found := re.fullmatch(r"/files/([\w-]+)/content", path):
                server.on("download")
                return self.say(200, server.files[found[1]][1])
            return self.say(404, {"error": {"message": "no such page"}})

        def do_POST(self):
            path = self.path.removeprefix("/v1")
            if path == "/files":
                form = self.form()
                assert form["purpose"] == (None, b"batch")
                server.on("before upload")
                said = server.upload(*form["file"])
                server.on("after upload")
                return self.say(200, said)
            asked = self.asked()
            if path == "/batches":
                server.on("before begin")
                status, said = server.begin(asked)
                server.on("after begin")
                return self.say(status, said)
            server.live.append(asked)
            return self.say(*server.answer(self.path, asked))

        def form(self) -> dict[str, tuple[str | None, bytes]]:
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
            return {
                part.get_param("name", header="content-disposition"): (
                    part.get_filename(), part.get_payload(decode=True)
                )
                for part in parsed.iter_parts()
            }  # fmt: skip

    with serving(Api) as address:
        yield f"{address}/v1"
