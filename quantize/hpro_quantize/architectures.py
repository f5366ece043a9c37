"""The causal language models that can be converted: their settings and the names of their tensors in GGUF."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from hpro_quantize.errors import ConversionError
from hpro_quantize.weights import RESTORE
from hpro_sdk.scoring.gguf_limits import HyperParameters

CONFIG_FILE = "config.json"

_ARCHITECTURES: Mapping[str, str] = MappingProxyType(
    {"Qwen3ForCausalLM": "qwen3", "Qwen2ForCausalLM": "qwen2", "LlamaForCausalLM": "llama"}
)
_OUTER = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
_LAYER = {
    "attn_norm.weight": "input_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
}
_LAYER_EXTRAS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "llama": {},
        "qwen2": {f"attn_{part}.bias": f"self_attn.{part}_proj.bias" for part in "qkv"},
        "qwen3": {f"attn_{part}_norm.weight": f"self_attn.{part}_norm.weight" for part in "qk"},
    }
)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What ``config.json`` says of a model that can be converted.

    Attributes:
        architecture: llama.cpp's name.
        vocab_size: Rows of the embedding.
        hidden_size: Width.
        layers: Decoder layers.
        feed_forward_size: Inner width of the feed-forward part.
        heads: Attention heads.
        key_value_heads: Heads of keys and values.
        head_dim: Width of one head.
        context_length: Positions it was made for.
        norm_epsilon: Of the RMS norms.
        rope_base: Of the rotary embedding.
        tied: Whether the output head is the embedding.
        end_token: Id of the end token, where there is one.
    """

    architecture: str
    vocab_size: int
    hidden_size: int
    layers: int
    feed_forward_size: int
    heads: int
    key_value_heads: int
    head_dim: int
    context_length: int
    norm_epsilon: float
    rope_base: float
    tied: bool
    end_token: int | None

    def hyper_parameters(self) -> HyperParameters:
        """Give the shape in llama.cpp's words."""
        return HyperParameters(
            architecture=self.architecture,
            context_length=self.context_length,
            embedding_length=self.hidden_size,
            block_count=self.layers,
            feed_forward_length=self.feed_forward_size,
            head_count=self.heads,
            head_count_kv=self.key_value_heads,
            key_length=self.head_dim,
            value_length=self.head_dim,
        )

    def tensor_names(self) -> Iterator[tuple[str, str]]:
        """Give the name in GGUF and the name in the checkpoint of every tensor, in the order they are written."""
        yield from _OUTER.items()
        if not self.tied:
            yield "output.weight", "lm_head.weight"
        for layer in range(self.layers):
            for ours, theirs in {**_LAYER, **_LAYER_EXTRAS[self.architecture]}.items():
                yield f"blk.{layer}.{ours}", f"model.layers.{layer}.{theirs}"


def read_config(folder: Path) -> ModelConfig:
    """Read ``config.json``.

    Args:
        folder: The checkpoint.

    Raises:
        ConversionError: It is missing or malformed, or the model is of a kind that cannot be converted exactly.
    """
    file = folder / CONFIG_FILE
    try:
        content = json.loads(file.read_text("utf-8"))
        names = content.get("architectures") or []
        if len(names) != 1 or names[0] not in _ARCHITECTURES:
            _refuse(file, f"the architecture is {', '.join(map(str, names)) or 'not named'}")
        _refuse_variants(file, content)
        heads = int(content["num_attention_heads"])
        end_token = content.get("eos_token_id")
        config = ModelConfig(
            architecture=_ARCHITECTURES[names[0]],
            vocab_size=int(content["vocab_size"]),
            hidden_size=int(content["hidden_size"]),
            layers=int(content["num_hidden_layers"]),
            feed_forward_size=int(content["intermediate_size"]),
            heads=heads,
            key_value_heads=int(content.get("num_key_value_heads") or heads),
            head_dim=int(content.get("head_dim") or int(content["hidden_size"]) // heads),
            context_length=int(content["max_position_embeddings"]),
            norm_epsilon=float(content["rms_norm_eps"]),
            rope_base=float(_rope(content).get("rope_theta") or content.get("rope_theta") or 10_000.0),
            tied=bool(content.get("tie_word_embeddings", False)),
            end_token=end_token if isinstance(end_token, int) else None,
        )
    except FileNotFoundError as exc:
        raise ConversionError(f"{folder} has no {CONFIG_FILE}.", hint=RESTORE) from exc
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ZeroDivisionError,
        OverflowError,
        RecursionError,
    ) as exc:
        raise ConversionError(f"{file} is malformed.", hint=RESTORE) from exc
    sizes = (config.vocab_size, config.layers, config.heads, config.key_value_heads, config.head_dim)
    if min(sizes) < 1 or config.layers > 512:
        raise ConversionError(f"{file} is malformed: a size is out of range.", hint=RESTORE)
    return config


def _rope(content: Mapping[str, Any]) -> Mapping[str, Any]:
    rope = content.get("rope_parameters") or content.get("rope_scaling") or {}
    if not isinstance(rope, dict):
        raise TypeError("rope parameters are not a table")
    return rope


def _refuse_variants(file: Path, content: Mapping[str, Any]) -> None:
    """Refuse what llama.cpp would compute differently without a word."""
    kind = _rope(content).get("rope_type") or _rope(content).get("type") or "default"
    if kind != "default":
        _refuse(file, f"its rotary embedding is of the kind {kind}")
    if content.get("hidden_act", "silu") != "silu":
        _refuse(file, f"its activation is {content['hidden_act']}")
    for switch in ("attention_bias", "mlp_bias", "use_sliding_window"):
        if content.get(switch):
            _refuse(file, f"it has {switch}")


def _refuse(file: Path, what: str) -> NoReturn:
    raise ConversionError(
        f"{file}: {what}, which cannot be converted.",
        hint=f"Convertible are {', '.join(_ARCHITECTURES)} with rotary embeddings that are not stretched.",
    )
