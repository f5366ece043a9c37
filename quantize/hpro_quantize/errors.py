"""Errors of making a GGUF file from a checkpoint."""

from __future__ import annotations

from hpro_sdk.errors import HproError


class QuantizeError(HproError):
    """The model file could not be made."""


class ConversionError(QuantizeError):
    """The checkpoint cannot be converted."""


class ParityError(QuantizeError):
    """The model file scores differently from the checkpoint it was made of.

    Args:
        message: What was compared, in one line.
        hint: The remedy, in one line.
        measured: The difference found.
        limit: The difference allowed.
    """

    def __init__(self, message: str | None = None, *, measured: float, limit: float, hint: str | None = None) -> None:
        self.measured = measured
        self.limit = limit
        super().__init__(message, hint=hint, measured=measured, limit=limit)
