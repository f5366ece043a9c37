"""Which keys a model file has, of which type and within which range.

llama.cpp trusts these numbers: a layer count of 0 or 2^20, or an epsilon that is not a number, aborts the whole
interpreter. So every key is checked, and a key that is not in these tables is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn

from hpro_sdk.errors import ModelLoadError
from hpro_sdk.scoring.gguf_reader import GgufMetadata, MetadataValue
from hpro_sdk.scoring.manifest import KEY_PREFIX

ARCHITECTURES = frozenset({"llama", "qwen2", "qwen3"})
PRE_TOKENIZERS = frozenset({"gpt-2", "llama-bpe", "qwen2", "smollm"})
TOKENIZER_MODEL = "gpt2"
NORMAL, UNKNOWN_TOKEN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6

EXPORT_AGAIN = "Export it again from its checkpoint with this HPRO."


@dataclass(frozen=True, slots=True)
class Range:
    """What a number may be, ends included.

    Attributes:
        kind: Its type in the file.
        low: Smallest value.
        high: Largest value.
        required: Whether the key must be there.
    """

    kind: str
    low: float
    high: float
    required: bool = True


HYPER_PARAMETERS: Mapping[str, Range] = MappingProxyType(
    {
        "context_length": Range("uint32", 32, 2**24),
        "embedding_length": Range("uint32", 1, 2**16),
        "block_count": Range("uint32", 1, 512),
        "feed_forward_length": Range("uint32", 1, 2**20),
        "vocab_size": Range("uint32", 1, 2**21, required=False),
        "attention.head_count": Range("uint32", 1, 1024),
        "attention.head_count_kv": Range("uint32", 1, 1024),
        "attention.key_length": Range("uint32", 2, 1024),
        "attention.value_length": Range("uint32", 2, 1024),
        "attention.layer_norm_rms_epsilon": Range("float32", 1e-12, 0.1),
        "rope.dimension_count": Range("uint32", 2, 1024, required=False),
        "rope.freq_base": Range("float32", 1.0, 1e9),
    }
)
"""Without the architecture in front."""

_TOKENIZER_KINDS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "tokenizer.ggml.model": ("string", True),
        "tokenizer.ggml.pre": ("string", True),
        "tokenizer.ggml.tokens": ("array[string]", True),
        "tokenizer.ggml.token_type": ("array[int32]", True),
        "tokenizer.ggml.merges": ("array[string]", True),
        "tokenizer.ggml.bos_token_id": ("uint32", False),
        "tokenizer.ggml.eos_token_id": ("uint32", False),
        "tokenizer.ggml.unknown_token_id": ("uint32", False),
        "tokenizer.ggml.padding_token_id": ("uint32", False),
        "tokenizer.ggml.add_bos_token": ("bool", True),
        "tokenizer.ggml.add_eos_token": ("bool", True),
    }
)
"""Key to its type, and whether it must be there."""


@dataclass(frozen=True, slots=True)
class HyperParameters:
    """The shape of a model, in range.

    Attributes:
        architecture: One of :data:`ARCHITECTURES`.
        context_length: Tokens it was made for.
        embedding_length: Width.
        block_count: Layers.
        feed_forward_length: Inner width of the feed-forward part.
        head_count: Attention heads.
        head_count_kv: Heads of keys and values; divides ``head_count``.
        key_length: Width of one head's queries and keys.
        value_length: Width of one head's values.
    """

    architecture: str
    context_length: int
    embedding_length: int
    block_count: int
    feed_forward_length: int
    head_count: int
    head_count_kv: int
    key_length: int
    value_length: int


class KeyChecks:
    """Checks of the keys of one file; each raises ModelLoadError with the name of the key.

    Args:
        origin: The file, for messages.
        metadata: Its keys.
    """

    def __init__(self, origin: str, metadata: GgufMetadata) -> None:
        self._origin = origin
        self._values: Mapping[str, MetadataValue] = metadata.values
        self._kinds = metadata.kinds

    def fail(self, key: str, what: str) -> NoReturn:
        """Refuse the file because of a key.

        Raises:
            ModelLoadError: Always.
        """
        raise ModelLoadError(f"{self._origin}: {key} {what}.", hint=EXPORT_AGAIN, key=key)

    def hyper_parameters(self) -> HyperParameters:
        """Check and give the shape of the model.

        Raises:
            ModelLoadError: The architecture is not one of ours, or a number is missing, out of range, or does not
                fit the others.
        """
        architecture = self._values.get("general.architecture")
        if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
            self.fail("general.architecture", f"is {architecture!r}, not one of {', '.join(sorted(ARCHITECTURES))}")
        numbers = {name: self._number(f"{architecture}.{name}", rule) for name, rule in HYPER_PARAMETERS.items()}
        shape = HyperParameters(
            architecture=architecture,
            context_length=int(numbers["context_length"]),
            embedding_length=int(numbers["embedding_length"]),
            block_count=int(numbers["block_count"]),
            feed_forward_length=int(numbers["feed_forward_length"]),
            head_count=int(numbers["attention.head_count"]),
            head_count_kv=int(numbers["attention.head_count_kv"]),
            key_length=int(numbers["attention.key_length"]),
            value_length=int(numbers["attention.value_length"]),
        )
        if shape.head_count % shape.head_count_kv:
            self.fail(
                f"{architecture}.attention.head_count_kv",
                f"is {shape.head_count_kv}, which does not divide the {shape.head_count} heads",
            )
        if shape.key_length % 2:
            self.fail(f"{architecture}.attention.key_length", f"is {shape.key_length}, which is odd")
        if shape.value_length != shape.key_length:
            self.fail(f"{architecture}.attention.value_length", f"is {shape.value_length}, not {shape.key_length}")
        if numbers["rope.dimension_count"] not in (0, shape.key_length):
            self.fail(
                f"{architecture}.rope.dimension_count",
                f"is {numbers['rope.dimension_count']:g}, not {shape.key_length}",
            )
        if numbers["vocab_size"] not in (0, len(self._list("tokenizer.ggml.tokens"))):
            self.fail(f"{architecture}.vocab_size", "is not the number of tokens")
        return shape

    def known_keys(self, architecture: str, manifest_keys: frozenset[str]) -> None:
        """Refuse a key that is in no table: llama.cpp might act on it.

        Args:
            architecture: Of the model.
            manifest_keys: The ``hpro.*`` keys of this format.

        Raises:
            ModelLoadError: There is an unknown key.
        """
        hyper_parameters = {f"{architecture}.{name}" for name in HYPER_PARAMETERS}
        for key in self._values:
            known = key in (manifest_keys if key.startswith(KEY_PREFIX) else hyper_parameters | _TOKENIZER_KINDS.keys())
            if not known and not key.startswith("general."):
                self.fail(key, "is a key that this HPRO does not know")

    def tokens(self) -> list[str]:
        """Check the vocabulary and give its tokens.

        Raises:
            ModelLoadError: A part is missing, of the wrong type, or does not fit the others.
        """
        for key, (kind, required) in _TOKENIZER_KINDS.items():
            if (required or key in self._values) and self._kinds.get(key) != kind:
                self.fail(key, f"is missing or not of the type {kind}")
        for key, allowed in (
            ("tokenizer.ggml.model", frozenset({TOKENIZER_MODEL})),
            ("tokenizer.ggml.pre", PRE_TOKENIZERS),
        ):
            if self._values[key] not in allowed:
                self.fail(key, f"is {self._values[key]!r}, not one of {', '.join(sorted(allowed))}")
        tokens = [str(token) for token in self._list("tokenizer.ggml.tokens")]
        if not tokens or not all(tokens) or len(set(tokens)) != len(tokens):
            self.fail("tokenizer.ggml.tokens", "is empty, or has a token that is empty or comes twice")
        types = self._list("tokenizer.ggml.token_type")
        if len(types) != len(tokens):
            self.fail("tokenizer.ggml.token_type", f"has {len(types)} entries for {len(tokens)} tokens")
        if not set(types) <= {NORMAL, UNKNOWN_TOKEN, CONTROL, USER_DEFINED, UNUSED, BYTE}:
            self.fail("tokenizer.ggml.token_type", "has a type that llama.cpp does not know")
        for merge in self._list("tokenizer.ggml.merges"):
            left, space, right = str(merge).partition(" ")
            if not (left and space and right) or " " in right:
                self.fail("tokenizer.ggml.merges", "has an entry that is not two pieces with a space between")
        for key in (key for key in _TOKENIZER_KINDS if key.endswith("_token_id") and key in self._values):
            if self._integer(key) >= len(tokens):
                self.fail(key, f"is {self._values[key]}, but there are {len(tokens)} tokens")
        for key in ("tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token"):
            if self._values[key] is not False:
                self.fail(key, "is true, so every segment of a prompt would get that token")
        return tokens

    def score_token(self, name: str, token_id: int, spelling: str, tokens: list[str]) -> None:
        """Check one score token against the vocabulary.

        Raises:
            ModelLoadError: Its id is not in the vocabulary, or is another token, or could be spelt by a text.
        """
        key = f"{KEY_PREFIX}score_tokens"
        if token_id >= len(tokens) or tokens[token_id] != spelling:
            self.fail(key, f"says that {name} is the token {token_id}, which is not {spelling}")
        if self._list("tokenizer.ggml.token_type")[token_id] != CONTROL:
            self.fail(key, f"says that {name} is the token {token_id}, which is not of the type CONTROL")

    def _number(self, key: str, rule: Range) -> float:
        if key not in self._values and not rule.required:
            return 0
        value = self._values.get(key)
        if self._kinds.get(key) != rule.kind or not isinstance(value, int | float):
            self.fail(key, f"is missing or not of the type {rule.kind}")
        if not math.isfinite(value) or not rule.low <= value <= rule.high:
            self.fail(key, f"is {value}, not from {rule.low:g} to {rule.high:g}")
        return value

    def _integer(self, key: str) -> int:
        value = self._values[key]
        return value if isinstance(value, int) else self.fail(key, "is not a whole number")

    def _list(self, key: str) -> list[int | float | bool | str]:
        value = self._values.get(key)
        return value if isinstance(value, list) else self.fail(key, "is missing or not a list")
