"""The viewer's pages: addresses, and which template shows what.

    GET  /v{n}/statistics         what a version holds, in pictures; `against` is an older version
    GET  /v{n}/                   a list, filtered by its query
    GET  /v{n}/solution/{row}     one solution; the query is the list it was opened from
    GET  /v{n}/tree/{row}         the search tree of its problem
    POST /v{n}/solution/{row}     labels steps: `step` and `label`, or `label` all or first
    POST /v{n}/undo, /v{n}/commit

A request beyond all bounds is answered with 400 (`labeler.view.bounds`). Whatever changes something
answers with the address of the page to see next (303), so pages work without script; `view.js` only
saves the reload and adds the keys. Does not cover who may ask (`labeler.view.safety`). Text of a
dataset is escaped by Jinja2's autoescape, everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from labeler.errors import DatasetError
from labeler.report.pieces import told_apart
from labeler.stats.calibration import FEWEST_POINTS
from labeler.view.bounds import MOST_STEPS, OutOfBounds, form_of, number
from labeler.view.figures import page_of
from labeler.view.filters import CHOICES, OF_STATISTICS, Filters
from labeler.view.safety import Safety
from labeler.view.shapes import GLYPHS, marks, place_name, tree_shape, value_class
from labeler.view.viewer import Viewer

HERE = Path(__file__).parent
ROWS_PER_PAGE = 20
MOST_BYTES = 100_000
"""Of a form; a note on a step is short."""


def href(version: int, query: str) -> str:
    """The list of a query; one that begins with a version and a slash is of that version."""
    before, slash, after = query.partition("/")
    number, rest = (before, after) if slash and before.isdecimal() else (str(version), query)
    return f"/v{number}/" + (f"?{rest}" if rest else "")


TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals |= {
    "glyphs": GLYPHS, "marks": marks, "place_name": place_name, "value_class": value_class,
    "choices": CHOICES, "href": href, "told_apart": told_apart,
    "fewest_points": FEWEST_POINTS,
}  # fmt: skip

Answer = Callable[[Viewer, Request, dict[str, str]], Response]


def create_app(
    viewer: Viewer, token: str | None = None, host: str = "127.0.0.1", read_only: bool = False
) -> ASGIApp:
    """The pages of a viewer behind their safety; `token` where it listens beyond loopback.

    Pages that are `read_only` offer nothing that needs a server: no search, no review.
    """
    app = Starlette(
        routes=[
            Route("/", _handler(viewer, _home)),
            Route("/v{version:int}/statistics", _handler(viewer, _statistics)),
            Route("/v{version:int}/", _handler(viewer, _list)),
            Route("/v{version:int}/solution/{row:int}", _handler(viewer, _solution)),
            Route(
                "/v{version:int}/solution/{row:int}", _handler(viewer, _review), methods=["POST"]
            ),
            Route("/v{version:int}/tree/{row:int}", _handler(viewer, _tree)),
            Route("/v{version:int}/undo", _handler(viewer, _undo), methods=["POST"]),
            Route("/v{version:int}/commit", _handler(viewer, _commit), methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={404: _not_found, 405: _not_found},
    )
    app.state.read_only = read_only
    return Safety(app, token, host)


def _handler(viewer: Viewer, answer: Answer) -> Callable[[Request], Any]:
    """Runs a page in a worker thread; one of our errors is one line on a page."""

    async def handle(request: Request) -> Response:
        form: dict[str, str] = {}
        if request.method == "POST":
            body = bytearray()
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    return PlainTextResponse("too long", 413)
        try:
            if request.method == "POST":
                form = form_of(bytes(body))
            return await run_in_threadpool(answer, viewer, request, form)
        except OutOfBounds as error:
            return PlainTextResponse(str(error), 400)
        except DatasetError as error:
            status = 404 if request.method == "GET" else 409
            return HTMLResponse(TEMPLATES.get_template("error.html").render(error=error), status)

    return handle


def _page(
    viewer: Viewer, request: Request, template: str, room: str = "solutions", **values: Any
) -> Response:
    version = request.path_params["version"]
    filters = Filters.read(request.query_params)
    n_steps, n_solutions = viewer.reviews.counts()
    content = TEMPLATES.get_template(template).render(
        path=str(viewer.path),
        room=room,
        read_only=request.app.state.read_only,
        version=version,
        newest=viewer.version,
        versions=viewer.versions(),
        filters=filters,
        query=filters.to_query(),
        of_statistics=OF_STATISTICS,
        n_pending=n_steps,
        n_pending_solutions=n_solutions,
        said=_said(request),
        **values,
    )
    return HTMLResponse(content)


def _said(request: Request) -> str:
    """What the last change did, told once."""
    version = number(request.query_params.get("committed", ""), "the version")
    return "" if version is None else f"Version {version} holds your reviews."


async def _not_found(request: Request, error: Exception) -> Response:
    """Of the framework's own refusals: an address that no page has."""
    words = f"There is no page at {request.url.path}."
    return HTMLResponse(TEMPLATES.get_template("error.html").render(error=words), 404)


def _home(viewer: Viewer, request: Request, form: dict[str, str]) -> Response:
    """The statistics; with a query the list that it narrows."""
    query = request.url.query
    where = f"/?{query}" if query else "/statistics"
    return RedirectResponse(f"/v{viewer.version}{where}", 303)


def _statistics(viewer: Viewer, request: Request, form: dict[str, str]) -> Response:
    version = request.path_params["version"]
    asked = number(request.query_params.get("against", ""), "the version")
    against = viewer.version_before(version) if asked is None else asked
    older = None if against is None or against == version else viewer.statistics(against)
    page = page_of(viewer.statistics(version), older, *viewer.checked())
    return _page(viewer, request, "statistics.html", room="statistics", page=page, against=against)


def _list(viewer: Viewer, request: Request, form: dict[str, str]) -> Response:
    version = request.path_params["version"]
    shown, filters = viewer.shown(version), Filters.read(request.query_params)
    numbers = viewer.rows_matching(version, filters)
    n_pages = max(1, -(-len(numbers) // ROWS_PER_PAGE))
    page = _between(request.query_params.get("page", "1"), 1, n_pages)
    rows = numbers[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE].tolist()
    lines = shown.index.table[rows].to_dicts() if rows else []
    texts = shown.read(rows, ("text", "final_answer", "gold_answer"))
    n_indexed = viewer.search.n_done([*shown.index.names]) if filters.q else len(shown.index)
    return _page(
        viewer,
        request,
        "list.html",
        lines=[line | text for line, text in zip(lines, texts, strict=True)],
        n=len(numbers),
        total=len(shown.index),
        page=page,
        n_pages=n_pages,
        first=(page - 1) * ROWS_PER_PAGE + 1,
        domains=shown.domains,
        labelers=shown.labelers,
        judged=set(viewer.pending_rows(version)),
        n_judged=viewer.n_judged(version, numbers),
        words=filters.words(),
        accuracy=viewer.accuracy(version),
        n_indexed=n_indexed,
    )


def _solution(viewer: Viewer, request: Request, form: dict[str, str]) -> Response:
    version, row = request.path_params["version"], request.path_params["row"]
    page = viewer.page(version, row, Filters.read(request.query_params))
    queue = page.position is not None and page.position // ROWS_PER_PAGE + 1
    return _page(
        viewer, request, "solution.html", page=page, row=page.labeled, list_page=queue or 1
    )


def _tree(viewer: Viewer, request: Request, form: dict[str, str]) -> Response:
    version, row = request.path_params["version"], request.path_params["row"]
    solution, tree, rows, n = viewer.tree(version, row)
    return _page(
        viewer, request, "tree.html",
        row_number=row, row=solution, shape=tree_shape(tree, rows), n=n, n_drawn=len(rows),
    )  # fmt: skip


def _review(viewer: Viewer, request: Request, form: dict[str, str]) -> Response:
    version, row = request.path_params["version"], request.path_params["row"]
    labels = _labels(form, viewer, version, row)
    viewer.review(version, row, labels, form.get("note", "").strip())
    return _see(request, f"/v{version}/solution/{row}")


def _labels(form: dict[str, str], viewer: Viewer, version: int, row: int) -> dict[int, int]:
    """Step by label. `all`: every step is right; `first`: this one is wrong, all before right."""
    label, step = form.get("label", ""), form.get("step", "")
    if label == "all":
        return dict.fromkeys(range(viewer.n_steps(version, row)), 1)
    index = number(step, "the step", MOST_STEPS)
    if label in ("1", "0", "-1", "first") and index is not None:
        if index >= viewer.n_steps(version, row):
            raise DatasetError(f"row {row} has {viewer.n_steps(version, row)} steps")
        if label == "first":
            return dict.fromkeys(range(index), 1) | {index: -1}
        return {index: int(label)}
    raise DatasetError("a label is 1, 0 or -1 of a step, `first` of a step, or `all`")


def _undo(viewer: Viewer, request: Request, form: dict[str, str]) -> Response:
    version = request.path_params["version"]
    back = viewer.reviews.undo()
    row = viewer.row_of(version, back.run_id, back.solution_id) if back is not None else None
    where = f"/v{version}/" if row is None else f"/v{version}/solution/{row}"
    return _see(request, where)


def _commit(viewer: Viewer, request: Request, form: dict[str, str]) -> Response:
    """Then the same solution in the new version, or the same list."""
    version = request.path_params["version"]
    row = number(form.get("row", ""), "the row")
    seen = None if row is None else viewer.key_of(version, row)
    made = viewer.commit()
    newest = version if made is None else made
    now = viewer.row_of(newest, *seen) if seen is not None else None
    where = f"/v{newest}/" if now is None else f"/v{newest}/solution/{now}"
    return _see(request, where, {} if made is None else {"committed": str(made)})


def _see(request: Request, path: str, more: dict[str, str] | None = None) -> Response:
    query = Filters.read(request.query_params).to_query()
    parts = [part for part in (query, urlencode(more or {})) if part]
    return RedirectResponse(path + (f"?{'&'.join(parts)}" if parts else ""), 303)


def _between(text: str, low: int, high: int) -> int:
    page = number(text, "the page")
    return low if page is None else min(max(page, low), high)
