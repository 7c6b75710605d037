"""Agents' trajectories as chats: whole ones with a mask, and turn by turn.

Only messages of the assistant are ever trained on. In `messages` each of them has a `weight` (1
right, 0 wrong or without a label), as OpenAI's fine-tuning reads it; TRL does not, and with
`assistant_only_loss` trains on all of the assistant's messages. In `turn_sft` every right turn is
an example of its own: what came before, observations included, is its prompt, which TRL masks
whatever the chat template is. `dpo_turns` pairs a right and a wrong turn after one chat.
Sources: OpenAI's fine-tuning guide (multi-turn chats, weight); TRL documentation, dataset formats
(conversational, tool calling: `tools` may be JSON text) and SFTTrainer.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence

from labeler.export.base import (
    IGNORED,
    Example,
    ExportOptions,
    Format,
    Unit,
    View,
    all_right,
)
from labeler.export.chat import MESSAGE_TYPE, Message, opening_of, tools_of, turns_of
from labeler.records import Rejection

MAX_PAIRS = 10
NO_TURNS = "its steps are no turns of an agent"


def _whole(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    for view in views:
        if view.labeled.solution.trajectory is None:
            yield view.reject(NO_TURNS)
            continue
        targets = [step.target for step in view.steps]
        messages = [one | {"weight": 0} for one in opening_of(view)]
        for (spoken, seen), target in zip(turns_of(view), targets, strict=False):
            messages.append(spoken | {"weight": int(target == 1)})
            messages += [one | {"weight": 0} for one in seen]
        labels = [float(IGNORED) if target is None else target for target in targets]
        content = {"messages": messages, "tools": tools_of(view), "turn_labels": labels}
        yield Example(content, all_right([one for one in targets if one is not None]))


def _by_turn(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    for view in views:
        if view.labeled.solution.trajectory is None:
            yield view.reject(NO_TURNS)
            continue
        prompt = opening_of(view)
        is_any = False
        for (spoken, seen), step in zip(turns_of(view), view.steps, strict=False):
            if step.is_right:
                is_any = True
                yield Example(_one_turn(prompt, spoken, tools_of(view)))
            prompt = [*prompt, spoken, *seen]
        if not is_any:
            yield view.reject("no turn is labelled right")


def _pairs(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    sides: dict[str, tuple[dict[str, Message], dict[str, Message]]] = {}
    prompts: dict[str, tuple[list[Message], str]] = {}
    for view in views:
        if view.labeled.solution.trajectory is None:
            yield view.reject(NO_TURNS)
            continue
        before, prompt = "", opening_of(view)
        for (spoken, seen), step in zip(turns_of(view), view.steps, strict=False):
            if step.target is not None:
                side = sides.setdefault(before, ({}, {}))[0 if step.is_right else 1]
                # Turns that differ in what was answered to them alone are the same turn.
                side.setdefault(json.dumps(spoken), spoken)
                prompts.setdefault(before, (prompt, tools_of(view)))
            if step.target == 0:
                break  # After an error no next turn is right.
            before, prompt = step.labeled.prefix_id, [*prompt, spoken, *seen]
    for before, (right, wrong) in sides.items():
        prompt, tools = prompts[before]
        pairs = itertools.product(right.items(), wrong.items())
        differing = ((a, b) for (mine, a), (theirs, b) in pairs if mine != theirs)
        for chosen, rejected in itertools.islice(differing, MAX_PAIRS):
            yield Example(
                {"prompt": prompt, "chosen": [chosen], "rejected": [rejected], "tools": tools}
            )


def _one_turn(prompt: list[Message], spoken: Message, tools: str) -> Message:
    return {"prompt": prompt, "completion": [spoken], "tools": tools}


MESSAGES = Format(
    name="messages",
    about="agents' trajectories: messages in OpenAI's form with tools, a weight per message of the "
    "assistant, labels per turn",
    readers="OpenAI fine-tuning (weight); TRL SFTTrainer 1.x with assistant_only_loss=True, which "
    "does not read weight (it takes a column `labels` for tokens', hence turn_labels)",
    loss="evidence; solutions without turns; a turn without a label has -100 and weight 0",
    convert=_whole,
    soft=True,
    features=(
        ("messages", f"list:{MESSAGE_TYPE}  - {{name: weight, dtype: int64}}\n"),
        ("tools", "string"),
        ("turn_labels", "list: float64"),
    ),
)
TURN_SFT = Format(
    name="turn_sft",
    about="right turns of agents: the chat before as prompt, the turn as completion, with tools",
    readers="TRL SFTTrainer 1.x (conversational prompt-completion: the loss is on the turn alone)",
    loss="wrong turns and those without a label; evidence; solutions without turns",
    convert=_by_turn,
    balances=False,
    features=(
        ("prompt", f"list:{MESSAGE_TYPE}"),
        ("completion", f"list:{MESSAGE_TYPE}"),
        ("tools", "string"),
    ),
)
DPO_TURNS = Format(
    name="dpo_turns",
    about="agents' turn preference pairs: one chat before, a right and a wrong next turn",
    readers="TRL DPOTrainer 1.x (conversational prompt, chosen, rejected, with tools)",
    loss="prefixes with next turns of one kind only; soft labels; evidence; solutions without "
    "turns; more than 10 pairs of one prefix",
    convert=_pairs,
    unit=Unit.PROBLEM,
    balances=False,
    features=(
        ("prompt", f"list:{MESSAGE_TYPE}"),
        ("chosen", f"list:{MESSAGE_TYPE}"),
        ("rejected", f"list:{MESSAGE_TYPE}"),
        ("tools", "string"),
    ),
)
