"""Trajectories of agents in the forms that people have them in: one step per turn."""

import json

import pytest

from labeler.errors import DataError
from labeler.problems.solved import Reading, read_solutions
from labeler.records import Call, Known, Observation, Rejection, Said, Trajectory, Turn

QUESTION = "Where was the author of Dune born?"
SEARCH = Call("search", '{"query": "Dune author"}')
TOOL = {"type": "function", "function": {"name": "search"}}


def read(tmp_path, *records, **how):
    path = tmp_path / "agents.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return list(read_solutions(path, Reading(**how)))


def called(name, arguments, of=""):
    made = {"type": "function", "function": {"name": name, "arguments": arguments}}
    return made | ({"id": of} if of else {})


def assistant(content, *calls):
    return {"role": "assistant", "content": content, **({"tool_calls": [*calls]} if calls else {})}


def answer(content, of=""):
    return {"role": "tool", "content": content, **({"tool_call_id": of} if of else {})}


def chat(*messages, **fields):
    return {"problem": QUESTION, "answer": "Tacoma", "messages": [*messages], **fields}


def turns(tmp_path, *messages, **fields):
    [one] = read(tmp_path, chat(*messages, **fields))
    return one.reason if isinstance(one, Rejection) else one.solution.trajectory.turns


def test_a_file_of_openai_messages_is_one_step_per_message_of_the_assistant(tmp_path):
    [one] = read(
        tmp_path,
        {
            "id": "t1",
            "problem": QUESTION,
            "answer": ["Tacoma", "Tacoma, Washington"],
            "tools": [TOOL],
            "gold_calls": [{"name": "search", "parameters": {"query": "Dune author"}}],
            "entities": ["Frank Herbert"],
            "messages": [
                {"role": "system", "content": "Use tools."},
                {"role": "user", "content": QUESTION},
                assistant("I look.", called("search", SEARCH.arguments, "c1")),
                answer("Frank Herbert", "c1"),
                assistant(None, called("search", {"query": "Herbert"}, "c2")),
                answer("Error: timed out", "c2"),
                assistant("Tacoma"),
            ],
        },
    )
    assert one.solution.steps == (
        'I look.\n<tool_call>\n{"name": "search", "arguments": {"query": "Dune author"}}\n'
        "</tool_call>\n<tool_response>\nFrank Herbert\n</tool_response>\n",
        '<tool_call>\n{"name": "search", "arguments": {"query": "Herbert"}}\n</tool_call>\n'
        "<tool_response>\nError: timed out\n</tool_response>\n",
        "Tacoma\n",
    )
    assert one.solution.trajectory == Trajectory(
        turns=(
            Turn("I look.", (SEARCH,), (Observation("tool", "Frank Herbert", 0),)),
            Turn(
                "",
                (Call("search", '{"query": "Herbert"}'),),
                (Observation("tool", "Error: timed out", 0, "error"),),
            ),
            Turn("Tacoma"),
        ),
        opening=(Said("system", "Use tools."), Said("user", QUESTION)),
        tools=json.dumps([TOOL]),
    )
    assert (one.solution.solution_id, one.problem.domain, one.problem.gold_answer) == (
        "t1", "qa", "Tacoma",
    )  # fmt: skip
    assert one.problem.known == Known(("Tacoma, Washington",), (SEARCH,), ("Frank Herbert",))


def test_answers_are_matched_to_calls_by_id_and_without_one_by_order(tmp_path):
    two = (called("a", "{}", "c1"), called("b", "{}", "c2"))
    [first, _] = turns(
        tmp_path, assistant("", *two), answer("of b", "c2"), answer("of a", "c1"), assistant("x")
    )
    assert [(one.text, one.call) for one in first.observations] == [("of b", 1), ("of a", 0)]
    unnamed = (called("a", "{}"), called("b", "{}"))
    [first] = turns(tmp_path, assistant("", *unnamed), answer("of a"), answer("of b"))
    assert [(one.text, one.call) for one in first.observations] == [("of a", 0), ("of b", 1)]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([answer("x"), assistant("y")], "message 0: a tool answers before anything was called"),
        (
            [assistant("y", called("a", "{}", "c1")), answer("x", "c9")],
            "message 1: it answers the call 'c9', which the turn before does not make",
        ),
        (
            [assistant("y", called("a", "{}", "c1")), answer("x", "c1"), answer("x", "c1")],
            "message 2: the call 'c1' is answered twice",
        ),
        ([assistant("y"), answer("x", "c1")],
         "message 1: it answers the call 'c1', which the turn before does not make"),
        ([assistant("")], "message 0: the assistant says nothing and calls nothing"),
        ([assistant("y", {"function": {"arguments": "{}"}})], "message 0: a call has no name"),
        ([{"role": "assistant", "content": "y", "tool_calls": "z"}],
         "message 0: tool_calls is no list"),
        ([{"content": "y"}], "message 0 has no role"),
        (["y"], "message 0 has no role"),
        ([{"role": "user", "content": "y"}], "messages has no turn of the assistant"),
        ([{"role": "user", "content": 3}, assistant("y")],
         "message 0: its content is no text"),
        ([assistant("<tool_call>{}</tool_call>")],
         "message 0: a <tool_call> holds no JSON object with a name"),
        ([assistant('<tool_call>{"name": "a"}</tool_call><tool_response>42</tool_response>')],
         "message 0: a response stands in the assistant's own words: it may be invented"),
    ],
)  # fmt: skip
def test_malformed_messages_are_rejected_with_one_line(tmp_path, messages, reason):
    good = chat(assistant("Tacoma"))
    first, second = read(tmp_path, good, chat(*messages))
    assert first.solution.steps == ("Tacoma\n",)
    assert second == Rejection("read", f"{tmp_path}/agents.jsonl:2", reason)


def test_a_file_with_malformed_messages_alone_is_an_error_that_says_why(tmp_path):
    with pytest.raises(DataError, match="message 0: the assistant says nothing"):
        read(tmp_path, chat(assistant("")))


def test_calls_in_tags_are_calls_and_responses_in_a_users_words_are_the_tools(tmp_path):
    found = turns(
        tmp_path,
        assistant('I look.\n<tool_call>\n{"name": "a", "arguments": {"q": 1}}\n</tool_call>'),
        {"role": "user", "content": "<tool_response>\nfound\n</tool_response>"},
        assistant("y"),
        {"role": "user", "content": "Sure?"},
        {**assistant("Yes."), "reasoning_content": "Hm."},
    )
    assert found == (
        Turn("I look.", (Call("a", '{"q": 1}'),), (Observation("tool", "found", 0),)),
        Turn("y", (), (Observation("user", "Sure?"),)),
        Turn("<think>\nHm.\n</think>\nYes."),
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"content": "Traceback (most recent call last): ..."}, "error"),
        ({"content": "ValueError: no such city"}, "error"),
        ({"content": '{"error": "no key"}'}, "error"),
        ({"content": '{"error": null, "rows": []}'}, ""),
        ({"content": "nothing found"}, ""),
        ({"content": "The error of 1906 was mended."}, ""),
        ({"content": "x", "is_error": True}, "error"),
        ({"content": "x", "status": "error"}, "error"),
    ],
)
def test_an_observation_says_whether_its_call_failed(tmp_path, message, reason):
    [turn] = turns(tmp_path, assistant("", called("a", "{}")), {"role": "tool", **message})
    assert turn.observations[0].reason == reason


HERMES = (
    'I look.\n<tool_call>\n{"name": "s", "arguments": {"q": 1}}\n</tool_call><|im_end|>\n'
    "<|im_start|>user\n<tool_response>\nfound y\n</tool_response><|im_end|>\n"
    "<|im_start|>assistant\nThe answer is y."
)
REACT = (
    'Thought: I look.\nAction: s\nAction Input: {"q": 1}\nObservation: found y\n'
    "Thought 2: That is it.\nAction 2: Look[Paris]\nObservation 2: nothing\n"
    "Thought: done\nFinal Answer: y"
)


@pytest.mark.parametrize(
    ("text", "expected", "final"),
    [
        (
            HERMES,
            [
                Turn("I look.", (Call("s", '{"q": 1}'),), (Observation("tool", "found y", 0),)),
                Turn("The answer is y."),
            ],
            None,
        ),
        (
            REACT,
            [
                Turn("I look.", (Call("s", '{"q": 1}'),), (Observation("tool", "found y", 0),)),
                Turn(
                    "That is it.",
                    (Call("Look", '{"input": "Paris"}'),),
                    (Observation("tool", "nothing", 0),),
                ),
                Turn("done\ny"),
            ],
            "y",
        ),
        (
            "Thought: known\nAction: Finish[y]",
            [Turn("known\ny")],
            "y",
        ),
    ],
)
def test_a_trajectory_that_is_one_text_is_cut_into_turns_and_stays_that_text(
    tmp_path, text, expected, final
):
    [one] = read(tmp_path, {"problem": "?", "answer": "y", "trajectory": text})
    assert one.solution.trajectory.turns == tuple(expected)
    joined = "".join(one.solution.steps)
    assert joined.replace("\n", "") == text.replace("\n", "")
    assert one.solution.final_answer == final


def test_a_tag_that_is_never_closed_and_a_call_that_is_no_json_are_rejected(tmp_path):
    broken = [
        '<tool_call>{"name": "a"}</tool_call><tool_call>{"name"',
        "<tool_call>a(1)</tool_call>",
    ]
    good = {"problem": "?", "trajectory": HERMES}
    _, *found = read(tmp_path, good, *({"problem": "?", "trajectory": one} for one in broken))
    assert [one.reason for one in found] == [
        "trajectory: <tool_call> is never closed",
        "trajectory: a <tool_call> holds no JSON object with a name",
    ]


def component(**parts):
    return {name: {"text": text} for name, text in parts.items()}


def test_a_row_of_toolcomp_is_two_solutions_on_one_prefix(tmp_path):
    plan = {"action plan": {"text": "Add, then look."}}
    step = component(thought="I add.", action="calculator", action_input="1+1", observation="2")
    row = {
        "prompt": "1 + 1, then look?",
        "tools": "[{'name': 'calculator'}]",
        "historical_date": "2024-05-01",
        "history": json.dumps([plan]),
        "preferred": step,
        "dispreferred": step | component(action_input="1+2", observation="3"),
    }
    good, bad = read(tmp_path, row)
    assert good.solution.steps[0] == bad.solution.steps[0] == "Add, then look.\n"
    assert [(one.labels, one.notes) for one in (good, bad)] == [
        ((None, 1), ("", "preferred: action_input")),
        ((None, -1), ("", "dispreferred: action_input")),
    ]
    assert bad.solution.trajectory.turns[1] == Turn(
        "I add.", (Call("calculator", '{"input": "1+2"}'),), (Observation("tool", "3", 0),)
    )
    assert (good.problem.context, good.solution.trajectory.tools) == (
        ("Date: 2024-05-01",),
        '[{"name": "calculator"}]',
    )


def test_a_pair_of_plans_of_toolcomp_has_no_history(tmp_path):
    row = {"prompt": "?", "tools": "[]", "history": "[]",
           "preferred": component(**{"action plan": "Add."}),
           "dispreferred": component(**{"action plan": "Guess."})}  # fmt: skip
    good, bad = read(tmp_path, row)
    assert [(one.solution.steps, one.labels, one.notes) for one in (good, bad)] == [
        (("Add.\n",), (1,), ("preferred: plan",)),
        (("Guess.\n",), (-1,), ("dispreferred: plan",)),
    ]
