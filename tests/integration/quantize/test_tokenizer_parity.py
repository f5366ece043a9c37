"""llama.cpp cuts any text into the same tokens as the checkpoint's tokenizer does."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from hpro_quantize.convert import convert
from hpro_sdk.scoring.gguf_file import check_gguf, seal
from hpro_sdk.scoring.llama_runtime import LlamaModel, LlamaTokenizer
from hpro_sdk.scoring.manifest import CONVERT_TOKEN, RANK_TOKEN
from hpro_sdk.training.tokenizer import QWEN2_SPLIT, PlainTokenizer

MakeCheckpoint = Callable[..., Path]
COUNT = 2000

PIECES = [
    *(CONVERT_TOKEN, RANK_TOKEN, "<|endoftext|>", "<|hpro_", "[PAD5]", "<|im_start|>", "</s>", "calls:", " contacted"),
    *("😀", "👩\u200d👩\u200d👧", "🇩🇪", "❤\ufe0f", "価格", "안녕", "報價單", "שלום", "مرحبا", "ไทย", "हिन्दी"),
    *("\ufb01", "Å", "e\u0301", "\u0301", "ß", "İ", "\u017f", "Ω", "٣٤", "½", "\u2167", "²"),
    *("\u200b", "\u200d", "\u202e", "\ufeff", "\u2028", "\u0085", "\xa0", "\u3000", "\ufffd", "\U0010ffff"),
    *("\x00", "\x01", "\x1b[31m", "\t", "\r\n", "\n\n", "  ", " ", "   \n "),
    *("'s", "'S", "'LL", "'\u017f", "n't", "12345", "3,14", "-0", "a" * 40, "!" * 30, "..."),
    *("<", ">", "|", "\\", '"', "{}", "Ġ", "Ċ", "ł"),
]


def hostile_strings() -> Iterator[str]:
    """Give 2,000 strings: every byte in two readings, every piece alone, and mixtures of pieces and characters."""
    yield ""
    yield from PIECES
    for byte in range(256):
        yield bytes([byte]).decode("latin-1")
        yield bytes([byte, 65, byte]).decode("utf-8", "replace")
    draw = random.Random(12)
    for _ in range(COUNT - 1 - len(PIECES) - 512):
        parts = [draw.choice(PIECES) if draw.random() < 0.6 else character(draw) for _ in range(draw.randrange(1, 12))]
        yield "".join(parts)


def character(draw: random.Random) -> str:
    while True:
        found = chr(draw.randrange(draw.choice((0x80, 0x800, 0x10000, 0x110000))))
        if unicodedata.category(found) not in {"Cs", "Cn"}:  # unassigned ones depend on the Unicode version
            return found


def tokenizers_of(folder: Path, target: Path) -> tuple[PlainTokenizer, LlamaTokenizer]:
    convert(folder, target)
    seal(target)
    check_gguf(target)
    plain = PlainTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json")))
    return plain, LlamaTokenizer(LlamaModel(target, vocab_only=True))


def differing_texts(folder: Path, target: Path) -> list[str]:
    plain, llama = tokenizers_of(folder, target)
    return [text for text in hostile_strings() if list(plain.encode(text)) != llama.encode(text)]


def test_there_are_two_thousand_of_them() -> None:
    assert len(list(hostile_strings())) == COUNT


def test_hostile_strings_are_cut_alike(checkpoint: Path, tmp_path: Path) -> None:
    assert differing_texts(checkpoint, tmp_path / "m.gguf") == []


def test_no_text_becomes_a_score_token(checkpoint: Path, tmp_path: Path) -> None:
    _, llama = tokenizers_of(checkpoint, tmp_path / "m.gguf")
    metadata = check_gguf(tmp_path / "m.gguf").metadata
    special = {metadata["tokenizer.ggml.tokens"].index(token) for token in (CONVERT_TOKEN, RANK_TOKEN)}  # type: ignore[union-attr]
    assert not any(special.intersection(llama.encode(text)) for text in hostile_strings())


BYTE_LEVEL = pre_tokenizers.ByteLevel(add_prefix_space=False)
PLAIN_BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def split_by(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), behavior="isolated"), PLAIN_BYTES])


EXACT_QWEN2_SPLIT = QWEN2_SPLIT.replace(
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)", "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])"
)
PRE_TOKENIZERS = {
    "qwen2": split_by(EXACT_QWEN2_SPLIT),
    "llama-bpe": split_by(EXACT_QWEN2_SPLIT.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)),
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), BYTE_LEVEL]),
    "gpt-2": BYTE_LEVEL,
}


@pytest.fixture(scope="module")
def greedy_tokenizer() -> str:
    """A tokenizer that merges across every boundary, so that the smallest difference in cutting shows."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = PLAIN_BYTES
    trainer = trainers.BpeTrainer(
        vocab_size=4000, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(hostile_strings(), trainer)
    tokenizer.add_special_tokens(["<|endoftext|>", CONVERT_TOKEN, RANK_TOKEN])
    return str(tokenizer.to_str())


@pytest.mark.parametrize("pre", PRE_TOKENIZERS)
def test_every_known_way_of_cutting_is_the_same_on_both_sides(
    make_checkpoint: MakeCheckpoint, greedy_tokenizer: str, tmp_path: Path, pre: str
) -> None:
    content = json.loads(greedy_tokenizer)
    content["model"]["ignore_merges"] = pre == "llama-bpe"
    tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[pre]
    assert differing_texts(make_checkpoint("qwen3", tokenizer=tokenizer), tmp_path / "m.gguf") == []
    assert check_gguf(tmp_path / "m.gguf").metadata["tokenizer.ggml.pre"] == pre


def test_the_published_pattern_differs_after_an_apostrophe_and_a_long_s_only(
    make_checkpoint: MakeCheckpoint, greedy_tokenizer: str, tmp_path: Path
) -> None:
    tokenizer = Tokenizer.from_str(greedy_tokenizer)
    tokenizer.pre_tokenizer = split_by(QWEN2_SPLIT)
    folder = make_checkpoint("qwen3", tokenizer=tokenizer)
    assert all("'\u017f" in text for text in differing_texts(folder, tmp_path / "m.gguf"))
