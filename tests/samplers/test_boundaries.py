"""A prefix goes to the model as the tokens that it has inside of a text, whatever the tokenizer."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers as pre
from tokenizers.trainers import BpeTrainer, UnigramTrainer
from transformers import PreTrainedTokenizerFast

from labeler.driver.requests import Message, Prompt, Sample
from labeler.records import Sampling
from labeler.samplers.boundaries import encode, encode_to_go_on, is_stable
from labeler.samplers.chat_template import first_token, form_of, load_tokenizer, on_template, render
from labeler.samplers.openai_http import OpenAISampler
from labeler.steps import splitter_named

ROOT = Path(__file__).parents[2]
TEXTS = [path.read_text() for path in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])]
ENDS = ["a.\n\n", "So:\n", "= 5\n\n\n", "Yes.\r\n\r\n", "x"]


def gpt2_like():
    """As GPT-2, SmolLM2 and StarCoder: bytes, words with the space before them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre.ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=2_000, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([*TEXTS, "\n\n" * 50], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def sentencepiece_like():
    """As Gemma: pieces by their likelihood, "▁" for the space, runs of newlines on their own."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    newlines = pre.Split(Regex(r"[\r\n]+"), "isolated")
    tokenizer.pre_tokenizer = pre.Sequence([newlines, pre.Split("▁", "merged_with_next")])
    tokenizer.decoder = decoders.Replace("▁", " ")
    trainer = UnigramTrainer(
        vocab_size=2_000, special_tokens=["<unk>", "<bos>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<bos>")


def llama2_like():
    """As Llama 2: merges over the whole text, a newline is the byte <0x0A>."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.pre_tokenizer = pre.Split("▁", "merged_with_next")
    specials = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = BpeTrainer(vocab_size=2_000, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator([text.replace("\n", " ") for text in TEXTS], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


@pytest.fixture(scope="module", params=[gpt2_like, sentencepiece_like, llama2_like])
def tokenizer(request):
    return request.param()


@pytest.mark.parametrize("split", ["auto", "lines"])
def test_prefixes_have_the_tokens_of_the_text(tokenizer, split):
    n = same = 0
    for text in TEXTS:
        steps = splitter_named(split).split(text, "", "")
        whole = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        starts = [start for start, _ in whole["offset_mapping"]]
        for end in [*accumulate(map(len, steps))][:-1]:
            if text[end].isspace() and split == "lines":
                continue  # What is indented may share a token with the line's end.
            n += 1
            inside = whole["input_ids"][: sum(start < end for start in starts)]
            same += encode_to_go_on(tokenizer, text[:end]) == tuple(inside)
    assert n > 200
    assert same / n >= 0.995


def test_what_is_sent_reads_as_the_text():
    tokenizer = gpt2_like()
    for end in ENDS:
        whole = "Three\n\nand two: " + end
        assert tokenizer.decode(encode_to_go_on(tokenizer, whole)) == whole


def test_only_blank_lines_before_a_word_need_it():
    tokenizer = gpt2_like()
    assert not is_stable(tokenizer)
    blank = encode(tokenizer, "\n\n")
    assert len(blank) == 1
    assert encode_to_go_on(tokenizer, "a\n\n") == encode(tokenizer, "a\n\nS")[:3]
    assert encode_to_go_on(tokenizer, "a") == encode(tokenizer, "a")


def test_a_space_that_a_word_would_take_stays():
    tokenizer = gpt2_like()
    assert encode_to_go_on(tokenizer, "a ") == encode(tokenizer, "a ")


def body(folder: Path, prefix: str) -> dict:
    sampler = OpenAISampler(["http://h"], "m", tokenizer=str(folder))
    prompt = Prompt((Message("user", "Hi"),), prefix)
    return sampler._body(Sample(prompt, 1, Sampling(), 5), 1, 5)


def test_ids_are_sent_only_where_the_text_would_be_read_otherwise(tmp_path):
    made = gpt2_like()
    made.save_pretrained(tmp_path)
    loaded = load_tokenizer(str(tmp_path))
    sent = [body(tmp_path, prefix)["prompt"] for prefix in ("So", "So.\n\n")]
    assert sent == ["HiSo", list(encode_to_go_on(loaded, "HiSo.\n\n"))]
    assert made.decode(sent[1]) == "HiSo.\n\n"


def with_bos():
    from tokenizers.processors import TemplateProcessing

    made = sentencepiece_like()
    number = made.convert_tokens_to_ids("<bos>")
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", number)]
    )
    made.add_special_tokens({"bos_token": AddedToken("<bos>", special=True)})
    return made


def test_a_model_without_a_template_gets_its_first_token():
    prompt = Prompt((Message("system", "Be brief. "), Message("user", "Hi")), "So")
    made = with_bos()
    assert render(made, prompt) == "<bos>Be brief. HiSo"
    assert encode(made, render(made, prompt))[0] == made.bos_token_id
    assert render(made, Prompt((), "So")) == "So"
    assert on_template(made, "m") == [
        "m has no chat template: its prompts are the plain texts behind <bos> (base models)"
    ]
    made.chat_template = "{% for m in messages %}{{ m.content }}|{% endfor %}"
    assert (render(made, prompt), on_template(made, "m")) == ("Be brief. |Hi|So", [])


def test_tokenizers_that_put_nothing_first_get_nothing():
    made = sentencepiece_like()
    assert (made.bos_token, first_token(made), form_of(made)) == ("<bos>", "", ())
    assert form_of(with_bos()) == ("<bos>",)
