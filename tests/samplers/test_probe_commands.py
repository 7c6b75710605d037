"""`eval` and `doctor` ask a server what it can do before they rely on it, and `plan` says who will.

The server answers afresh wherever it is told to go on, so that rollouts from a wrong step would
look right.
"""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from labeler.cli import main
from labeler.planning.plan import Plan
from labeler.planning.tables import show_plan
from tests.http_server import Handler, serving
from tests.samplers.test_probe import honest

ANEW = "answers anew instead of continuing a given beginning"
ONE_PROBLEM = {"problem": "What is 6 * 7 - 2?", "steps": ["6 * 7 = 42.\n", "40"], "label": -1}


@pytest.fixture
def afresh():
    """Address of the server, and the bodies that it was sent."""
    bodies: list[dict] = []

    class Afresh(Handler):
        def do_GET(self):
            self.say(200, {"object": "list", "data": [{"id": "m", "object": "model"}]})

        def do_POST(self):
            bodies.append(self.asked())
            self.say(*honest(bodies[-1], afresh=True, count=0))

    with serving(Afresh) as url:
        yield url, bodies


def run_file(folder: Path, url: str, labeler: str, **run: object) -> Path:
    content = {
        "problems": {"kind": "oracle", "n": 3},
        "policy": {"engine": "openai", "model": "m", "urls": [f"{url}/v1"], "api": "chat"},
        "labelers": [{"kind": labeler}],
        "run": run,
    }
    path = folder / "run.yaml"
    path.write_text(json.dumps(content))
    return path


def labeler(*words: object) -> int:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["labeler", *map(str, words)])
        main()
    return ended.value.code


def test_eval_on_a_file_refuses_before_any_label(afresh, tmp_path, capsys):
    url, bodies = afresh
    solved = tmp_path / "solved.jsonl"
    solved.write_text(json.dumps(ONE_PROBLEM))
    file = run_file(tmp_path, url, "monte_carlo")
    assert labeler("eval", solved, "--labeler", "monte_carlo", "--config", file) == 3
    said = capsys.readouterr().err
    assert ANEW in said
    assert "was sampled is kept where --journal was given; run it again with the same" in said
    assert max(body["max_tokens"] for body in bodies) == 32


def test_eval_on_fresh_problems_refuses_before_any_solution(afresh, tmp_path, capsys):
    url, bodies = afresh
    file = run_file(tmp_path, url, "judge")
    words = ("eval", "oracle", "--labeler", "monte_carlo", "--config", file, "--problems", 2)
    assert labeler(*words) == 3
    assert ANEW in capsys.readouterr().err
    assert max(body["max_tokens"] for body in bodies) == 32


def test_the_doctor_says_what_the_run_cannot_rest_on(afresh, tmp_path, capsys):
    url, _ = afresh
    labeler("doctor", "--json", "--config", run_file(tmp_path, url, "monte_carlo"))
    found = json.loads(capsys.readouterr().out)["policy, asked"]
    assert found["found"] == "cannot do what this run needs"
    assert ANEW in found["remedy"]


def test_the_doctor_says_what_the_run_can_live_with(afresh, tmp_path, capsys):
    url, _ = afresh
    labeler("doctor", "--json", "--config", run_file(tmp_path, url, "judge"))
    assert json.loads(capsys.readouterr().out)["policy, asked"] == {
        "found": f"{url}/v1 {ANEW}; labelers that roll out from steps cannot be used with it",
        "remedy": "",
    }


def test_the_doctor_asks_nothing_of_a_run_that_is_not_to_ask(afresh, tmp_path, capsys):
    url, bodies = afresh
    labeler("doctor", "--json", "--config", run_file(tmp_path, url, "monte_carlo", probe=False))
    found = json.loads(capsys.readouterr().out)
    assert "model policy" in found
    assert "policy, asked" not in found
    assert [body["max_tokens"] for body in bodies] == [1]  # whether it answers at all


def printed(plan: Plan) -> str:
    page = io.StringIO()
    Console(file=page, width=160).print(show_plan(plan))
    return " ".join(page.getvalue().split())


def test_a_plan_says_whom_the_run_asks_first():
    plan = Plan("r", 9, 3, {}, None, is_measured=False, sample_s=2.0, probed=("policy", "judge"))
    told = "the run first asks policy, judge some short questions (run.probe); no part of this"
    assert told in printed(plan)
    assert told[:15] not in printed(dataclasses.replace(plan, probed=()))
