"""Lets a model act: it writes to the end of a call, the search answers, it goes on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from agent_tokenizer import END_OF_CALL
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from labeler.oracle.agents.questions import Question
from labeler.oracle.agents.reading import query_of
from labeler.oracle.agents.reference import Search
from labeler.records import Observation, Turn
from labeler.turns.rendered import observation_text
from labeler.turns.tagged import tagged_turns

MOST_TURNS = 8
TOKENS_PER_TURN = 40


def prompt_of(question: Question) -> str:
    """What the policy reads before its first turn."""
    return f"<|user|>Question: {question.problem.text}<|end|><|assistant|>"


@torch.inference_mode()  # type: ignore[untyped-decorator]
def act(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    questions: Sequence[Question],
    searches: Sequence[Search],
    temperature: float = 0.0,
    seed: int = 0,
    begun: Sequence[str] | None = None,
) -> list[tuple[Turn, ...] | None]:
    """A trajectory for each question, from the text in `begun` on; None where it cannot be read or
    does not end.
    """
    torch.manual_seed(seed)
    end_of_call = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(END_OF_CALL))[0]
    texts = list(begun) if begun else ["" for _ in questions]
    going = list(range(len(questions)))
    done: set[int] = set()
    for _ in range(MOST_TURNS):
        if not going:
            break
        prompts = [prompt_of(questions[i]) + texts[i] for i in going]
        encoded = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
        drawn = {"do_sample": True, "temperature": temperature} if temperature else {}
        out = model.generate(
            input_ids=encoded.input_ids, attention_mask=encoded.attention_mask,
            max_new_tokens=TOKENS_PER_TURN, eos_token_id=[end_of_call, tokenizer.eos_token_id],
            pad_token_id=tokenizer.pad_token_id, top_k=0,
            **(drawn or {"do_sample": False}),
        )  # fmt: skip
        new = tokenizer.batch_decode(out[:, encoded.input_ids.shape[1] :], skip_special_tokens=True)
        still = []
        for i, text in zip(going, new, strict=True):
            texts[i] += text
            if not text.endswith("</tool_call>"):
                done.add(i)
                continue
            call = _last_call(text)
            if call is not None:
                seen = Observation("tool", searches[i](call), 0)
                texts[i] += f"\n{observation_text(seen)}\n"
                still.append(i)
        going = still
    return [_turns(texts[i]) if i in done else None for i in range(len(questions))]


def _last_call(text: str) -> str | None:
    turns = _turns(text)
    return query_of(turns[-1].calls[0]) if turns and turns[-1].calls else None


def _turns(text: str) -> tuple[Turn, ...] | None:
    try:
        return tuple(turn for _, turn in tagged_turns(text))
    except ValueError:
        return None
