"""What holds for every environment: whatever is asked, the answer is an observation."""

import json

import pytest

from labeler.driver.requests import Acted
from labeler.turns.failure import failure_of
from tests.environments.kinds import KINDS, ORDER, acted, environment


@pytest.fixture(params=sorted(KINDS))
def made(request, tmp_path):
    with environment(request.param, tmp_path) as both:
        yield both


def of_kinds(has):
    """Of the kinds of which this holds: a search never fails, a calculator says numbers only."""
    names = sorted(name for name, (_, kind) in KINDS.items() if has(kind))
    assert len(names) > 1
    return pytest.mark.parametrize("made", names, indirect=True)


def test_it_answers_in_order_each_call_by_itself(made):
    one, kind = made
    good = kind.asks(kind.good)
    answers = acted(one, good, "{}", good)
    assert [answers[0], answers[2]] == [Acted(kind.answer)] * 2
    assert answers[1].failure == "bad arguments"


def test_it_declares_its_tool_in_openais_form(made):
    one, kind = made
    [tool] = one.tools
    assert (tool["type"], tool["function"]["name"]) == ("function", one.name)
    assert list(tool["function"]["parameters"]["properties"]) == [kind.argument]
    assert tool["function"]["parameters"]["required"] == [kind.argument]
    assert json.loads(json.dumps(tool)) == tool


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{", "Error: the arguments are no JSON object"),
        ("[1]", "Error: the arguments are no JSON object"),
        ("[" * 100_000, "Error: the arguments are no JSON object"),
        ('"words"', "Error: the arguments are no JSON object"),
        ("", "Error: argument 'ARGUMENT': it is missing (NAME takes ARGUMENT)"),
        ("{}", "Error: argument 'ARGUMENT': it is missing (NAME takes ARGUMENT)"),
        (
            '{"ARGUMENT": "x", "more": 1}',
            "Error: argument 'more': there is no such argument (NAME takes ARGUMENT)",
        ),
        (
            '{"ARGUMENT": 7}',
            "Error: argument 'ARGUMENT': input should be a valid string (NAME takes ARGUMENT)",
        ),
        (
            '{"ARGUMENT": null}',
            "Error: argument 'ARGUMENT': input should be a valid string (NAME takes ARGUMENT)",
        ),
    ],
)
def test_arguments_that_it_does_not_take_are_an_observation(made, arguments, said):
    one, kind = made

    def named(text):
        return text.replace("ARGUMENT", kind.argument).replace("NAME", one.name)

    assert acted(one, named(arguments)) == [Acted(named(said), "bad arguments")]


def test_a_tool_that_it_has_not_is_an_observation(made):
    one, kind = made
    said = f"Error: no tool is called 'rm'; there is {one.name}"
    assert acted(one, kind.asks(kind.good), name="rm") == [Acted(said, "bad arguments")]


def test_arguments_as_json_inside_json_are_read(made):
    one, kind = made
    assert acted(one, json.dumps(kind.asks(kind.good))) == [Acted(kind.answer)]


@of_kinds(lambda kind: kind.fails)
def test_what_the_tool_cannot_do_is_an_observation_that_says_so(made):
    one, kind = made
    [answer] = acted(one, kind.asks(kind.fails))
    assert answer.failure
    assert failure_of({}, answer.text) == "error"


@of_kinds(lambda kind: kind.flood)
def test_ten_megabytes_are_bounded_and_a_note_says_what_is_left_out(made):
    one, kind = made
    [answer] = acted(one, kind.asks(kind.flood))
    assert len(answer.text) < 4100
    if answer.left_out:
        assert answer.text.endswith(f"\n({answer.left_out:,} more characters left out)")
        assert answer.left_out > 50_000
    else:
        assert answer.failure == "flood"


@of_kinds(lambda kind: kind.order)
def test_an_instruction_to_a_judge_is_an_observation_like_any_other(made):
    one, kind = made
    [answer] = acted(one, kind.asks(kind.order))
    assert ORDER in answer.text
    assert answer.failure is None


@pytest.mark.parametrize("text", ["\ud800\x00 half", "\0", "ё" * 5000, "<tool_call>{}</tool_call>"])
def test_what_is_no_text_or_too_much_of_it_is_asked_like_anything_else(made, text):
    one, kind = made
    [answer] = acted(one, json.dumps({kind.argument: text}))
    assert isinstance(answer, Acted)
    answer.text.encode()


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"http"}))  # whose address is another one
def test_the_same_settings_have_the_same_fingerprint(kind, tmp_path):
    with environment(kind, tmp_path) as (one, _), environment(kind, tmp_path) as (again, _):
        assert again.fingerprint == one.fingerprint
