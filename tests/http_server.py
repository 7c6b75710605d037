"""A small HTTP server of a test's own, in threads; handlers say what the test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Connections stay open between requests, and nothing is written to standard error."""

    protocol_version = "HTTP/1.1"

    def asked(self) -> Any:
        """The JSON body of the request, None where there is none."""
        length = int(self.headers.get("Content-Length", 0))
        return json.loads(self.rfile.read(length)) if length else None

    def say(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        """Answers with bytes as they are, or with anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Takes many connections at once."""

    request_queue_size = 512


@contextmanager
def serving(handler: type[Handler]) -> Iterator[str]:
    """The address, until the block ends."""
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            # Also where the block raises: a thread whose socket is closed would spin for good.
            server.shutdown()
            thread.join()
