#!/bin/sh
# transformers 5.19.0 with attn_implementation="sdpa" copies all cached keys and values of a model with
# grouped heads (Llama 3, Qwen, SmolLM) once per query head, for every token of a batch whose rows
# have unequal lengths, on a CPU as well. A batch without padding is not copied.
#
#   one row, no mask needed           keys reach torch with 2 heads, enable_gqa=True
#   two rows, one of them padded      keys reach torch with 6 heads, enable_gqa not set
#     (expected: 2; torch's kernels for a CPU take grouped heads together with a mask, and give the
#     same numbers, which is shown, too)
#
# The source says "CUDA and Ascend NPU require no mask"; a CPU goes the same way. Of a batch of rollouts
# with SmolLM2-135M (9 query heads on 3) most of the time was spent on these copies.
# Seen on 29 November 2026 with Python 3.11 and torch 2.13.0. Exits 1 if that changes. Outside CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "transformers==5.19.0" "torch==2.13.0" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM

torch.manual_seed(0)
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=32, hidden_size=48, intermediate_size=48, num_hidden_layers=1,
    num_attention_heads=6, num_key_value_heads=2, attn_implementation="sdpa",
)).eval()
whole = torch.nn.functional.scaled_dot_product_attention
calls = []


def watched(query, key, value, **options):
    calls.append((key.shape[1], bool(options.get("enable_gqa"))))
    return whole(query, key, value, **options)


def last_step(ids, mask):
    """Heads of the keys, and enable_gqa, in the step that reads one more token."""
    torch.nn.functional.scaled_dot_product_attention = whole
    with torch.inference_mode():
        cache = model(ids, attention_mask=mask, use_cache=True).past_key_values
        torch.nn.functional.scaled_dot_product_attention = watched
        longer = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)
        model(ids[:, :1], attention_mask=longer, past_key_values=cache)
    torch.nn.functional.scaled_dot_product_attention = whole
    return calls[-1]


ids = torch.tensor([[3, 4, 5, 6], [7, 8, 9, 10]])
alone = last_step(ids[:1], torch.ones(1, 4, dtype=torch.long))
padded = last_step(ids, torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1]]))
print("one row:", alone, " padded rows:", padded)

query, key, value = torch.randn(2, 6, 1, 8), torch.randn(2, 2, 5, 8), torch.randn(2, 2, 5, 8)
mask = torch.tensor([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]], dtype=torch.bool)[:, None, None]
grouped = whole(query, key, value, attn_mask=mask, enable_gqa=True)
copied = whole(query, key.repeat_interleave(3, 1), value.repeat_interleave(3, 1), attn_mask=mask)
same = torch.allclose(grouped, copied, atol=1e-6)
print("with a mask, torch takes grouped heads and gives the same:", same)
sys.exit(0 if (alone, padded, same) == ((2, True), (6, False), True) else 1)
PYTHON
