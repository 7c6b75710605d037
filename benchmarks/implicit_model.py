"""An implicit reward model: the embedded policy, trained on outcomes of whole solutions only.

Free Process Rewards (arXiv 2412.01981), cross-entropy: with r = beta * sum of log phi - log ref
over the solution's tokens, the loss is that of sigmoid(r) against whether the answer was right.
`phi` begins as the reference. Small on purpose: minutes of one core.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from labeler.labelers.base import Policy
from labeler.problems.solved import SolutionRecord
from labeler.records import Verdict
from labeler.samplers.chat_template import load_tokenizer, render
from labeler.samplers.decoding import padded
from labeler.samplers.model_folder import load_model

BETA, EPOCHS, BATCH, RATE = 0.05, 3, 16, 5e-5


def train_implicit(
    model: str, policy: Policy, solved: Sequence[SolutionRecord], folder: Path, seed: int
) -> float:
    """Writes phi into `folder`; returns the training accuracy of sigmoid(r) > 1/2."""
    torch.manual_seed(seed)
    tokenizer = load_tokenizer(model)
    known = [one for one in solved if one.solution.outcome is not Verdict.UNKNOWN]
    rows = [_encoded(tokenizer, policy, one) for one in known]
    right = torch.tensor([one.solution.outcome is Verdict.CORRECT for one in known]).float()
    reference, phi = load_model(model, "cpu", "float32"), load_model(model, "cpu", "float32")
    with torch.no_grad():
        start = torch.cat([_sums(reference, [row]) for row in rows])
    phi.train()
    optimizer = torch.optim.AdamW(phi.parameters(), lr=RATE, weight_decay=0.0)
    correct = 0.0
    for _ in range(EPOCHS):
        correct = 0.0
        for some in torch.randperm(len(rows)).split(BATCH):
            r = BETA * (_sums(phi, [rows[int(i)] for i in some]) - start[some])
            loss = nn.functional.binary_cross_entropy_with_logits(r, right[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            correct += float(((r > 0) == (right[some] > 0.5)).sum())
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("*.py", "*.md", "*.safetensors"))
    phi.eval().save_pretrained(folder)
    return correct / len(rows)


def _encoded(tokenizer: object, policy: Policy, one: SolutionRecord) -> tuple[list[int], int]:
    """Prompt and solution as the sampler scores them, and where the solution begins."""
    encode = lambda text: list(tokenizer(text, add_special_tokens=False)["input_ids"])  # type: ignore[operator]  # noqa: E731
    prompt = encode(render(tokenizer, policy.prompt(one.problem)))
    return prompt + encode("".join(one.solution.steps)), len(prompt)


def _sums(model: nn.Module, rows: Sequence[tuple[list[int], int]]) -> Tensor:
    """Sum of the log-probabilities of each row's solution."""
    ids = padded(model, [ids for ids, _ in rows])
    logprobs = torch.log_softmax(model(input_ids=ids, use_cache=False).logits[:, :-1], dim=-1)
    chosen = logprobs.gather(-1, ids[:, 1:, None])[..., 0]
    place = torch.arange(1, ids.shape[1])
    starts = torch.tensor([start for _, start in rows])[:, None]
    ends = torch.tensor([len(ids) for ids, _ in rows])[:, None]
    return (chosen * ((place >= starts) & (place < ends))).sum(dim=1)
