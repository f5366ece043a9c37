"""A model file is checked whole before llama.cpp may open it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFWriter

from hpro_sdk.errors import ConfigError, ModelLoadError
from hpro_sdk.funnel import Funnel
from hpro_sdk.ranking import Bands
from hpro_sdk.rendering.template import Template
from hpro_sdk.scoring.calibration import Calibration
from hpro_sdk.scoring.gguf_file import check_gguf, compute_digest, read_gguf, seal
from hpro_sdk.scoring.manifest import BaseModelOrigin, ScorerManifest, ScoreTokens

Build = Callable[..., Path]

TOKENS = ["a", "b", "ab", "<|endoftext|>", "<|hpro_convert|>", "<|hpro_rank|>"]
MANIFEST = ScorerManifest(
    template=Template(max_tokens=64),
    funnel=Funnel(stages=("new", "offer")),
    calibration=Calibration(convert_weight=1.0, rank_weight=0.5, bias=-1.0),
    bands=Bands(edges=(1.0, 0.0, -1.0)),
    score_tokens=ScoreTokens(convert=4, rank=5),
    base=BaseModelOrigin(name="nano", licence="none"),
    training_report_digest="a" * 64,
)
KEYS: dict[str, tuple[str, Any]] = {
    "qwen3.context_length": ("uint32", 64),
    "qwen3.embedding_length": ("uint32", 32),
    "qwen3.block_count": ("uint32", 1),
    "qwen3.feed_forward_length": ("uint32", 32),
    "qwen3.vocab_size": ("uint32", 6),
    "qwen3.attention.head_count": ("uint32", 2),
    "qwen3.attention.head_count_kv": ("uint32", 1),
    "qwen3.attention.key_length": ("uint32", 32),
    "qwen3.attention.value_length": ("uint32", 32),
    "qwen3.attention.layer_norm_rms_epsilon": ("float32", 1e-6),
    "qwen3.rope.freq_base": ("float32", 10_000.0),
    "qwen3.rope.dimension_count": ("uint32", 32),
    "tokenizer.ggml.model": ("string", "gpt2"),
    "tokenizer.ggml.pre": ("string", "qwen2"),
    "tokenizer.ggml.tokens": ("array", TOKENS),
    "tokenizer.ggml.token_type": ("array", [1, 1, 1, 3, 3, 3]),
    "tokenizer.ggml.merges": ("array", ["a b"]),
    "tokenizer.ggml.eos_token_id": ("uint32", 3),
    "tokenizer.ggml.add_bos_token": ("bool", False),
    "tokenizer.ggml.add_eos_token": ("bool", False),
    "hpro.format_version": ("uint32", 1),
    "hpro.digest": ("string", "0" * 64),
} | {key: ("string", text) for key, text in MANIFEST.to_metadata().items()}
SHAPES = {
    "token_embd.weight": (6, 32),
    "output_norm.weight": (32,),
    "blk.0.attn_norm.weight": (32,),
    "blk.0.attn_q.weight": (64, 32),
    "blk.0.attn_k.weight": (32, 32),
    "blk.0.attn_v.weight": (32, 32),
    "blk.0.attn_output.weight": (32, 64),
    "blk.0.attn_q_norm.weight": (32,),
    "blk.0.attn_k_norm.weight": (32,),
    "blk.0.ffn_norm.weight": (32,),
    "blk.0.ffn_gate.weight": (32, 32),
    "blk.0.ffn_up.weight": (32, 32),
    "blk.0.ffn_down.weight": (32, 32),
}
GONE = object()


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Write a sealed model file, with keys or tensor shapes replaced, added, or taken away (GONE)."""

    def make(
        keys: dict[str, Any] | None = None,
        shapes: dict[str, Any] | None = None,
        *,
        architecture: str = "qwen3",
        vector_type: type[np.generic] = np.float32,
        sealed: bool = True,
    ) -> Path:
        path = tmp_path / "m.gguf"
        writer = GGUFWriter(path, architecture)
        for key, (kind, value) in {**KEYS, **(keys or {})}.items():
            if value is not GONE:
                getattr(writer, f"add_{kind}")(key, value)
        for name, shape in {**SHAPES, **(shapes or {})}.items():
            if shape is not GONE:
                writer.add_tensor(name, np.ones(shape, dtype=np.float16 if len(shape) > 1 else vector_type))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        if sealed:
            seal(path)
        return path

    return make


def test_a_good_file_gives_manifest_digest_and_keys(build: Build) -> None:
    path = build()
    checked = check_gguf(path)
    assert checked.manifest == MANIFEST
    assert checked.digest == compute_digest(path) == read_gguf(path).metadata.values["hpro.digest"]
    assert checked.metadata["tokenizer.ggml.tokens"] == TOKENS


def test_sealing_again_changes_nothing(build: Build) -> None:
    path = build()
    before = path.read_bytes()
    assert seal(path) == check_gguf(path).digest
    assert path.read_bytes() == before


def test_a_file_that_was_not_sealed_is_refused(build: Build) -> None:
    with pytest.raises(ModelLoadError, match=r"does not fit its hpro\.digest"):
        check_gguf(build(sealed=False))


NAN, INF = float("nan"), float("inf")
WRONG_KEYS: list[tuple[str, str, Any]] = [
    *[(f"qwen3.{name}", "uint32", value) for value in (0, 2**20, 2**32 - 1) for name in (
        "context_length", "embedding_length", "block_count", "feed_forward_length", "vocab_size",
        "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length",
        "rope.dimension_count",
    ) if (name, value) not in {("context_length", 2**20), ("vocab_size", 0), ("rope.dimension_count", 0)}],
    *[("qwen3.attention.layer_norm_rms_epsilon", "float32", value) for value in (NAN, INF, 0.0, -1e-6, 0.5)],
    *[("qwen3.rope.freq_base", "float32", value) for value in (NAN, INF, -INF, 0.0, 1e12)],
    ("qwen3.attention.head_count_kv", "uint32", 3),
    ("qwen3.attention.key_length", "uint32", 31),
    ("qwen3.context_length", "uint32", 32),
    ("qwen3.block_count", "uint64", 1),
    ("qwen3.block_count", "float32", 1.0),
    ("qwen3.block_count", "array", [1]),
    ("qwen3.expert_count", "uint32", 2**20),
    ("qwen3.attention.sliding_window", "uint32", 1),
    ("split.count", "uint16", 2),
    ("hpro.surprise", "string", "{}"),
    ("tokenizer.ggml.model", "string", "llama"),
    ("tokenizer.ggml.pre", "string", "unheard-of"),
    ("tokenizer.ggml.tokens", "array", TOKENS[:-1]),
    ("tokenizer.ggml.tokens", "array", ["b", *TOKENS[1:]]),
    ("tokenizer.ggml.tokens", "array", ["", *TOKENS[1:]]),
    ("tokenizer.ggml.tokens", "array", ["b\0", *TOKENS[1:]]),  # llama.cpp would see "b" twice and abort
    ("general.name", "string", "a\0b"),
    ("tokenizer.ggml.tokens", "array", [1, 2, 3, 4, 5, 6]),
    ("tokenizer.ggml.token_type", "array", [1, 1, 1, 3, 3]),
    ("tokenizer.ggml.token_type", "array", [1, 1, 1, 3, 3, 99]),
    ("tokenizer.ggml.token_type", "array", [1, 1, 1, 3, 4, 3]),
    ("tokenizer.ggml.token_type", "array", [1, 1, 1, 3, 3, 1]),
    ("tokenizer.ggml.merges", "array", ["ab"]),
    ("tokenizer.ggml.merges", "array", ["a b c"]),
    ("tokenizer.ggml.merges", "array", [1]),
    ("tokenizer.ggml.eos_token_id", "uint32", 6),
    ("tokenizer.ggml.add_bos_token", "bool", True),
    ("tokenizer.ggml.add_bos_token", "uint8", 0),
    ("tokenizer.chat_template", "string", "{{ bad }}"),
    ("general.alignment", "uint32", 0),
    ("general.alignment", "uint32", 48),
    ("hpro.format_version", "uint32", 0),
    ("hpro.format_version", "string", "1"),
    ("hpro.score_tokens", "string", '{"convert":4,"rank":6}'),
    ("hpro.score_tokens", "string", '{"convert":4,"rank":4}'),
    ("hpro.score_tokens", "string", '{"convert":5,"rank":4}'),
    ("hpro.score_tokens", "string", '{"convert":-1,"rank":4}'),
    ("hpro.template", "string", "{"),
    ("hpro.template", "string", "[" * 100_000),
    ("hpro.calibration", "string", '{"convert_weight":NaN,"rank_weight":1,"bias":0}'),
]  # fmt: skip


@pytest.mark.parametrize(("key", "kind", "value"), WRONG_KEYS)
def test_a_sealed_file_with_a_wrong_value_is_refused(build: Build, key: str, kind: str, value: object) -> None:
    with pytest.raises(ModelLoadError):
        check_gguf(build({key: (kind, value)}))


@pytest.mark.parametrize(
    "key",
    [
        key
        for key in KEYS
        if key not in {"qwen3.vocab_size", "qwen3.rope.dimension_count", "tokenizer.ggml.eos_token_id", "hpro.digest"}
    ],
)
def test_a_sealed_file_without_a_key_is_refused_by_name(build: Build, key: str) -> None:
    with pytest.raises(ModelLoadError, match=key.removeprefix("qwen3.")):
        check_gguf(build({key: ("", GONE)}))


@pytest.mark.parametrize("key", ["qwen3.vocab_size", "qwen3.rope.dimension_count", "tokenizer.ggml.eos_token_id"])
def test_what_llama_cpp_can_do_without_may_be_missing(build: Build, key: str) -> None:
    assert check_gguf(build({key: ("", GONE)})).manifest == MANIFEST


@pytest.mark.parametrize("name", SHAPES)
def test_a_missing_tensor_is_named(build: Build, name: str) -> None:
    with pytest.raises(ModelLoadError, match=name):
        check_gguf(build(shapes={name: GONE}))


@pytest.mark.parametrize("name", SHAPES)
def test_a_tensor_of_another_shape_is_named(build: Build, name: str) -> None:
    wrong = (*SHAPES[name][:-1], 64) if SHAPES[name][-1] != 64 else (32, 32)
    with pytest.raises(ModelLoadError, match=name):
        check_gguf(build(shapes={name: wrong}))


def test_a_tensor_too_many_is_named(build: Build) -> None:
    with pytest.raises(ModelLoadError, match=r"blk\.1\.attn_norm\.weight"):
        check_gguf(build(shapes={"blk.1.attn_norm.weight": (32,)}))


def test_an_output_head_of_its_own_is_allowed(build: Build) -> None:
    assert check_gguf(build(shapes={"output.weight": (6, 32)})).manifest == MANIFEST


def test_a_vector_that_is_not_f32_is_refused(build: Build) -> None:
    with pytest.raises(ModelLoadError, match="not F32"):
        check_gguf(build(vector_type=np.float16))


def test_another_architecture_is_refused(build: Build) -> None:
    with pytest.raises(ModelLoadError, match=r"general\.architecture is 'bert'"):
        check_gguf(build(architecture="bert"))


def test_a_foreign_gguf_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "foreign.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_tensor("t", np.zeros(18, dtype=np.uint8), raw_dtype=GGMLQuantizationType.TQ1_0, raw_shape=(54,))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ModelLoadError, match=r"not made by HPRO.*hpro train.*hpro export"):
        check_gguf(path)


def test_a_newer_format_says_upgrade_before_anything_else(build: Build) -> None:
    path = build({"hpro.format_version": ("uint32", 2), "hpro.template": ("string", "other")}, sealed=False)
    with pytest.raises(ModelLoadError, match=r"newer HPRO \(format 2, this one reads 1\).*pgrade"):
        check_gguf(path)


def test_a_path_that_is_no_file_is_for_a_person_to_change(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.gguf", tmp_path):
        with pytest.raises(ConfigError) as caught:
            check_gguf(path)
        assert caught.value.exit_code == 2
        assert str(path) in str(caught.value)


def test_a_file_that_may_not_be_read_is_for_a_person_to_change(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = build()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        check_gguf(path)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04" + bytes(100), b"GGUF" + (2).to_bytes(4, "little")])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelLoadError):
        check_gguf(path)


def test_a_truncated_or_longer_file_is_damaged(build: Build) -> None:
    path = build()
    whole = path.read_bytes()
    for length in np.linspace(4, len(whole) - 1, 50).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelLoadError, match="is damaged"):
            check_gguf(path)
    path.write_bytes(whole + bytes(32))
    with pytest.raises(ModelLoadError, match="is damaged"):
        check_gguf(path)


def test_every_flipped_byte_is_noticed(build: Build) -> None:
    path = build()
    whole = path.read_bytes()
    draw = random.Random(5)
    for _ in range(300):
        changed = bytearray(whole)
        changed[draw.randrange(len(whole))] ^= draw.randrange(1, 256)
        path.write_bytes(changed)
        with pytest.raises(ModelLoadError):
            check_gguf(path)


def test_lengths_that_lie_are_refused_at_once(build: Build) -> None:
    path = build()
    whole = path.read_bytes()
    for offset in range(8, 200):
        changed = bytearray(whole)
        changed[offset : offset + 8] = (2**63 - 1).to_bytes(8, "little")
        path.write_bytes(changed)
        with pytest.raises(ModelLoadError):
            check_gguf(path)
