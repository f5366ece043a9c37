"""llama.cpp's own quantiser: from an F16 file to a smaller one.

It gives the same bytes for the same file. Where a matrix's rows are not a multiple of 256 values, which the K
types need, llama.cpp takes Q5_0 or Q8_0 for that matrix instead: a file of the type Q4_K_M may then be larger,
and never less exact. Rows that are not a multiple of 32 values are refused.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import llama_cpp

from hpro_quantize.errors import QuantizeError
from hpro_sdk.scoring import llama_runtime
from hpro_sdk.scoring.gguf_reader import read_gguf
from hpro_sdk.scoring.llama_runtime import available_threads, start_runtime

logger = logging.getLogger(__name__)

BLOCK = 32


class QuantType(StrEnum):
    """How the matrices of a model file are kept.

    Attributes:
        F16: 16 bits a weight.
        Q8_0: 8.5 bits a weight; the default.
        Q4_0: 4.5 bits a weight; the fastest on most processors.
        Q4_K_M: About 4.8 bits a weight, more exact than ``Q4_0``.
    """

    F16 = "F16"
    Q8_0 = "Q8_0"
    Q4_0 = "Q4_0"
    Q4_K_M = "Q4_K_M"


_FILE_TYPES = {
    QuantType.F16: llama_cpp.LLAMA_FTYPE_MOSTLY_F16,
    QuantType.Q8_0: llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    QuantType.Q4_0: llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    QuantType.Q4_K_M: llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
}


def quantize(source: Path, target: Path, quant: QuantType, *, threads: int | None = None) -> None:
    """Write a quantised copy of an F16 file; its metadata are copied.

    Args:
        source: Made by :func:`hpro_quantize.convert.convert`, so llama.cpp cannot trip over it.
        target: Written; what stands there is lost, so name a temporary file.
        quant: What to make of it.
        threads: Processors to use; the bytes do not depend on it.

    Raises:
        QuantizeError: A matrix does not fit the type, or llama.cpp failed, for one because the disk is full.
    """
    for tensor in read_gguf(source).tensors.values():
        if quant is not QuantType.F16 and len(tensor.shape) > 1 and tensor.shape[0] % BLOCK:
            raise QuantizeError(
                f"The tensor {tensor.name} has rows of {tensor.shape[0]} values, {quant} needs a multiple of {BLOCK}.",
                hint="Export the model as F16, or train one whose sizes are multiples of 32.",
            )
    start_runtime()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = _FILE_TYPES[quant]
    params.nthread = threads or available_threads()
    with _collected_log() as lines:
        status = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), params)
    if status != 0:
        reason = next((line for line in reversed(lines) if "failed" in line or "error" in line), f"status {status}")
        raise QuantizeError(
            f"llama.cpp could not write the {quant} file: {reason}.",
            hint="Check that the disk has room, and run it again; -v -v shows all that llama.cpp says.",
        )
    logger.info("Model quantised", extra={"event": "model_quantised", "type": str(quant)})


class _LineCollector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(" ".join(record.getMessage().split()))


@contextmanager
def _collected_log() -> Iterator[list[str]]:
    """Collect what llama.cpp says meanwhile, because its status tells nothing; others see it at their own level."""
    collector, log = _LineCollector(), llama_runtime.logger
    level, shown = log.level, log.isEnabledFor(logging.DEBUG)
    propagate = log.propagate
    log.addHandler(collector)
    log.setLevel(logging.DEBUG)
    log.propagate = propagate and shown
    try:
        yield collector.lines
    finally:
        log.removeHandler(collector)
        log.setLevel(level)
        log.propagate = propagate
