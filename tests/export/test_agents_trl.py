"""A file of agents' chats, judged, exported, and read back by TRL's SFT trainer, token by token.

Nothing but the policy's words has a loss. The judge is a server that says what the test wants.

TRL's own chat template for Qwen3 and a tokenizer with one token per byte, so that a token is a
character here. Importing TRL alone takes 20 s, so this runs with LABELER_LONG_TESTS=1: 1,000
trajectories, half a minute on an idle machine.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from labeler.dataset import Dataset, open_dataset
from labeler.export import FORMATS, ExportOptions, export
from labeler.records import LabeledSolution, Turn
from labeler.wiring import run
from labeler.wiring.solutions_file import SolvedPlace, config_for_file
from tests.http_server import Handler, serving

from .test_agents import agent, looked

pytestmark = pytest.mark.skipif(
    "LABELER_LONG_TESTS" not in os.environ, reason="LABELER_LONG_TESTS=1"
)
N = int(os.environ.get("LABELER_TRAJECTORIES", "1000"))
HIDDEN = "0BSERVED"
"""Stands in every observation and nowhere else."""


def trajectories(n: int) -> list[LabeledSolution]:
    """Two to five turns: with and without words, failed calls, an answer in the observation."""
    found = []
    for i in range(n):
        turns = [looked(f"{i} fact {t}", f"{HIDDEN} Tacoma {t}") for t in range(1 + i % 4)]
        if i % 3 == 0:
            turns[0] = looked(f"{i}", f"Error: {HIDDEN}", thought="", reason="error")
        whole = (*turns, Turn(f"Tacoma, as of {i}."))
        labels = (*(1 for _ in turns), -1 if i % 5 == 0 else 1)
        found.append(agent(f"s{i}", whole, labels, i))
    return found


class Judge(Handler):
    """Calls every step right, but the last one of every fifth solution."""

    def do_GET(self) -> None:
        self.say(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self) -> None:
        asked = self.asked()["messages"][-1]["content"]
        n_steps = len(re.findall(r"^<step_\d+>", asked, re.M))
        number = re.search(r"Tacoma, as of (\d+)\.", asked)
        assert number and asked.count(HIDDEN) == asked.count("| ") >= n_steps - 1, asked
        said = ["correct"] * n_steps
        if int(number[1]) % 5 == 0:
            said[-1] = "wrong"
        steps = [{"step": t, "analysis": "Seen.", "verdict": v} for t, v in enumerate(said, 1)]
        reply = json.dumps({"steps": steps, "conclusion": said[-1]})
        choice = {"index": 0, "message": {"role": "assistant", "content": reply},
                  "finish_reason": "stop"}  # fmt: skip
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        self.say(200, {"id": "1", "model": "scripted", "choices": [choice], "usage": usage})


def line_of(labeled: LabeledSolution) -> dict[str, Any]:
    """The solution as a line of a file in OpenAI's form."""
    assert labeled.solution.trajectory
    said = labeled.solution.trajectory
    messages: list[dict[str, Any]] = [{"role": o.role, "content": o.text} for o in said.opening]
    for turn in said.turns:
        calls = [
            {"id": f"c{i}", "type": "function",
             "function": {"name": call.name, "arguments": call.arguments}}
            for i, call in enumerate(turn.calls)
        ]  # fmt: skip
        messages.append({"role": "assistant", "content": turn.thought or None}
                        | ({"tool_calls": calls} if calls else {}))  # fmt: skip
        messages += [
            {"role": "tool", "tool_call_id": f"c{one.call}", "content": one.text}
            for one in turn.observations
        ]
    problem = labeled.problem
    return {"id": labeled.solution.solution_id, "problem": problem.text, "answer": "Tacoma",
            "messages": messages, "tools": json.loads(said.tools)}  # fmt: skip


def facts(labeled: LabeledSolution) -> tuple[object, list[int | None]]:
    """What must come back: the structure, and the judge's labels."""
    return labeled.solution.trajectory, [step.label for step in labeled.steps]


def labelled(folder: Path, solutions: list[LabeledSolution]) -> Dataset:
    """`labeler label FILE --labeler judge`, with the scripted judge."""
    file, config = folder / "agents.jsonl", folder / "run.yaml"
    file.write_text("\n".join(json.dumps(line_of(one)) for one in solutions), encoding="utf-8")
    with serving(Judge) as url:
        content = {
            "name": "agents",
            "problems": {"kind": "solved", "path": str(file)},
            "policy": {"kind": "openai", "model": "scripted", "urls": [f"{url}/v1"]},
            "labelers": [{"kind": "judge"}],
            "consensus": {"rule": "each_step"},
            "run": {"probe": False},
        }
        config.write_text(json.dumps(content))
        place = SolvedPlace.of(str(file), "auto", [], "train", None)
        run(config_for_file(place, ["judge"], config, []), folder / "d")
    return open_dataset(folder / "d")


@pytest.fixture(scope="module")
def byte_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    chat_templates = pytest.importorskip("trl.chat_template_utils")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({c: i for i, c in enumerate([*special, *letters])}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(special)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=chat_templates.qwen3_chat_template,
    )


def trained(folder: Path, tokenizer: Any, cache: Path) -> list[tuple[str, str]]:
    """Of each example, the text that TRL feeds and the part of it that has a loss."""
    import datasets
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import SFTConfig, SFTTrainer

    loaded = datasets.load_dataset(str(folder), split="train", cache_dir=str(cache))
    small = LlamaConfig(vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8,
                        num_hidden_layers=1, num_attention_heads=1)  # fmt: skip
    trainer = SFTTrainer(
        LlamaForCausalLM(small),
        args=SFTConfig(
            output_dir=str(cache / "trl"), max_length=None, report_to=[], use_cpu=True, bf16=False,
            assistant_only_loss="messages" in loaded.column_names, packing=False,
        ),
        train_dataset=loaded,
        processing_class=tokenizer,
    )  # fmt: skip
    pairs = []
    for start in range(0, len(trainer.train_dataset), 8):
        rows = [trainer.train_dataset[i] for i in range(start, min(start + 8, len(loaded)))]
        batch = trainer.data_collator(rows)
        for ids, labels in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
            kept = [i for i, label in zip(ids, labels, strict=True) if label != -100]
            pairs.append((tokenizer.decode(ids), tokenizer.decode(kept)))
    return pairs


def spoken(turn: Turn) -> str:
    """The turn as Qwen3's template writes it, to its end."""
    calls = "".join(
        f'\n<tool_call>\n{{"name": "{one.name}", "arguments": {one.arguments}}}\n</tool_call>'
        for one in turn.calls
    )
    return f"{turn.thought}{calls if turn.thought else calls.lstrip()}<|im_end|>\n"


NO_THOUGHT = "<think>\n\n</think>\n\n"
"""What TRL's template for training writes before what the assistant says."""


@pytest.mark.filterwarnings("ignore")
def test_trl_trains_on_all_that_the_assistant_says_and_on_no_observation(
    tmp_path: Path, byte_tokenizer: Any
) -> None:
    solutions = trajectories(N)
    dataset = labelled(tmp_path, solutions)
    rows = {row.solution.solution_id: row for row in dataset.solutions()}
    found_rows = [rows[one.solution.solution_id] for one in solutions]
    assert [facts(one) for one in found_rows] == [facts(one) for one in solutions]
    solutions = list(dataset.solutions())
    options = ExportOptions(splits={"train": 1.0})
    export(dataset, FORMATS["messages"], tmp_path / "whole", options)
    found = trained(tmp_path / "whole", byte_tokenizer, tmp_path / "cache")
    turns = [one.solution.trajectory.turns for one in solutions if one.solution.trajectory]
    assert [loss.replace(NO_THOUGHT, "") for _, loss in found] == [
        "".join(map(spoken, whole)) for whole in turns
    ]
    assert [fed.count(HIDDEN) for fed, _ in found] == [len(whole) - 1 for whole in turns]

    export(dataset, FORMATS["turn_sft"], tmp_path / "turns", options)
    found = trained(tmp_path / "turns", byte_tokenizer, tmp_path / "cache")
    right = [
        spoken(turn)
        for one in solutions
        for turn, step in zip(one.solution.trajectory.turns, one.steps, strict=True)  # type: ignore[union-attr]
        if step.label == 1
    ]
    assert [loss.replace(NO_THOUGHT, "") for _, loss in found] == right
    assert not any(HIDDEN in loss for _, loss in found)
