"""Builds the embedded policy's tokenizer: one token per number 0-999, words, phrases, and bytes.

A Unigram model over bytes whose known pieces all score alike, so a text is cut into as few pieces
as possible; what is no known piece falls back to single bytes, so decoding gives any text back
exactly. Numbers are one token only after a space, which is how the domain writes them. Phrases that
never vary are one token too: they would cost time to train and to sample, and teach nothing.
"""

from __future__ import annotations

import re

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from labeler.oracle.generate import Difficulty, generate_problems

SPECIAL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
PHRASES = (
    *(f"Step {k}:" for k in range(1, 21)),
    "Answer:", "Solve:", "Judge:", "Annotate:", "\nReference:\n", "\nSolution:\n",
    ".\n", ":", ".", "\n", ",", " +", " -", " *", " /", " =", " / 100 =",
    "; expected", "; reference", ": right.\n", ": wrong.\n",
    " times as many", " and gives all of them to", " more than", " percent of the", " of the",
    " equal parts", " and keeps one part.", " splits the", " splits into", " How many",
    " have now?", " Each hour", ", for", " hours.", " hours:", " one third", " one quarter",
    " one fifth", " then:",
)  # fmt: skip


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The same tokenizer every time: pieces are the phrases, then the domain's words by name."""
    words: set[str] = set()
    for problem in generate_problems(4000, seed=0, difficulty=Difficulty(2, 16, 400, 0.3)):
        words.update(re.findall(r" ?[A-Za-z]+", problem.problem.text))
        words.update(re.findall(r" ?[A-Za-z]+", "".join(problem.problem.reference_solution)))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    pieces = [*(f" {n}" for n in range(1000)), *PHRASES, *sorted(words - set(PHRASES))]
    encoded = [byte_level.pre_tokenize_str(piece)[0][0] for piece in pieces]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = (
        [(token, 0.0) for token in SPECIAL]
        + [(piece, -1.0) for piece in encoded if len(piece) > 1]
        + [(letter, -100.0) for letter in letters if letter not in encoded]
        + [(letter, -1.0) for letter in letters if letter in encoded]
    )
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = byte_level
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        chat_template=CHAT_TEMPLATE,
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    )
