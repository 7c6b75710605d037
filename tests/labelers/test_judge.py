"""The judge, talked to with literal replies."""

from functools import partial

import pytest

from labeler.driver.requests import Check, CheckResult, Failed
from labeler.labelers.judge.bias import family, signs_of_bias
from labeler.labelers.judge.judge import judge
from labeler.labelers.judge.settings import Judge, judge_tasks
from labeler.labelers.judge.votes import count_votes
from labeler.labelers.shared.replies.base import StepVerdict
from labeler.labelers.shared.verdict_evidence import AggregatedVerdict
from labeler.prompts import load_prompts
from labeler.records import Asks, Evidence, Verdict, prefix_id
from tests.labelers.talking import POLICY, PROBLEM, STEPS, finish, samples, solution, verdicts

DEFAULT, EMBEDDED = load_prompts("default"), load_prompts("embedded")
OK, BAD = "correct", "wrong"
RIGHT, WRONG, UNKNOWN = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN


def judged(*rounds, solutions=(STEPS,), prompts=DEFAULT, **settings):
    work = judge(
        PROBLEM,
        tuple(solution(*s) for s in solutions),
        Judge(prompts=prompts.folder, **settings),
        POLICY,
    )
    return finish(work, *rounds)


def said(found):
    return [(e.verdict, e.n_correct, e.n) for e in found.evidence]


def test_after_the_first_wrong_step_nothing_is_said():
    [[asked]], found = judged([samples(verdicts(OK, BAD, OK))])
    sha = judge_tasks(Judge()).sha
    make = partial(
        Evidence, labeler="judge", labeler_version=f"2+{sha}", asks=Asks.CORRECTNESS,
        model="critic/7b", n=1,
    )  # fmt: skip
    assert found.evidence == (
        make(
            prefix_id=prefix_id("p", STEPS[:1]), verdict=RIGHT, score=1.0, n_correct=1,
            rationale="a1", calls=1, prompt_tokens=10, completion_tokens=4,
        ),
        make(prefix_id=prefix_id("p", STEPS[:2]), verdict=WRONG, score=0.0, rationale="a2"),
    )  # fmt: skip
    assert (asked.n, asked.requester, asked.model) == (1, "judge", "policy")
    assert "20" not in asked.prompt.messages[1].content.replace("5 * 4 = 21", "")


def test_every_step_where_that_is_set():
    [[asked]], found = judged([samples(verdicts(OK, BAD, OK))], every_step=True)
    assert said(found) == [(RIGHT, 1, 1), (WRONG, 0, 1), (RIGHT, 1, 1)]
    assert "Judge every step" in asked.prompt.messages[0].content


def test_the_gold_answer_is_shown_where_that_is_set():
    [[asked]], _ = judged([samples(verdicts(OK, OK, OK))], with_gold=True)
    assert "<right_answer>20</right_answer>" in asked.prompt.messages[1].content


def test_a_server_that_failed_is_unknown_on_every_step():
    _, found = judged([Failed("503")])
    assert [(e.verdict, e.reason) for e in found.evidence] == [(UNKNOWN, "503")] * 3


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("majority", [(RIGHT, 3, 3), (WRONG, 1, 3)]),
        ("intersection", [(RIGHT, 3, 3), (RIGHT, 1, 3), (WRONG, 0, 1)]),
        ("union", [(RIGHT, 3, 3), (WRONG, 1, 3)]),
    ],
)
def test_votes_are_merged_step_by_step(rule, expected):
    replies = (verdicts(OK, BAD), verdicts(OK, BAD), verdicts(OK, OK, BAD))
    [[asked]], found = judged([samples(*replies)], votes=3, temperature=0.7, vote_rule=rule)
    assert (asked.n, asked.sampling.temperature) == (3, 0.7)
    assert said(found) == expected
    n_votes = sum(n for _, _, n in expected)
    agreeing = sum(n_right if v is RIGHT else n - n_right for v, n_right, n in expected)
    assert (found.statistics["votes"], found.statistics["votes_agreeing"]) == (n_votes, agreeing)


def step_verdicts(signs):
    table = {"+": RIGHT, "-": WRONG, "?": UNKNOWN}
    return tuple(StepVerdict(table[s], "why" if s == "?" else "", signs) for s in signs)


@pytest.mark.parametrize(
    ("critiques", "rule", "min_agreement", "expected", "reason"),
    [
        (("+", "-"), "majority", 0.0, UNKNOWN, "a tie of 2 votes"),
        (("+", "+", "-"), "majority", 0.9, UNKNOWN, "only 2 of 3 votes agree"),
        (("+", "+", "?"), "majority", 0.9, RIGHT, ""),
        (("+", "-", "-"), "intersection", 0.0, RIGHT, ""),
        (("+", "+", "-"), "union", 0.0, WRONG, ""),
        (("?", "?"), "majority", 0.0, UNKNOWN, "why"),
    ],
)
def test_ties_thin_majorities_and_silence(critiques, rule, min_agreement, expected, reason):
    [opinion] = count_votes(
        [step_verdicts(c) for c in critiques], rule, min_agreement=min_agreement, every_step=False
    )
    assert (opinion.verdict, opinion.reason) == (expected, reason)


def test_the_text_is_of_a_critique_that_agrees_with_the_vote_everywhere():
    critiques = [step_verdicts("-+"), step_verdicts("++"), step_verdicts("+-"), step_verdicts("+-")]
    opinions = count_votes(critiques, "majority", min_agreement=0, every_step=False)
    assert [(o.verdict, o.rationale) for o in opinions] == [(RIGHT, "+-"), (WRONG, "+-")]


def test_solving_first_puts_the_own_solution_beside_the_other():
    asked, found = judged(
        [samples("2 + 3 = 5\n5 * 4 = 20\nAnswer: 20")],
        [samples(verdicts(OK, BAD)), samples(verdicts(OK, OK))],
        solutions=(STEPS, ("2 + 3 = 5\n", "Answer: 5")),
        solve_first=True,
    )
    [[solve], both] = asked
    assert (solve.n, solve.sampling.temperature, len(both)) == (1, 0.0, 2)
    assert "Answer: 21" not in solve.prompt.messages[0].content
    for request in both:
        assert "<your_own_solution>\n2 + 3 = 5\n5 * 4 = 20" in request.prompt.messages[1].content
    assert [(e.calls, e.completion_tokens) for e in found.evidence] == [
        (2, 8), (0, 0), (1, 4), (0, 0),
    ]  # fmt: skip


def test_without_an_own_solution_everything_is_unknown():
    _, found = judged([samples("2 + 3", finish="length")], solve_first=True)
    assert {(e.verdict, e.reason) for e in found.evidence} == {
        (UNKNOWN, "the judge has no own solution: it was cut off")
    }


def test_the_own_solution_with_the_most_frequent_answer_serves():
    asked, _ = judged(
        [samples("Answer: 7"), samples("first\nAnswer: 20", "Answer: 8", "second\nAnswer: 20")],
        [samples(verdicts(OK, BAD))],
        solve_first=True,
        solve_tries=4,
    )
    assert [(r.n, r.sampling.temperature) for r in asked[0]] == [(1, 0.0), (3, 1.0)]
    assert "first\nAnswer: 20" in asked[1][0].prompt.messages[1].content


def test_with_the_gold_answer_only_an_own_solution_that_reaches_it_serves():
    own = [samples("Answer: 7"), samples("Answer: 7", "good\nAnswer: 20")]
    checks = [CheckResult(WRONG), CheckResult(RIGHT)]
    asked, _ = judged(
        own, checks, [samples(verdicts(OK, BAD))], solve_first=True, solve_tries=3, with_gold=True
    )
    assert asked[1] == [Check(PROBLEM, "7", "judge"), Check(PROBLEM, "20", "judge")]
    assert "good\nAnswer: 20" in asked[2][0].prompt.messages[1].content
    _, found = judged(
        own, [CheckResult(WRONG)] * 2, solve_first=True, solve_tries=3, with_gold=True
    )
    assert found.evidence[0].reason == "none of the judge's own solutions reaches the right answer"


@pytest.mark.parametrize(("mode", "second"), [("meta", "Criticise"), ("deliberate", "another way")])
def test_a_chain_shows_each_task_what_was_said_before_and_believes_the_last(mode, second):
    asked, found = judged(
        [samples("first " + verdicts(OK, OK, OK))],
        [samples("step 2 was passed over")],
        [samples(verdicts(OK, BAD))],
        mode=mode,
    )
    texts = [" ".join(m.content for m in r.prompt.messages) for [r] in asked]
    assert second in texts[1]
    assert [("first {" in t, "step 2 was passed over" in t) for t in texts] == [
        (False, False), (True, False), (True, True),
    ]  # fmt: skip
    assert [(bool(r.schema), r.n) for [r] in asked] == [(True, 1), (False, 1), (True, 1)]
    assert said(found) == [(RIGHT, 1, 1), (WRONG, 0, 1)]
    assert found.evidence[0].calls == 3


def test_in_a_chain_every_vote_goes_its_own_way_and_one_that_fails_is_silent():
    asked, found = judged(
        [samples(verdicts(BAD), verdicts(OK, OK, OK))],
        [samples("critic of one"), Failed("503")],
        [samples(verdicts(OK, OK, OK))],
        mode="meta",
        votes=2,
        temperature=1.0,
    )
    assert [len(requests) for requests in asked] == [1, 2, 1]
    assert said(found) == [(RIGHT, 1, 1)] * 3


def test_a_verdict_that_turns_with_the_order_of_the_prompt_is_unknown_and_counted():
    [both], found = judged(
        [samples(verdicts(OK, BAD, OK)), samples(verdicts(OK, OK, OK))], order_swap=True
    )
    orders = [r.prompt.messages[1].content.startswith("<problem>") for r in both]
    assert orders == [True, False]
    assert [e.verdict for e in found.evidence] == [RIGHT, UNKNOWN, RIGHT]
    assert found.evidence[1].reason == "the verdict turns with the order of the prompt"
    assert (found.statistics["order_pairs"], found.statistics["order_flips"]) == (3, 1)


def test_each_model_of_a_panel_gives_evidence_of_its_own():
    [both], found = judged(
        [samples(verdicts(BAD), model="a"), samples(verdicts(OK, OK, OK), model="b")],
        model="first",
        panel=("second", "first"),
    )
    assert [r.model for r in both] == ["first", "second"]
    assert [(e.model, e.verdict) for e in found.evidence] == [
        ("a", WRONG), ("b", RIGHT), ("b", RIGHT), ("b", RIGHT),
    ]  # fmt: skip


def test_the_embedded_judge_solves_first_and_annotates_by_its_own_solution():
    steps = ("Step 1: so: 2 + 3 = 5.\n", "Step 2: so: 5 * 4 = 21.\n", "Answer: 21")
    own = "Step 1: so: 2 + 3 = 5.\nStep 2: so: 5 * 4 = 20.\nAnswer: 20"
    reply = (
        "Step 1: 2 + 3 = 5; reference 1: 2 + 3 = 5: right.\n"
        "Step 2: 5 * 4 = 21; reference 2: 5 * 4 = 20: wrong.\nAnswer: 21; reference 3: 20: wrong.\n"
    )
    asked, found = judged(
        [samples(own)], [samples(reply)], solutions=(steps,), prompts=EMBEDDED, solve_first=True
    )
    assert asked[1][0].prompt.messages[0].content == (
        f"Annotate: {PROBLEM.text}\nReference:\n{own}\nSolution:\n{''.join(steps)}"
    )
    assert said(found) == [(RIGHT, 1, 1), (WRONG, 0, 1)]


def opinions(signs):
    return [AggregatedVerdict(r.verdict) for r in step_verdicts(signs)]


def test_signs_of_bias_are_counted():
    def right(text):
        return solution(text, outcome=RIGHT)

    found = signs_of_bias(
        [
            (right("a"), opinions("+")),
            (right("aa"), opinions("+")),
            (right("aaa"), opinions("-")),
            (solution("b"), opinions("+")),
            (solution("c"), opinions("-")),
        ],
        "Tiny-7B@main",
    )
    assert found == {
        "right_shorter": 1, "right_longer": 1, "right_longer_flagged": 1,
        "wrong_own_family": 2, "wrong_own_family_passed": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("Qwen/Qwen2.5-72B-Instruct@main", "qwen"), ("qwen3-8b", "qwen"), ("policy@1f", "policy"),
        ("/models/Llama-3.1-8B/", "llama"), ("4o", "4o"),
    ],
)  # fmt: skip
def test_the_family_of_a_model(model, expected):
    assert family(model) == expected
