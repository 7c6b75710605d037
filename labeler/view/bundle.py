"""A bundle: the viewer's pages of one version as files, to be published or opened from a disk.

It begins with the statistics (`index.html`) and follows their links: every list that a number leads
to (its first page), and the solutions and trees in them up to a bound. A link to what is not in the
bundle stays as words. Nothing can be searched or reviewed in it.

Does not cover the dataset itself (`labeler publish`), or the report (`labeler report`), which is
one file.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from labeler.errors import DatasetError
from labeler.files import make_folder, whole_file
from labeler.view.app import HERE, create_app
from labeler.view.viewer import Viewer

MOST_LISTS = 400
PLACES = re.compile(r'<a\b([^>]*?) href="(/[^"]*)"|(src|href)="(/static/[^"]*)"')


@dataclass(slots=True)
class _Pages:
    """Which addresses are in the bundle, under which names; `waiting` are not written yet."""

    version: int
    n_solutions: int
    names: dict[str, str] = field(default_factory=dict)
    waiting: deque[str] = field(default_factory=deque)

    def name(self, address: str) -> str | None:
        """The file of an address; None for one that the bundle leaves out."""
        known = self._known(address)
        if known is None:
            return None
        key, name = known
        if key not in self.names:
            if self._is_full(name):
                return None
            self.names[key] = name
            self.waiting.append(key)
        anchor = urlsplit(address).fragment
        return name + (f"#{anchor}" if anchor else "")

    def _known(self, address: str) -> tuple[str, str] | None:
        """An address as it is asked for, and its file's name."""
        parts = urlsplit(address)
        found = re.fullmatch(r"/v(\d+)/(statistics|(solution|tree)/(\d+))?", parts.path)
        if found is None or int(found[1]) != self.version:
            return None
        if found[2] == "statistics":
            return (parts.path, "index.html") if not parts.query else None
        if found[3]:
            # The list that it was opened from is one of many.
            return parts.path, f"{found[3]}-{found[4]}.html"
        query = {name: value for name, value in parse_qsl(parts.query) if name != "page"}
        if dict(parse_qsl(parts.query)).get("page", "1") != "1":
            return None
        words = "-".join(
            re.sub(r"[^A-Za-z0-9.]+", "_", part) for one in query.items() for part in one
        )
        name = f"list-{len(self.names)}-{words[:60]}.html" if query else "list.html"
        key = parts.path + (f"?{urlencode(query)}" if query else "")
        return key, self.names.get(key, name)

    def _is_full(self, name: str) -> bool:
        kind = name.split("-", maxsplit=1)[0].removesuffix(".html")
        most = MOST_LISTS if kind == "list" else self.n_solutions
        return kind != "index" and sum(one.startswith(kind) for one in self.names.values()) >= most


def write_bundle(viewer: Viewer, folder: Path, n_solutions: int = 200) -> int:
    """Writes the newest version's pages and returns how many there are.

    `folder` is made, or must be empty; its `index.html` comes last. Raises `DatasetError`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DatasetError(f"{folder}: is there already; name a new folder for the bundle")
    make_folder(folder / "static")
    for file in (HERE / "static").iterdir():
        _write(folder / "static" / file.name, file.read_bytes())
    pages = _Pages(viewer.version, n_solutions)
    home = f"/v{viewer.version}/statistics"
    pages.name(home)
    asyncio.run(_written(viewer, folder, pages))
    return len(pages.names)


async def _written(viewer: Viewer, folder: Path, pages: _Pages) -> None:
    import httpx

    transport = httpx.ASGITransport(app=create_app(viewer, read_only=True))
    index = b""
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        while pages.waiting:
            address = pages.waiting.popleft()
            answer = await client.get(address)
            if answer.status_code != httpx.codes.OK:
                raise DatasetError(
                    f"{viewer.path}: page {address} was not made; try `labeler view`"
                )
            page = _relinked(answer.text, pages).encode("utf-8", "replace")
            if pages.names[address] == "index.html":
                index = page
            else:
                _write(folder / pages.names[address], page)
    _write(folder / "index.html", index)


def _relinked(page: str, pages: _Pages) -> str:
    def place(found: re.Match[str]) -> str:
        before, address, kind, static = found.groups()
        if static:
            return f'{kind}="{static.removeprefix("/")}"'
        name = pages.name(html.unescape(address))
        return f"<a{before}" if name is None else f'<a{before} href="{html.escape(name)}"'

    return PLACES.sub(place, page)


def _write(file: Path, content: bytes) -> None:
    with whole_file(file) as output:
        output.write(content)
