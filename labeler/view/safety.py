"""Who may talk to the viewer: this machine only, unless a token is shown.

- Host: a page of another site that rebinds its name to this address (DNS rebinding) names its own
  host; only names of this machine are answered.
- Origin: what changes something must come from our own pages (cross-site request forgery).
- Token: where the viewer listens beyond loopback, and on loopback where other people are on the
  machine (its ports are theirs, too), everybody needs the token it printed, to read and to change;
  it goes into a cookie that no script reads and no other site sends. A browser sends it to every
  port of the same host, though: on a shared machine open nobody else's pages in that browser.
- Content-Security-Policy: no script, style or image but our own, none of them inline, so text of a
  dataset that slipped through escaping would still not run.

Does not cover encryption: beyond a trusted network put a TLS proxy or an SSH tunnel in front.
Source: OWASP cheat sheets (CSRF prevention, DNS rebinding); W3C Content Security Policy 3.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import socket
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labeler.view.bounds import OutOfBounds, check_address, host_name

COOKIE = "labeler_token"
READING = ("GET", "HEAD")

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


PEOPLE = range(1000, 60_000)
"""User ids of people, as login.defs and systemd have it; services have lower ones."""


def others_are_here() -> bool:
    """Whether a process of another person runs on this machine (Linux; elsewhere nobody knows)."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            owner = folder.stat().st_uid
        except OSError:
            continue  # It ended meanwhile.
        if owner in PEOPLE and owner != os.getuid():
            return True
    return False


class Safety:
    """Lets requests through to `app` that keep the rules above; `token` None asks for none."""

    def __init__(self, app: ASGIApp, token: str | None, host: str = "127.0.0.1") -> None:
        self.app = app
        self.token = token
        self.names = {"localhost", host}
        if token is not None:
            self.names |= {socket.gethostname(), socket.getfqdn()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *ours]}
            await send(message)

        answer = self._refusal(Request(scope)) or self.app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        try:
            check_address(request.scope["path"], request.scope["query_string"], host)
        except OutOfBounds as error:
            return PlainTextResponse(str(error), 400)
        if not self._is_ours(host):
            return PlainTextResponse("this viewer answers under its own address only", 421)
        if request.method not in READING and not _same_origin(request, host):
            return PlainTextResponse("changes are taken from the viewer's own pages only", 403)
        if self.token is None:
            return None
        shown = request.query_params.get("token")
        if shown is not None and _equal(shown, self.token) and request.method in READING:
            return _with_cookie(request.url, self.token)
        if _equal(request.cookies.get(COOKIE, ""), self.token):
            return None
        return PlainTextResponse("open the address with the token that the viewer printed", 401)

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        if name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # An address is no name that could be rebound; beyond loopback any of ours may be used.
        return address.is_loopback or self.token is not None


def _same_origin(request: Request, host: str) -> bool:
    origin = request.headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc == host
    except ValueError:
        return False


def _equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _with_cookie(url: URL, token: str) -> Response:
    """The same address without the token in it, which histories would keep."""
    rest = [(k, v) for k, v in parse_qsl(url.query) if k != "token"]
    answer = RedirectResponse(
        "/" + url.path.lstrip("/") + (f"?{urlencode(rest)}" if rest else ""), 303
    )
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
    return answer
