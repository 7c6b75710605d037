"""Builds an embedded policy's tokenizer: its domain's words and phrases as tokens, and bytes.

A Unigram model over bytes whose known pieces all score alike, so a text is cut into as few pieces
as possible; what is no known piece falls back to single bytes, so decoding gives any text back
exactly. Phrases that never vary are one token, for they would cost time to train and to sample, and
teach nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

SPECIAL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer_of(pieces: Sequence[str]) -> PreTrainedTokenizerFast:
    """The same tokenizer every time for the same pieces in the same order, no two of them alike."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
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
