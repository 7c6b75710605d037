#!/bin/sh
# trl 1.13.0 trains a process reward model on soft labels as if all but certain steps were wrong:
# PRMTrainer takes a column `labels` of floats without a word and cuts each to a whole number.
#
#   labels [1.0, 0.9, 0.5, 0.0]    step labels after tokenize_row: 1, 0, 0, 0
#     (expected: an error, as for other columns that do not fit; or 1, 0.9, 0.5, 0)
#
# Shares of rollouts that end right (Math-Shepherd's soft estimate, OmegaPRM's value) are such a column: of a
# step from which 7 of 8 rollouts succeed the model learns that it is wrong. What train() sees of it is shown,
# too. Seen on 29 November 2026 with Python 3.11 and torch 2.13.0. Exits 1 if that changes. Outside CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "trl==1.13.0" "transformers==5.19.0" "datasets==5.2.0" "torch==2.13.0"
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import os

os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
from datasets import Dataset, Features, List, Value
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForTokenClassification
from trl.experimental.prm import PRMConfig, PRMTrainer

words = ["<pad>", "<unk>", "sum", "?", "a", "b", "c", "d", "."]
tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>")
model = Qwen2ForTokenClassification(
    Qwen2Config(vocab_size=len(words), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                num_attention_heads=1, num_key_value_heads=1, num_labels=2, pad_token_id=0)
)
row = {"prompt": "sum ?", "completions": ["a", "b", "c", "d"], "labels": [1.0, 0.9, 0.5, 0.0]}
kinds = Features({"prompt": Value("string"), "completions": List(Value("string")),
                  "labels": List(Value("float64"))})
rows = Dataset.from_list([row], features=kinds)
settings = PRMConfig(output_dir="out", step_separator=".", report_to=[], use_cpu=True, bf16=False, max_steps=1)
trainer = PRMTrainer(model=model, args=settings, train_dataset=rows, processing_class=tokenizer)
(batch,) = trainer.get_train_dataloader()
seen = [x for x in batch["labels"][0].tolist() if x != -100]
print("labels given:", row["labels"], " labels trained on:", seen)
assert seen == [1, 0, 0, 0], "trl's PRMTrainer no longer cuts soft labels to whole numbers"
PYTHON
echo "as described"
