"""The weights of a Hugging Face folder, read tensor by tensor without PyTorch.

NumPy has no bfloat16, so its bits are widened here: a bfloat16 is the upper half of a float32.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpro_quantize.errors import ConversionError

SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
RESTORE = "Restore the checkpoint from a copy, or train it again."

_MAX_HEADER_BYTES = 100 * 2**20
_DTYPES: Mapping[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor lies.

    Attributes:
        file: The safetensors file.
        dtype: ``F32``, ``F16`` or ``BF16``.
        shape: As PyTorch sees it.
        start: Position of its first byte in the file.
    """

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int

    def read(self) -> NDArray[np.float32]:
        """Read it as float32.

        Raises:
            ConversionError: The file cannot be read.
        """
        try:
            count = math.prod(self.shape)
            values = np.fromfile(self.file, _DTYPES[self.dtype], count=count, offset=self.start).reshape(self.shape)
        except (OSError, ValueError) as exc:
            raise ConversionError(f"{self.file} cannot be read: {exc}.", hint=RESTORE) from exc
        if self.dtype == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(values, dtype=np.float32)


def find_weights(folder: Path) -> Mapping[str, StoredTensor]:
    """List the tensors of a folder, in one file or several.

    Args:
        folder: With ``model.safetensors``, or with its index and the files that it names.

    Returns:
        Name to where it lies.

    Raises:
        ConversionError: A file is missing or malformed, or a tensor is of another type than float32, float16 and
            bfloat16.
    """
    tensors: dict[str, StoredTensor] = {}
    for file in _weight_files(folder):
        tensors.update(_read_header(file))
    if not tensors:
        raise ConversionError(f"{folder} has no tensors.", hint=RESTORE)
    return tensors


def _weight_files(folder: Path) -> list[Path]:
    if (folder / SINGLE_FILE).is_file():
        return [folder / SINGLE_FILE]
    index = folder / INDEX_FILE
    if not index.is_file():
        raise ConversionError(f"{folder} has neither {SINGLE_FILE} nor {INDEX_FILE}.", hint=RESTORE)
    try:
        names = sorted({Path(str(name)).name for name in json.loads(index.read_text("utf-8"))["weight_map"].values()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ConversionError(f"{index} is malformed.", hint=RESTORE) from exc
    for name in names:
        if not (folder / name).is_file():
            raise ConversionError(f"{folder} has no {name}, which {INDEX_FILE} names.", hint=RESTORE)
    return [folder / name for name in names]


def _read_header(file: Path) -> dict[str, StoredTensor]:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            # A length that does not fit leaves too little to read, which is no JSON then.
            header = json.loads(stream.read(min(length, _MAX_HEADER_BYTES)))
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        return {name: _stored_tensor(file, name, entry, 8 + length, size) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise ConversionError(f"{file} is damaged: {exc}.", hint=RESTORE) from exc


def _stored_tensor(file: Path, name: str, entry: Mapping[str, object], data_start: int, size: int) -> StoredTensor:
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or not isinstance(shape, list) or not isinstance(offsets, list):
        raise TypeError(f"the entry of {name} is malformed")
    if dtype not in _DTYPES:
        raise ConversionError(
            f"{file}: the tensor {name} is {dtype}; {', '.join(_DTYPES)} can be converted.",
            hint="Save the model in one of these types.",
        )
    first, last = (int(offset) for offset in offsets)
    lengths = tuple(int(length) for length in shape)
    if first < 0 or last - first != math.prod(lengths) * _DTYPES[dtype].itemsize or data_start + last > size:
        raise ValueError(f"the tensor {name} does not fit into it")
    return StoredTensor(file, dtype, lengths, data_start + first)
