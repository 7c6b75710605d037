"""Rollouts that act, with literal replies: turn by turn, each call once, and what ends them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from labeler.driver.requests import (
    Act,
    Acted,
    Check,
    CheckResult,
    Completion,
    Failed,
    Message,
    Prompt,
    Sample,
    Samples,
)
from labeler.labelers.base import Policy, Rollouts, roll_out, steps_of, value_evidence
from labeler.labelers.shared.acting import Acting, sampling_of_turns
from labeler.records import (
    Call,
    Observation,
    Problem,
    Said,
    Sampling,
    Trajectory,
    Turn,
    Verdict,
)
from labeler.turns.observed import observed_spans
from labeler.turns.own import answering_text
from labeler.turns.step import TurnStep, turn_steps
from tests.labelers.talking import finish

PROBLEM = Problem("p", "qa", "Where was the author of Dune born?", "Tacoma")
ACTING = Acting({"search": "wiki", "sum": "calculator"}, '[{"name": "search"}]', max_turns=4)
POLICY = Policy(
    "tiny", "1", "Q: {problem}\n", "", sampling_of_turns(Sampling()), "\n", 0, acting=ACTING
)
RIGHT, WRONG = CheckResult(Verdict.CORRECT), CheckResult(Verdict.WRONG)


def says(*texts, finish="stop"):
    return Samples(tuple(Completion(text, 5, finish) for text in texts), 10, "tiny")


def call(query, thought="I look.\n"):
    inside = json.dumps({"name": "search", "arguments": {"query": query}})
    return f"{thought}<tool_call>\n{inside}\n"


def rolled(*rounds, n=1, prefixes=((),), policy=POLICY, **more):
    seeds = list(range(len(prefixes)))
    return finish(roll_out(policy, PROBLEM, prefixes, n, seeds, "mc", **more), *rounds)


def act(query, name="search", environment="wiki"):
    return Act(environment, Call(name, json.dumps({"query": query})), "mc")


TURN = """I look.
<tool_call>
{"name": "search", "arguments": {"query": "Dune"}}
</tool_call>
<tool_response>
Frank Herbert
</tool_response>
"""


def test_a_rollout_is_sampled_to_a_call_answered_and_goes_on_to_its_last_turn():
    asked, [found] = rolled(
        [says(call("Dune"))], [Acted("Frank Herbert")], [says("Answer: Tacoma")], [RIGHT]
    )
    [[first], [made], [second], [check]] = asked
    assert (first.prompt.prefix, first.n, first.seed) == ("", 1, 0)
    assert first.sampling.stop == ("</tool_call>", "<tool_response>")
    assert made == act("Dune")
    assert (second.prompt.prefix, second.n) == (TURN, 1)
    assert check == Check(PROBLEM, "Tacoma", "mc")
    [rollout] = found.rollouts
    assert rollout.turns == (TURN, "Answer: Tacoma")
    assert rollout.completion == Completion(TURN + "Answer: Tacoma", 10, "stop")
    assert (found.prompt_tokens, found.completion_tokens, found.more_calls) == (20, 10, 1)
    assert found.value == 1


def test_turns_may_be_shown_as_messages_of_a_chat():
    chatting = replace(POLICY, acting=replace(ACTING, in_messages=True))
    seen = TurnStep(TURN, Turn("I look.", (Call("search", '{"query": "Dune"}'),),
                               (Observation("tool", "Frank Herbert", 0),)))  # fmt: skip
    asked, [found] = rolled(
        [says(call("Herbert"))],
        [Acted("Tacoma")],
        [says("Answer: Tacoma")],
        [RIGHT],
        prefixes=[("Well.\n", seen)],
        policy=chatting,
    )
    question = Message("user", "Q: Where was the author of Dune born?\n")
    before = (
        question,
        Message("assistant", "Well.\n" + TURN.partition("\n<tool_response>")[0]),
        Message("user", "<tool_response>\nFrank Herbert\n</tool_response>"),
    )
    assert asked[0][0].prompt == Prompt(before)
    assert asked[2][0].prompt == Prompt(
        (
            *before,
            Message("assistant", call("Herbert") + "</tool_call>"),
            Message("user", "<tool_response>\nTacoma\n</tool_response>"),
        )
    )
    assert found.value == 1


def test_its_steps_know_what_they_are_made_of():
    _, [found] = rolled(
        [says(call("Dune"))], [Acted("Frank Herbert")], [says("Answer: Tacoma")], [RIGHT]
    )
    [rollout] = found.rollouts
    solution = POLICY.solution(PROBLEM, steps_of(POLICY, (), rollout), rollout.outcome, 7)
    looks = Turn(
        "I look.",
        (Call("search", '{"query": "Dune"}'),),
        (Observation("tool", "Frank Herbert", 0),),
    )
    assert solution.trajectory == Trajectory(
        (looks, Turn("Answer: Tacoma")),
        (Said("user", "Q: Where was the author of Dune born?\n"),),
        ACTING.tools,
    )
    assert (solution.final_answer, answering_text(solution)) == ("Tacoma", "Answer: Tacoma")
    assert [type(step) for step in solution.steps] == [str, str]
    [[start, end]] = observed_spans(solution)
    assert "".join(solution.steps)[start:end] == (
        "<tool_response>\nFrank Herbert\n</tool_response>\n"
    )
    assert turn_steps(solution)[0].turn == looks


def test_all_go_on_together_and_those_that_read_the_same_are_one_request():
    asked, found = rolled(
        [says(call("Dune"), call("Emma"), call("Dune")), says(call("Emma"), "Answer: A", "x")],
        [Acted("Frank Herbert"), Acted("Jane Austen")],
        [says("Answer: Tacoma", "Answer: Ural"), says("Answer: Ural"), says("Answer: Ural")],
        [WRONG, RIGHT, WRONG, WRONG],
        n=3,
        prefixes=[(), ("I think.\n",)],
    )
    assert asked[1] == [act("Dune"), act("Emma")]
    assert [(one.n, one.prompt.prefix[:8]) for one in asked[2]] == [
        (2, "I look.\n"),
        (1, "I look.\n"),
        (1, "I think."),
    ]
    assert len({one.seed for one in asked[2]}) == 3
    assert [one.answer for one in asked[3]] == ["A", "Tacoma", "Ural", "x"]
    assert [(one.n, one.n_correct) for one in found] == [(3, 1), (3, 0)]
    assert [one.more_calls for one in found] == [2, 1]


def test_the_same_arguments_in_another_order_are_the_same_call():
    written = '<tool_call>\n{"name": "search", "arguments": %s}\n'
    asked, _ = rolled(
        [says(written % '{"a": 1, "b": "x"}', written % '{"b":"x",  "a":1}')],
        [Acted("no")],
        [says("Answer: A"), says("Answer: A")],
        [WRONG],
        n=2,
    )
    assert asked[1] == [Act("wiki", Call("search", '{"a": 1, "b": "x"}'), "mc")]


@pytest.mark.parametrize(
    ("text", "said", "reason"),
    [
        (
            "Hm.\n<tool_call>\n{broken\n",
            "Error: a <tool_call> holds no JSON object with a name; "
            'write {"name": ..., "arguments": {...}} between the tags',
            "malformed call",
        ),
        (
            'Hm.\n<tool_call>\n{"name": "rm", "arguments": {}}\n',
            "Error: no tool is called 'rm'; there is search, sum",
            "unknown tool",
        ),
    ],
)
def test_a_call_that_cannot_be_made_is_answered_with_that_and_the_policy_goes_on(
    text, said, reason
):
    asked, [found] = rolled([says(text)], [says("Answer: Tacoma")], [RIGHT])
    whole = f"{text}</tool_call>\n<tool_response>\n{said}\n</tool_response>\n"
    assert asked[1][0].prompt.prefix == whole
    [observation] = found.rollouts[0].turns[0].turn.observations
    assert (observation.text, observation.reason) == (said, reason)
    assert found.value == 1


def test_what_a_tool_refuses_is_an_observation_with_its_kind():
    _, [found] = rolled(
        [says(call("Dune"))],
        [Acted("Error: late", "time-out")],
        [says("Answer: Tacoma")],
        [RIGHT],
    )
    [observation] = found.rollouts[0].turns[0].turn.observations
    assert observation == Observation("tool", "Error: late", 0, "time-out")


def test_an_invented_answer_of_a_tool_is_never_sampled():
    [[first]], _ = rolled([says("")])
    assert "<tool_response>" in first.sampling.stop


def reason_of(found: Rollouts) -> tuple[Verdict, str]:
    evidence = value_evidence("mc", "1", POLICY, PROBLEM, (), found)
    return evidence.verdict, evidence.reason


@pytest.mark.parametrize(
    ("rounds", "reason"),
    [
        ([[says("It is", finish="length")]], "cut off before its end: 1"),
        (
            [[says(call("Dune"))], [Failed("no reply after 12 tries: late")]],
            "tool search: no reply after 12 tries: late: 1",
        ),
        ([[says(call("Dune"))], [Acted("x")], [Failed("too long")]], "too long: 1"),
        ([[Failed("no model")]], "no model"),
        ([[says(call("Dune"))], [Acted("x")], [says()]], "its completion did not come: 1"),
        (
            [[says(call("a"))], [Acted("x")], [says(call("b"))], [Acted("x")],
             [says(call("c"))], [Acted("x")], [says(call("d"))], [Acted("x")]],
            "no readable answer: 1",
        ),
        ([[says("")]], "no readable answer: 1"),
    ],
)  # fmt: skip
def test_what_ends_without_an_answer_is_unknown_and_says_why(rounds, reason):
    _, [found] = rolled(*rounds)
    assert reason_of(found) == (Verdict.UNKNOWN, reason)


def test_where_what_cannot_be_read_is_wrong_a_rollout_that_calls_to_the_end_is_wrong():
    reading = replace(POLICY.reading, unreadable=Verdict.WRONG)
    policy = replace(POLICY, reading=reading, acting=replace(ACTING, max_turns=1))
    _, [found] = rolled([says(call("a"))], [Acted("x")], policy=policy)
    assert reason_of(found) == (Verdict.WRONG, "")


def test_turns_of_the_prefix_count_and_one_is_always_left():
    for n_before, n_rounds in ((3, 1), (9, 1), (2, 2)):
        rounds = [[says(call("a"))], [Acted("x")]] * n_rounds
        asked, _ = rolled(*rounds, prefixes=[("words\n",) * n_before])
        assert sum(isinstance(one, Sample) for row in asked for one in row) == n_rounds


def test_one_lost_rollout_among_wrong_ones_may_have_been_right():
    rounds = [says(call("Dune"), "Answer: Ural")], [Failed("late")], [WRONG]
    _, [found] = rolled(*rounds, n=2)
    assert (found.n, found.n_correct, found.value) == (1, 0, None)
    assert reason_of(found)[1] == "tool search: late: 1"


def test_a_gold_answer_in_an_observation_is_no_answer():
    _, [found] = rolled(
        [says(call("Dune"))], [Acted("Answer: Tacoma")], [says("Answer: Ural")], [WRONG]
    )
    assert found.value == 0


def test_tokens_keep_their_probabilities_turn_by_turn():
    def drawn(text):
        return Samples((Completion(text, 2, "stop", (text, ""), (-0.5, -0.25)),), 9, "tiny")

    asked, [found] = rolled(
        [drawn(call("Dune"))], [Acted("x")], [drawn("Answer: A")], [WRONG], token_texts=True
    )
    assert [one.logprobs for row in asked for one in row if isinstance(one, Sample)] == [True] * 2
    [rollout] = found.rollouts
    solution = POLICY.solution(PROBLEM, rollout.turns, WRONG, 0, rollout.completion)
    assert solution.logprobs == ((-0.5, -0.25), (-0.5, -0.25))


def test_a_step_travels_with_its_turn_through_pickle_and_is_text_once_it_is_changed():
    import pickle

    step = TurnStep("text\n", Turn("text"), (-1.0,))
    again = pickle.loads(pickle.dumps(step))
    assert (again, again.turn, again.logprobs) == ("text\n", Turn("text"), (-1.0,))
    assert type(step.strip()) is str
    assert hash(step) == hash("text\n")
