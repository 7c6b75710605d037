"""Agents' trajectories exported: only the policy's words are ever trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labeler.export import FORMATS, ExportOptions, export
from labeler.records import (
    Asks,
    Call,
    Evidence,
    LabeledSolution,
    Observation,
    Problem,
    Said,
    Trajectory,
    Turn,
    Verdict,
)
from labeler.turns.rendered import text_of

from .datasets import RIGHT, dataset_of, solved
from .test_formats import made

C, W = Verdict.CORRECT, Verdict.WRONG
TOOLS = json.dumps(
    [
        {
            "type": "function",
            "function": {
                "name": "search",
                "description": "Looks up.",
                "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
            },
        }
    ]
)


def looked(query: str, seen: str, thought: str = "I look.", reason: str = "") -> Turn:
    call = Call("search", json.dumps({"query": query}))
    return Turn(thought, (call,), (Observation("tool", seen, 0, reason),))


def agent(
    name: str, turns: tuple[Turn, ...], labels: tuple[int | None, ...], number: int = 1
) -> LabeledSolution:
    of = Problem(f"a{number}", "qa", f"Where was author {number} born?", "Tacoma")
    labeled = solved(name, of, tuple(map(text_of, turns)), labels, C if -1 not in labels else W)
    opening = (Said("system", "Use tools."), Said("user", of.text))
    trajectory = Trajectory(turns, opening, TOOLS)
    return replace(labeled, solution=replace(labeled.solution, trajectory=trajectory))


FIRST = looked("Dune author", "Frank Herbert SECRET")
GOOD = agent("good", (FIRST, Turn("Tacoma")), (1, 1))
BAD = agent("bad", (FIRST, looked("Dune film", "1984 SECRET"), Turn("Los Angeles")), (1, -1, None))


def said(role: str, text: str, **more: Any) -> dict[str, Any]:
    empty = {"tool_calls": [], "tool_call_id": "", "name": ""}
    return {"role": role, "content": text, **empty, **more}


def called(turn: int, query: str) -> dict[str, Any]:
    function = {"name": "search", "arguments": json.dumps({"query": query})}
    call = {"id": f"call_{turn}_0", "type": "function", "function": function}
    return said("assistant", "I look.", tool_calls=[call])


def tool(turn: int, text: str) -> dict[str, Any]:
    return said("tool", text, tool_call_id=f"call_{turn}_0", name="search")


ASKED = [said("system", "Use tools."), said("user", "Where was author 1 born?")]
LOOKED = [called(0, "Dune author"), tool(0, "Frank Herbert SECRET")]


def test_messages_have_a_weight_which_is_0_for_all_but_right_turns() -> None:
    [found] = made("messages", BAD)
    assert found == {
        "messages": [
            *(one | {"weight": 0} for one in ASKED),
            LOOKED[0] | {"weight": 1},
            LOOKED[1] | {"weight": 0},
            called(1, "Dune film") | {"weight": 0},
            tool(1, "1984 SECRET") | {"weight": 0},
        ],
        "tools": TOOLS,
        "turn_labels": [1.0, 0.0],
    }


def test_a_right_turn_is_an_example_with_the_chat_before_as_its_prompt() -> None:
    assert made("turn_sft", GOOD) == [
        {"prompt": ASKED, "completion": [LOOKED[0]], "tools": TOOLS},
        {"prompt": [*ASKED, *LOOKED], "completion": [said("assistant", "Tacoma")], "tools": TOOLS},
    ]


def test_pairs_of_turns_have_observations_in_their_prompt_alone() -> None:
    assert made("dpo_turns", GOOD, BAD) == [
        {
            "prompt": [*ASKED, *LOOKED],
            "chosen": [said("assistant", "Tacoma")],
            "rejected": [called(1, "Dune film")],
            "tools": TOOLS,
        }
    ]
    question = ASKED[1]["content"]
    assert made("dpo_steps", GOOD, BAD) == [
        {
            "prompt": f"{question}\n{text_of(FIRST)}",
            "chosen": "Tacoma",
            "rejected": 'I look.\n<tool_call>\n{"name": "search", "arguments": '
            '{"query": "Dune film"}}\n</tool_call>',
        }
    ]


@pytest.mark.parametrize("name", ["dpo_turns", "dpo_steps"])
def test_turns_that_differ_in_the_answers_to_them_alone_are_no_pair(name: str) -> None:
    other = agent("other", (looked("Dune author", "Error: down", reason="error"),), (-1,))
    assert made(name, GOOD, other) == []


def test_rewards_say_which_characters_are_observations() -> None:
    [found] = made("step_rewards", BAD, options=ExportOptions())
    assert isinstance(found, dict)
    hidden = [found["completion"][start:end] for start, end in found["observations"]]
    assert hidden == [
        "<tool_response>\nFrank Herbert SECRET\n</tool_response>\n",
        "<tool_response>\n1984 SECRET\n</tool_response>\n",
    ]
    [values] = made("step_values", GOOD)
    assert isinstance(values, dict)
    assert [values["completion"][a:b] for a, b in values["observations"]] == hidden[:1]


def test_formats_that_would_train_on_observations_have_no_trajectory() -> None:
    assert made("dpo_pareto", GOOD, BAD) == ["whole trajectories hold what tools answered"] * 2
    assert made("masked_fill", GOOD) == ["its problem has no right chain"]


def test_solutions_without_turns_are_rejected_and_no_other_format_changes() -> None:
    assert made("messages", RIGHT) == ["its steps are no turns of an agent"]
    assert "observations" not in made("step_rewards", RIGHT)[0]


def test_datasets_reads_the_messages_back_with_one_type_for_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    # Rows without any call come first: a type that is inferred from them would not hold the others.
    plain = [agent(f"p{n}", (Turn("Tacoma"),), (1,), n) for n in range(2, 40)]
    dataset = dataset_of(tmp_path, *plain, GOOD)
    for name in ("messages", "turn_sft"):
        whole = export(
            dataset, FORMATS[name], tmp_path / name, ExportOptions(splits={"train": 1.0})
        )
        loaded = datasets.load_dataset(str(tmp_path / name), split="train", cache_dir=str(tmp_path))
        lines = (tmp_path / name / "train.jsonl").read_text().splitlines()
        assert [dict(row) for row in loaded] == list(map(json.loads, lines))
        assert whole.examples == {"train": len(lines)}


def with_scores(labeled: LabeledSolution, answer: str, *scores: float | None) -> LabeledSolution:
    """With evidence of tool_match on its turns; None for a turn that calls nothing."""
    steps = tuple(
        replace(
            step,
            evidence=(
                Evidence(step.prefix_id, "tool_match", "1", Asks.CORRECTNESS, Verdict.UNKNOWN,
                         score, reason="x"),
                Evidence(step.prefix_id, "entity_gain", "1", Asks.CORRECTNESS, Verdict.UNKNOWN,
                         reason="x", signal=0.25),
            ),
        )
        for step, score in zip(labeled.steps, scores, strict=True)
    )  # fmt: skip
    return replace(labeled, steps=steps, solution=replace(labeled.solution, final_answer=answer))


def test_matchtirs_rewards_are_discounted_and_standardised_per_turn_and_whole() -> None:
    good = with_scores(GOOD, "Tacoma", 1.0, None)
    bad = with_scores(BAD, "Los Angeles", 0.5, 0.5, None)
    first, second = made("turn_rewards", good, bad)
    assert isinstance(first, dict) and isinstance(second, dict)
    numbers = ("turn", "turn_rewards", "turn_returns", "turn_z", "trajectory_z", "advantages",
               "entity_rate", "egrpo")  # fmt: skip
    # Returns: 1 + 0.9 * 1, 1; 0.5 + 0.9 * 0.5 + 0, 0.5, 0. Of two values each is 1 or -1 spreads
    # off; a turn that one solution alone has is 0. Sums 2 and 1. E-GRPO: 0.3 * 0.75 / 0.75.
    assert {name: first[name] for name in numbers} == {
        "turn": [0, -1, 1], "turn_rewards": [1.0, 1.0], "turn_returns": [1.9, 1.0],
        "turn_z": pytest.approx([1.0, 1.0]), "trajectory_z": 1.0,
        "advantages": pytest.approx([1.0, 1.0]), "entity_rate": 0.5, "egrpo": 1.0,
    }  # fmt: skip
    assert {name: second[name] for name in numbers} == {
        "turn": [0, -1, 1, -1, 2], "turn_rewards": [0.5, 0.5, 0.0],
        "turn_returns": [0.95, 0.5, 0.0], "turn_z": pytest.approx([-1.0, -1.0, 0.0]),
        "trajectory_z": -1.0, "advantages": pytest.approx([-1.0, -1.0, -0.5]),
        "entity_rate": 0.75, "egrpo": pytest.approx(0.3),
    }  # fmt: skip


def test_turns_without_scores_have_no_rewards() -> None:
    assert made("turn_rewards", GOOD) == ["a turn with calls has no score of labeler tool_match"]
