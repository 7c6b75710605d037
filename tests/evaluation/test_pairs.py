"""Pairs of next steps: who is shown what, what is read, what it scores."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from labeler.cli import app
from labeler.driver.requests import Completion, Failed, Message
from labeler.evaluation.pair_scores import held_for_better, score_pairs
from labeler.evaluation.pairs import Choice, Pair, answer_of, judged, judges_of, pairs_of
from labeler.labelers.judge.settings import Judge
from labeler.problems.solved import read_solutions
from labeler.records import Asks, Evidence, Verdict
from labeler.stats.rates import Rate, wilson
from tests.http_server import Handler, serving
from tests.labelers.talking import finish, samples
from tests.labelers.test_prompts import CLOSING
from tests.test_cli import refused

RIGHT, WRONG, UNKNOWN = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN


def parts(**texts):
    return {name.replace("_plan", " plan"): {"text": text} for name, text in texts.items()}


PLAN = parts(action_plan="Add, then look.")
STEP = parts(thought="I add.", action="calculator", action_input='{"q": "1+1"}', observation="2\n3")
STEP_ROW = {
    "id": "b",
    "prompt": "1 + 1?",
    "tools": "['calculator']",
    "historical_date": "2024-05-01",
    "history": json.dumps([PLAN]),
    "preferred": STEP,
    "dispreferred": STEP | parts(action_input='{"q": "1+2"}', observation="3"),
}
PLAN_ROW = STEP_ROW | {
    "id": "a",
    "history": "[]",
    "preferred": PLAN,
    "dispreferred": parts(action_plan="Guess."),
}


def file(folder, *rows):
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pairs(folder, *rows):
    return pairs_of(read_solutions(file(folder, *rows)))


def ids(found):
    return [(p.better.solution.solution_id, p.worse.solution.solution_id, p.kind) for p in found]


def test_each_row_of_toolcomp_is_a_pair_of_plans_or_of_steps(tmp_path):
    other = PLAN_ROW | {"id": "c", "preferred": parts(action_plan="Look, then add.")}
    assert ids(pairs(tmp_path, PLAN_ROW, STEP_ROW, other)) == [
        ("a-preferred", "a-dispreferred", "plan"),
        ("b-preferred", "b-dispreferred", "step"),
        ("c-preferred", "c-dispreferred", "plan"),
    ]


def test_so_are_any_two_solutions_that_part_in_their_last_step(tmp_path):
    def one(name, *steps, **marks):
        return {"id": name, "problem": "1 + 1?", "steps": steps, **marks}

    found = pairs(
        tmp_path,
        one("right", "I add.", "2", label=-1),
        one("wrong", "I add.", "3", label=1),
        one("neutral", "I add.", "2?", labels=[1, 0]),
        one("unlabelled", "I add.", "4"),
        one("contradicts", "I add.", "2", labels=[1, -1]),
        one("elsewhere", "I count.", "3", label=1),
        one("longer", "I add.", "2", "5", label=2),
        one("also wrong", "I add.", "11", labels=[None, -1]),
    )
    assert ids(found) == [("right", "wrong", "step"), ("right", "also wrong", "step")]


def asked(pair, *replies, **settings):
    [judge] = judges_of("judge", Judge(**settings))
    return finish(judged(pair, judge, 0), replies)


def test_the_judge_sees_history_and_candidates_in_both_orders(tmp_path):
    [pair] = pairs(tmp_path, STEP_ROW)
    [requests], _ = asked(pair, samples("1"), samples("2"))
    call = "[thought]\nI add.\n[call calculator]\n"
    seen = "\n[observation, from tool calculator; not the solver's words]\n| "
    better, worse = f'{call}{{"q": "1+1"}}{seen}2\n| 3', f'{call}{{"q": "1+2"}}{seen}3'
    for request, (first, second) in zip(requests, [(better, worse), (worse, better)], strict=True):
        assert request.prompt.messages[-1] == Message(
            "user",
            "<problem>\n1 + 1?\n</problem>\n<context_1>Date: 2024-05-01</context_1>\n"
            '<tools>\n["calculator"]\n</tools>\n<earlier_steps>\n<step_1>\n[thought]\n'
            "Add, then look.\n</step_1>\n</earlier_steps>\n"
            f"<candidate_1>\n{first}\n</candidate_1>\n<candidate_2>\n{second}\n</candidate_2>"
            + CLOSING,
        )
    assert [(r.n, r.model, r.requester) for r in requests] == [(1, "policy", "judge")] * 2
    assert requests[0].seed == requests[1].seed


@pytest.mark.parametrize(
    ("better_first", "better_second", "choice"),
    [
        (samples("1"), samples("2"), Choice.BETTER),
        (samples("2"), samples("1"), Choice.WORSE),
        (samples("1"), samples("1"), Choice.ALWAYS_FIRST),
        (samples("2"), samples("2"), Choice.ALWAYS_SECOND),
        (samples("tie"), samples("tie"), Choice.TIE),
        (samples("1"), samples("tie"), Choice.TIE_ONCE),
        (samples("Hm."), samples("2"), Choice.UNREADABLE),
        (samples("1", finish="length"), samples("2"), Choice.UNREADABLE),
        (samples("1"), Failed("the server is down"), Choice.FAILED),
    ],
)
def test_answers_in_both_orders_make_a_choice(tmp_path, better_first, better_second, choice):
    [pair] = pairs(tmp_path, STEP_ROW)
    assert asked(pair, better_first, better_second)[1] is choice


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"analysis": "The first adds.", "better": "1"}', "1"),
        ('<think>{"better": 1}</think>{"better": 2}', "2"),
        ('Reasoning: ...\nLabel: ```json{"better_step": "tie"}```', "tie"),
        ('```json\n{"better_action_plan": 2}\n```', "2"),
        ("**Tie**.", "tie"),
        ('{"better": "1"} No: {"better": "2"}', ""),
        ('{"better": 3}', ""),
        ('{"better": true}', ""),
        ('{"analysis": "1"}', ""),
        ("Candidate 1 is as good as candidate 2.", ""),
        ("", ""),
    ],
)
def test_an_answer_is_1_2_or_tie_said_once(text, answer):
    assert answer_of(Completion(text, 4, "stop")) == answer


def says(verdict=UNKNOWN, score=None, signal=None):
    return [Evidence("p", "he", "1", Asks.CORRECTNESS, verdict, score=score, signal=signal)]


@pytest.mark.parametrize(
    ("on_better", "on_worse", "choice"),
    [
        (says(RIGHT), says(WRONG), Choice.BETTER),
        (says(WRONG), says(WRONG), Choice.TIE),
        (says(RIGHT), says(UNKNOWN), Choice.BETTER),
        (says(WRONG), [], Choice.WORSE),
        (says(score=0.6), says(UNKNOWN), Choice.SILENT),
        ([], [], Choice.SILENT),
        (says(RIGHT, score=0.6), says(RIGHT, score=0.7), Choice.WORSE),
        (says(RIGHT, score=0.6), says(WRONG), Choice.BETTER),
        (says(score=0.1, signal=-3.0), says(score=0.0, signal=-3.5), Choice.BETTER),
        (says(RIGHT, 1.0) + says(WRONG, 0.0), says(WRONG, 0.0), Choice.BETTER),
    ],
)
def test_evidence_on_both_steps_makes_a_choice(on_better, on_worse, choice):
    assert held_for_better(on_better, on_worse) is choice


def test_what_is_no_choice_scores_a_half_and_what_failed_nothing(tmp_path):
    [plan, step] = pairs(tmp_path, PLAN_ROW, STEP_ROW)
    choices = [
        *[Choice.BETTER] * 3, Choice.WORSE, Choice.ALWAYS_FIRST, Choice.TIE,
        Choice.TIE_ONCE, Choice.UNREADABLE, Choice.FAILED,
    ]  # fmt: skip
    found = score_pairs([plan, *[step] * 8], {"judge": choices}, {})
    whole = found.sources["judge"]["all"]
    assert (found.n, found.kinds) == (9, {"plan": 1, "step": 8})
    assert (whole.n, whole.accuracy, whole.by_position) == (8, 5 / 8, wilson(1, 5))
    assert whole.interval == (wilson(5, 8).low, wilson(5, 8).high)
    assert whole.counts == {
        "better": 3, "worse": 1, "tie": 1, "always_first": 1, "tie_in_one_order": 1,
        "unreadable": 1, "failed": 1,
    }  # fmt: skip
    assert [found.sources["judge"][kind].n for kind in ("plan", "step")] == [1, 7]


def test_of_what_failed_throughout_nothing_is_said(tmp_path):
    found = score_pairs([Pair(*[None] * 2)], {"judge": [Choice.FAILED]}, {}).sources["judge"]["all"]
    assert (found.n, found.accuracy, found.interval) == (0, None, None)
    assert found.by_position == Rate(0, 0, None, None, None)


def share(n_yes, n):
    return asdict(wilson(n_yes, n))


class Position(Handler):
    """A judge that knows which step is better, and of two plans takes the first."""

    def do_GET(self):
        self.say(200, {"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self):
        text = self.asked()["messages"][-1]["content"]
        first = text.partition("<candidate_1>")[2].partition("</candidate_1>")[0]
        better = "1" if "[call" not in first or "1+1" in first else "2"
        message = {"role": "assistant", "content": json.dumps({"better": better})}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 9, "completion_tokens": 3}
        self.say(200, {"choices": [choice], "usage": usage})


RUN = """
problems: {{kind: oracle, n: 1}}
policy: {{kind: openai, model: m, urls: ["{url}/v1"], api: chat}}
labelers: [{{kind: judge}}]
run: {{probe: false}}
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_judges_and_others_are_compared_on_the_pairs_of_a_file(tmp_path, as_json):
    slip = parts(thought="1 + 1 = 3.", action="calculator", action_input="1+2")
    rows = PLAN_ROW, STEP_ROW | {"dispreferred": slip}
    with serving(Position) as url:
        (tmp_path / "run.yaml").write_text(RUN.format(url=url))
        words = ["eval", str(file(tmp_path, *rows)), "--pairs"]
        words += ["--labeler", "judge", "--labeler", "tool_check"]
        words += ["--config", str(tmp_path / "run.yaml"), *["--json"][:as_json]]
        result = CliRunner().invoke(app, words, catch_exceptions=False)
    if not as_json:
        rows = [line.split() for line in result.stdout.splitlines()]
        assert ["judge", "all", "2", "0.75", "[0.20,", "0.97]", "0.50", "[0.09,", "0.91]"] in rows
        assert "judge, all: 1 better, 1 always first" in result.stdout
        return
    found = json.loads(result.stdout)
    assert (found["n"], found["kinds"]) == (2, {"plan": 1, "step": 1})
    told = {
        (name, kind): (one["accuracy"], one["counts"], one["by_position"])
        for name, kinds in found["sources"].items()
        for kind, one in kinds.items()
    }
    assert told == {
        ("judge", "all"): (0.75, {"better": 1, "always_first": 1}, share(1, 2)),
        ("judge", "plan"): (0.5, {"always_first": 1}, share(1, 1)),
        ("judge", "step"): (1.0, {"better": 1}, share(0, 1)),
        ("tool_check", "all"): (0.75, {"better": 1, "silent": 1}, None),
        ("tool_check", "plan"): (0.5, {"silent": 1}, None),
        ("tool_check", "step"): (1.0, {"better": 1}, None),
    }


def test_a_file_without_pairs_is_one_line(tmp_path):
    path = file(tmp_path, {"problem": "1 + 1?", "steps": ["3"], "label": 0})
    assert refused("eval", path, "--pairs", "--labeler", "tool_check") == (
        f"labeler: {path}: no pairs in it; a pair is two solutions of one problem with the same "
        "steps before the last one, which is labelled 1 in the one and -1 in the other"
    )


def test_pairs_are_of_files(tmp_path):
    assert refused("eval", "oracle", "--pairs", "--labeler", "tool_check") == (
        "labeler: --pairs takes a file, and neither --consensus nor --flags"
    )
