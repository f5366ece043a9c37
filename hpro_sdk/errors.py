"""The error tree of HPRO: each class says what the caller should do about it.

Exit codes are part of the class, so that every command ends alike: 1 the content of data, a model or a
training is at fault, or something failed; 2 a person must change a flag, path, mapping, configuration or
permission; 3 partial; 4 busy; 5 quota.
"""

from __future__ import annotations

from typing import ClassVar


class HproError(Exception):
    """Something in HPRO failed.

    The first line of a subclass's docstring is its default message.

    Args:
        message: What happened and where (file, row, field), in one line.
        hint: The remedy, in one line.
        **context: Values for logs and callers, such as ``row=3``; never lead text.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str | None = None, *, hint: str | None = None, **context: object) -> None:
        self.message = message or (type(self).__doc__ or "").strip().partition("\n")[0]
        self.hint = hint
        self.context = context
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigError(HproError):
    """A flag, path, mapping or configuration is wrong: a person must change it."""

    exit_code = 2


class MissingExtraError(HproError, ImportError):
    """An optional part of HPRO is not installed."""

    exit_code = 2


class DataError(HproError):
    """The content of the data cannot be used."""


class LeadValidationError(DataError):
    """A lead breaks the domain model."""


class UnknownStageError(DataError):
    """A stage value is not part of the funnel."""


class PromptTooLongError(DataError):
    """The fixed part of the template leaves no room in the context.

    Args:
        tokens: Tokens of the fixed part.
        limit: Tokens the context holds.
    """

    def __init__(self, message: str | None = None, *, tokens: int, limit: int, hint: str | None = None) -> None:
        self.tokens = tokens
        self.limit = limit
        super().__init__(message, hint=hint, tokens=tokens, limit=limit)


class ModelError(HproError):
    """A model cannot be used."""


class ModelLoadError(ModelError):
    """A model file or checkpoint folder cannot be loaded."""


class ModelFitError(ModelError):
    """The model was made for something else than it is asked to score."""

    exit_code = 2


class NonFiniteScoreError(ModelError):
    """The model gave a score that is not a number for a lead."""


class TrainingError(HproError):
    """Training cannot start or gave nothing useful."""


class NoPairsError(TrainingError):
    """No preference rule finds a pair in the whole training split."""


class OutputError(HproError):
    """A result could not be written; what stood there before is untouched."""
