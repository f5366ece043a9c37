"""Reads the header of a GGUF file strictly, before llama.cpp opens it.

Every length and count is bounded and must lie inside the file, so that no content can exhaust the memory or make
a reader run past the end. Format: version 3, little-endian, as llama.cpp writes it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NoReturn

from hpro_sdk.errors import ConfigError, ModelLoadError

GGUF_VERSION = 3
DEFAULT_ALIGNMENT = 32

MAX_KEYS = 4096
MAX_TENSORS = 16_384
MAX_STRING_BYTES = 64 * 2**20
MAX_NAME_BYTES = 256
MAX_ITEMS = 2**21
MAX_HEADER_BYTES = 512 * 2**20
MAX_DIMENSIONS = 4
MAX_ALIGNMENT = 2**16

Scalar = int | float | bool | str
MetadataValue = Scalar | list[Scalar]

_STRING, _ARRAY = 8, 9
_SCALARS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        0: ("uint8", "<B"),
        1: ("int8", "<b"),
        2: ("uint16", "<H"),
        3: ("int16", "<h"),
        4: ("uint32", "<I"),
        5: ("int32", "<i"),
        6: ("float32", "<f"),
        7: ("bool", "<?"),
        10: ("uint64", "<Q"),
        11: ("int64", "<q"),
        12: ("float64", "<d"),
    }
)

TENSOR_TYPES: Mapping[int, tuple[str, int, int]] = MappingProxyType(
    {
        0: ("F32", 1, 4),
        1: ("F16", 1, 2),
        2: ("Q4_0", 32, 18),
        3: ("Q4_1", 32, 20),
        6: ("Q5_0", 32, 22),
        7: ("Q5_1", 32, 24),
        8: ("Q8_0", 32, 34),
        10: ("Q2_K", 256, 84),
        11: ("Q3_K", 256, 110),
        12: ("Q4_K", 256, 144),
        13: ("Q5_K", 256, 176),
        14: ("Q6_K", 256, 210),
        20: ("IQ4_NL", 32, 18),
        23: ("IQ4_XS", 256, 136),
        30: ("BF16", 1, 2),
    }
)
"""Number in the file to name, values of a block, bytes of a block."""

COPY_AGAIN = "Copy it again from where it came, or export it again from its checkpoint."


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor as the header describes it.

    Attributes:
        name: Its name.
        shape: In ggml's order: the length of a row comes first.
        type_name: Such as ``F16`` or ``Q8_0``.
        offset: Bytes from the start of the data section.
        size: Bytes it takes there, padding not counted.
    """

    name: str
    shape: tuple[int, ...]
    type_name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class GgufMetadata:
    """The keys of a GGUF file.

    Attributes:
        values: Key to value.
        kinds: Key to the type that it has in the file, such as ``uint32`` or ``array[string]``.
        offsets: Key to the position of the first byte of its value in the file; of a string the first byte of
            its text.
        tensor_count: How many tensors the file says it has.
    """

    values: Mapping[str, MetadataValue]
    kinds: Mapping[str, str]
    offsets: Mapping[str, int]
    tensor_count: int


@dataclass(frozen=True, slots=True)
class GgufFile:
    """The header of a GGUF file.

    Attributes:
        metadata: The keys.
        tensors: Name to tensor, in the order of the file.
        data_start: Position of the data section.
        file_size: Bytes of the whole file.
    """

    metadata: GgufMetadata
    tensors: Mapping[str, GgufTensor]
    data_start: int
    file_size: int


@dataclass(slots=True)
class GgufSource:
    """An open GGUF file that is read from front to back; see :func:`open_gguf`.

    Attributes:
        path: For messages.
        stream: Open for reading, at its beginning.
        size: Bytes of the file.
        position: How far it was read.
    """

    path: Path
    stream: BinaryIO
    size: int
    position: int = field(default=0, init=False)

    def fail(self, what: str) -> NoReturn:
        """Say that the file is damaged.

        Raises:
            ModelLoadError: Always.
        """
        raise ModelLoadError(f"{self.path} is damaged: {what}.", hint=COPY_AGAIN)

    def take(self, count: int, what: str) -> bytes:
        """Read exactly ``count`` bytes.

        Raises:
            ModelLoadError: The file ends before, or the header is longer than any we would write.
        """
        if count > self.size - self.position:
            self.fail(f"it ends inside {what}")
        if self.position + count > MAX_HEADER_BYTES:
            self.fail(f"its header is longer than {MAX_HEADER_BYTES} bytes")
        data = self.stream.read(count)
        if len(data) != count:
            self.fail(f"it ends inside {what}")
        self.position += count
        return data

    def number(self, code: str, what: str) -> int:
        """Read one integer by its :mod:`struct` code."""
        value: int = struct.unpack(code, self.take(struct.calcsize(code), what))[0]
        return value

    def text(self, what: str, limit: int) -> str:
        """Read a length and as many bytes of UTF-8.

        Raises:
            ModelLoadError: It is longer than ``limit``, not UTF-8, or holds a NUL, where llama.cpp would end it.
        """
        length = self.number("<Q", what)
        if length > limit:
            self.fail(f"{what} is {length} bytes long, {limit} are allowed")
        data = self.take(length, what)
        if b"\0" in data:
            self.fail(f"{what} holds a NUL")
        try:
            return data.decode()
        except UnicodeDecodeError:
            self.fail(f"{what} is not UTF-8")


def read_gguf(path: Path) -> GgufFile:
    """Read and check the header of a GGUF file.

    Args:
        path: The file.

    Returns:
        Its keys and tensors; each tensor lies inside the file, aligned, and none overlaps another.

    Raises:
        ConfigError: There is no such file, or it cannot be read.
        ModelLoadError: It is no GGUF file, of another version, damaged, or has a tensor type we do not read.
    """
    with open_gguf(path) as source:
        return read_tensors(source, read_metadata(source))


class open_gguf:  # noqa: N801 - used like the function open
    """Open a file for :func:`read_metadata`; a context manager that gives a :class:`GgufSource`.

    Raises:
        ConfigError: There is no such file, it is a folder, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)

    def __enter__(self) -> GgufSource:
        if not self._path.exists():
            raise ConfigError(f"{self._path} does not exist.", hint="Name a model file that hpro export made.")
        if not self._path.is_file():
            raise ConfigError(f"{self._path} is not a file.", hint="Name a model file that hpro export made.")
        try:
            self._stream = self._path.open("rb")
        except OSError as exc:
            raise ConfigError(f"{self._path} cannot be read: {exc.strerror}.", hint="Check its permissions.") from exc
        return GgufSource(self._path, self._stream, self._path.stat().st_size)

    def __exit__(self, *_exc: object) -> None:
        self._stream.close()


def read_metadata(source: GgufSource) -> GgufMetadata:
    """Read the keys, which come first in a file.

    Args:
        source: At its beginning.

    Raises:
        ModelLoadError: It is no GGUF file, of another version, or damaged.
    """
    if source.size < 4 or source.take(4, "its first bytes") != b"GGUF":
        raise ModelLoadError(f"{source.path} is not a GGUF file.", hint="Make one with: hpro export")
    version = source.number("<I", "its version")
    if version != GGUF_VERSION:
        raise ModelLoadError(
            f"{source.path} is GGUF version {version}; this HPRO reads version {GGUF_VERSION}.",
            hint="Export it again from its checkpoint with this HPRO.",
        )
    tensor_count = source.number("<Q", "the number of tensors")
    key_count = source.number("<Q", "the number of keys")
    if tensor_count > MAX_TENSORS or key_count > MAX_KEYS:
        source.fail(f"it claims {tensor_count} tensors and {key_count} keys")
    values: dict[str, MetadataValue] = {}
    kinds: dict[str, str] = {}
    offsets: dict[str, int] = {}
    for _ in range(key_count):
        key = source.text("a key", MAX_NAME_BYTES)
        if not key or key in values:
            source.fail(f"the key {key!r} is empty or comes twice")
        type_number = source.number("<I", key)
        offsets[key] = source.position + 8 if type_number == _STRING else source.position
        kinds[key], values[key] = _read_value(source, key, type_number)
    return GgufMetadata(values, kinds, offsets, tensor_count)


def _read_value(source: GgufSource, key: str, type_number: int) -> tuple[str, MetadataValue]:
    if type_number == _STRING:
        return "string", source.text(key, MAX_STRING_BYTES)
    if type_number in _SCALARS:
        kind, code = _SCALARS[type_number]
        return kind, _unpack(source, key, code, 1)[0]
    if type_number != _ARRAY:
        source.fail(f"{key} has the unknown type {type_number}")
    item_type = source.number("<I", key)
    count = source.number("<Q", key)
    if count > MAX_ITEMS:
        source.fail(f"{key} has {count} items, {MAX_ITEMS} are allowed")
    if item_type == _STRING:
        if count * 8 > source.size - source.position:
            source.fail(f"it ends inside {key}")
        return "array[string]", [source.text(key, MAX_STRING_BYTES) for _ in range(count)]
    if item_type not in _SCALARS:
        source.fail(f"{key} is an array of the unknown type {item_type}")
    kind, code = _SCALARS[item_type]
    return f"array[{kind}]", _unpack(source, key, code, count)


def _unpack(source: GgufSource, key: str, code: str, count: int) -> list[Scalar]:
    data = source.take(struct.calcsize(code) * count, key)
    if code == "<?" and any(byte > 1 for byte in data):
        source.fail(f"{key} is neither true nor false")
    return list(struct.unpack(f"<{count}{code[1]}", data))


def read_tensors(source: GgufSource, metadata: GgufMetadata) -> GgufFile:
    """Read what tensors there are; they follow the keys.

    Args:
        source: As :func:`read_metadata` left it.
        metadata: What that gave.

    Raises:
        ModelLoadError: The file is damaged, or has a tensor type we do not read.
    """
    alignment = metadata.values.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or not 8 <= alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
        source.fail(f"its alignment {alignment!r} is not a power of two from 8 to {MAX_ALIGNMENT}")
    tensors: dict[str, GgufTensor] = {}
    for tensor in _tensor_infos(source, metadata.tensor_count):
        if tensor.name in tensors:
            source.fail(f"the tensor {tensor.name!r} comes twice")
        tensors[tensor.name] = tensor
    data_start = _padded(source.position, alignment)
    end = 0
    for tensor in tensors.values():
        # llama.cpp wants the same: each where the last one, padded, ended. So none overlaps and all are aligned.
        if tensor.offset != end:
            source.fail(f"the tensor {tensor.name} is at {tensor.offset} instead of {end}")
        end = _padded(end + tensor.size, alignment)
    if not tensors or data_start + end != source.size:
        source.fail(f"it has {source.size} bytes, its header says {data_start + end}")
    return GgufFile(metadata, tensors, data_start, source.size)


def _tensor_infos(source: GgufSource, count: int) -> Iterator[GgufTensor]:
    for _ in range(count):
        name = source.text("the name of a tensor", MAX_NAME_BYTES)
        dimensions = source.number("<I", name)
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            source.fail(f"the tensor {name!r} has {dimensions} dimensions")
        shape = tuple(source.number("<Q", name) for _ in range(dimensions))
        type_number = source.number("<I", name)
        offset = source.number("<Q", name)
        if type_number not in TENSOR_TYPES:
            raise ModelLoadError(
                f"{source.path}: the tensor {name!r} is of the type {type_number}, which this HPRO does not read.",
                hint="Export it again with one of the types that hpro export --help names.",
            )
        type_name, block, block_bytes = TENSOR_TYPES[type_number]
        values = 1
        for length in shape:
            values *= length
        if min(shape) < 1 or values > 2**40 or shape[0] % block:
            source.fail(f"the tensor {name!r} has the shape {list(shape)}, which does not fit the type {type_name}")
        yield GgufTensor(name, shape, type_name, offset, values // block * block_bytes)


def _padded(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment
