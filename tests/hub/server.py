"""A Hub of one process: the endpoints that `huggingface_hub` uses to publish, and their faults.

Speaks repository creation and info, refs, trees, YAML checks, preupload, git-lfs batch and upload,
commits with a parent, tags. Nothing is stored on disk; Xet is not spoken (HF_HUB_DISABLE_XET=1).
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

WRITER, READER = "hf_writer_secret", "hf_reader_secret"
ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"


@dataclass
class Commit:
    message: str
    files: dict[str, bytes]
    number: int = 0

    @property
    def oid(self) -> str:
        return hashlib.sha1(f"{self.number} {self.message}".encode()).hexdigest()


@dataclass
class Repo:
    private: bool
    commits: list[Commit] = field(default_factory=lambda: [Commit("initial", {
        ".gitattributes": ATTRIBUTES})])  # fmt: skip
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def add(self, message: str, files: dict[str, bytes]) -> Commit:
        self.commits.append(Commit(message, files, len(self.commits)))
        return self.head

    def at(self, revision: str) -> Commit | None:
        oid = self.tags.get(revision, revision)
        return self.head if oid == "main" else next((c for c in self.commits if c.oid == oid), None)


@dataclass
class Hub:
    """What is stored, what was asked, and which faults to show."""

    repos: dict[str, Repo] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    uploads_until_failure: int | None = None
    before_commit: list[Callable[[Repo], None]] = field(default_factory=list)
    fail_tag: bool = False
    n_requests: int = 0
    cut_at: int | None = None
    """The number of the request whose reply breaks off in its middle."""
    cut_is_done: bool = False
    """Whether what that request asked for is done before."""
    url: str = ""

    def _answer(self, status: int, code: str = "", message: str = "") -> Response:
        return JSONResponse({"error": message}, status, {"X-Error-Code": code} if code else {})

    def _token(self, request: Request) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def _refused(self, request: Request) -> Response | None:
        token = self._token(request)
        if token == WRITER:
            return None
        return self._answer(403 if token == READER else 401, message="no")

    async def create(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        asked = await request.json()
        name = f"{asked['organization']}/{asked['name']}"
        self.repos[name] = Repo(asked["visibility"] == "private")
        return JSONResponse({"url": f"{self.url}/datasets/{name}"})

    def _repo(self, request: Request) -> Repo | None:
        repo = self.repos.get("{namespace}/{name}".format(**request.path_params))
        return None if repo and repo.private and not self._token(request) else repo

    async def info(self, request: Request) -> Response:
        repo = self._repo(request)
        if repo is None:
            return self._answer(404, "RepoNotFound", "not found")
        name = "{namespace}/{name}".format(**request.path_params)
        return JSONResponse({"id": name, "sha": repo.head.oid, "private": repo.private,
                             "downloads": 0, "likes": 0, "tags": [], "siblings": []})  # fmt: skip

    async def refs(self, request: Request) -> Response:
        repo = self._repo(request)
        assert repo
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head.oid}
        tags = [{"name": name, "ref": f"refs/tags/{name}", "targetCommit": oid}
                for name, oid in repo.tags.items()]  # fmt: skip
        return JSONResponse({"branches": [main], "tags": tags, "converts": []})

    async def tree(self, request: Request) -> Response:
        repo = self._repo(request)
        assert repo
        commit = repo.at(request.path_params["revision"])
        assert commit
        listed = []
        for path, content in commit.files.items():
            git_id = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            listed.append({"type": "file", "path": path, "size": len(content), "oid": git_id})
        return JSONResponse(listed)

    async def yaml(self, request: Request) -> Response:
        content = (await request.json())["content"]
        good = content.startswith("---\nlicense: ")
        errors = [] if good else [{"message": "no metadata"}]
        return JSONResponse({"errors": errors, "warnings": []}, 200 if good else 400)

    async def preupload(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        files = (await request.json())["files"]
        return JSONResponse({"files": [
            {"path": file["path"], "shouldIgnore": False, "oid": None,
             "uploadMode": "lfs" if file["path"].endswith(".parquet") else "regular"}
            for file in files
        ]})  # fmt: skip

    async def batch(self, request: Request) -> Response:
        objects = (await request.json())["objects"]
        return JSONResponse({"transfer": "basic", "objects": [
            {**entry, **({} if entry["oid"] in self.objects else
             {"actions": {"upload": {"href": f"{self.url}/lfs/{entry['oid']}"}}})}
            for entry in objects
        ]})  # fmt: skip

    async def upload(self, request: Request) -> Response:
        if self.uploads_until_failure is not None:
            if not self.uploads_until_failure:
                return self._answer(400, message="upload broke off")
            self.uploads_until_failure -= 1
        content, oid = await request.body(), request.path_params["oid"]
        assert hashlib.sha256(content).hexdigest() == oid
        self.objects[oid] = content
        self.log.append(f"upload {len(self.objects)}")
        return Response()

    async def commit(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        repo = self._repo(request)
        assert repo
        if self.before_commit:
            self.before_commit.pop()(repo)
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        files, message = dict(repo.head.files), ""
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                message = value["summary"]
                if value["parentCommit"] != repo.head.oid:
                    self.log.append("stale")
                    return self._answer(412, message="a newer commit is there")
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.objects[value["oid"]]
            else:
                del files[value["path"]]
        made = repo.add(message, files)
        self.log.append(f"commit {message}")
        name = "{namespace}/{name}".format(**request.path_params)
        url = f"{self.url}/datasets/{name}/commit/{made.oid}"
        return JSONResponse({"success": True, "commitOid": made.oid, "commitUrl": url})

    async def tag(self, request: Request) -> Response:
        repo = self._repo(request)
        assert repo
        if self.fail_tag:
            return self._answer(400, message="no tag today")
        name = (await request.json())["tag"]
        repo.tags[name] = request.path_params["revision"]
        self.log.append(f"tag {name}")
        return JSONResponse({})

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """All routes, and a reply that promises more than comes."""
        self.n_requests += 1
        served = Starlette(routes=self.routes())
        if self.n_requests != self.cut_at:
            await served(scope, receive, send)
            return
        if self.cut_is_done:
            await served(scope, receive, _unheard)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{"})

    def routes(self) -> list[Route]:
        of = "/api/datasets/{namespace}/{name}"
        return [
            Route("/api/repos/create", self.create, methods=["POST"]),
            Route("/api/validate-yaml", self.yaml, methods=["POST"]),
            Route(of, self.info),
            Route(f"{of}/refs", self.refs),
            Route(f"{of}/tree/{{revision}}", self.tree),
            Route(f"{of}/preupload/{{revision}}", self.preupload, methods=["POST"]),
            Route(f"{of}/commit/{{revision}}", self.commit, methods=["POST"]),
            Route(f"{of}/tag/{{revision}}", self.tag, methods=["POST"]),
            Route("/datasets/{namespace}/{name}.git/info/lfs/objects/batch", self.batch,
                  methods=["POST"]),
            Route("/lfs/{oid}", self.upload, methods=["PUT"]),
        ]  # fmt: skip


async def _unheard(message: Message) -> None:
    """What nobody gets to read."""


@contextmanager
def serving() -> Iterator[Hub]:
    """A Hub on a free port of the loopback interface, until the block ends."""
    hub = Hub()
    listening = socket.create_server(("127.0.0.1", 0))
    hub.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(hub.app, interface="asgi3", log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield hub
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
