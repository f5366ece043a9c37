"""A checkpoint that cannot be converted exactly is refused by name, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from hpro_quantize.errors import ConversionError
from hpro_quantize.pipeline import export
from hpro_sdk.errors import ConfigError, ModelLoadError

MakeCheckpoint = Callable[..., Path]


def test_a_checkpoint_that_is_not_there(tmp_path: Path) -> None:
    out = tmp_path / "m.gguf"
    with pytest.raises(ConfigError, match="does not exist"):
        export(tmp_path / "absent", out)
    (tmp_path / "model.partial").mkdir()
    with pytest.raises(ConfigError, match="training has not finished"):
        export(tmp_path / "model", out)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="not a folder"):
        export(tmp_path / "file", out)
    with pytest.raises(ModelLoadError, match=r"hpro\.json"):
        export(tmp_path / "model.partial", out)


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors", "hpro.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff\xfe", b'{"a": 1}'])
def test_a_file_that_is_missing_or_malformed_is_named(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, file: str, content: bytes | None
) -> None:
    folder = make_checkpoint()
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises((ConversionError, ModelLoadError)) as caught:
        export(folder, tmp_path / "m.gguf", "F16")
    assert str(folder) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "GPT2LMHeadModel"),
        ({"architectures": None}, "not named"),
        ({"hidden_act": "gelu"}, "gelu"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, "yarn"),
        ({"attention_bias": True}, "attention_bias"),
        ({"vocab_size": 700}, "shape"),
        ({"num_hidden_layers": 3}, r"model\.layers\.2"),
        ({"num_hidden_layers": 1}, r"model\.layers\.1"),
        ({"num_attention_heads": 3}, "shape"),
        ({"tie_word_embeddings": False}, r"lm_head\.weight"),
        ({"hidden_size": "wide"}, "malformed"),
    ],
)
def test_a_model_that_cannot_be_converted_exactly_is_refused(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = make_checkpoint()
    config = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConversionError, match=message):
        export(folder, tmp_path / "m.gguf", "F16")


def change_tokenizer(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads((folder / "tokenizer.json").read_text())
    change(content)
    (folder / "tokenizer.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t["added_tokens"][-1].update(special=False), "not the special token"),
        (lambda t: t["added_tokens"][-1].update(content="<|other|>"), "not the special token"),
        (lambda t: t["model"]["vocab"].update(zzz=100_000), "token id 100000"),
        (lambda t: t.update(normalizer={"type": "Lowercase"}), "NFC"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][0]["pattern"].update(Regex="\\s+"), "cuts text"),
        (lambda t: t["model"].update(merges=[]), "merges"),
        (lambda t: t["model"].update(type="Unigram"), "byte-pair"),
    ],
)
def test_a_tokenizer_that_llama_cpp_does_not_know_is_refused(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    folder = make_checkpoint()
    change_tokenizer(folder, change)
    with pytest.raises(ConversionError, match=message):
        export(folder, tmp_path / "m.gguf", "F16")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_a_weight_that_float16_cannot_hold_is_refused(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, value: float
) -> None:
    folder = make_checkpoint()
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"][3, 5] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConversionError, match=r"blk\.1\.ffn_up\.weight"):
        export(folder, tmp_path / "m.gguf", "F16")
