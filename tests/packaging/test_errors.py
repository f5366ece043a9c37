"""The error tree: every class has a default message and the exit code that callers rely on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

import hpro_connectors.errors as connectors
import hpro_quantize.errors as quantize
import hpro_sdk.errors as sdk

EXIT_CODES = {
    "AuthError": 1,
    "ConfigError": 2,
    "ConnectorError": 1,
    "ConversionError": 1,
    "DataError": 1,
    "FatalError": 1,
    "HproError": 1,
    "LeadValidationError": 1,
    "MigrationError": 1,
    "MissingExtraError": 2,
    "ModelError": 1,
    "ModelFitError": 2,
    "ModelLoadError": 1,
    "NetworkError": 1,
    "NoPairsError": 1,
    "NonFiniteScoreError": 1,
    "OutputError": 1,
    "ParityError": 1,
    "PermissionDeniedError": 2,
    "PromptTooLongError": 1,
    "QuantizeError": 1,
    "QuotaExhaustedError": 5,
    "RateLimitedError": 1,
    "RecordRejectedError": 3,
    "ResumeExpiredError": 1,
    "RetriableError": 1,
    "RunStoppedError": 3,
    "SafetyRailError": 2,
    "SchemaDriftError": 2,
    "ServerError": 1,
    "SkippableError": 3,
    "SmallerBatchError": 3,
    "StateError": 1,
    "StateLockedError": 4,
    "TrainingError": 1,
    "UnknownStageError": 1,
}


def tree(root: type[sdk.HproError] = sdk.HproError) -> Iterator[type[sdk.HproError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def ours() -> list[type[sdk.HproError]]:
    modules = {sdk.__name__, connectors.__name__, quantize.__name__}
    return [error for error in dict.fromkeys(tree()) if error.__module__ in modules]


def test_exit_codes() -> None:
    assert {error.__name__: error.exit_code for error in ours()} == EXIT_CODES


def test_docstring_is_the_default_message() -> None:
    for error in ours():
        required = [
            name
            for name, parameter in inspect.signature(error).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
        ]
        make: Callable[..., sdk.HproError] = error
        message = str(make(**dict.fromkeys(required, 1)))
        assert message == (error.__doc__ or "").partition("\n")[0]
        assert message.endswith(".")


def test_connector_error_says_where() -> None:
    error = connectors.RateLimitedError(
        "Too many calls.", retry_after_s=3.0, hint="Wait.", connector="crm", stream="lead", record_id="1"
    )
    assert str(error) == "Too many calls. Wait."
    assert (error.connector, error.stream, error.record_id, error.sync_run_id) == ("crm", "lead", "1", None)
    assert error.retry_after_s == pytest.approx(3.0)
    assert error.context == {"connector": "crm", "stream": "lead", "record_id": "1"}


def test_connector_errors_carry_what_the_caller_needs() -> None:
    reset = datetime(2030, 1, 1, tzinfo=UTC)
    assert connectors.QuotaExhaustedError(resets_at=reset).resets_at == reset
    assert connectors.RecordRejectedError(vendor_code="DUPLICATE").vendor_code == "DUPLICATE"


def test_parity_error_carries_its_numbers() -> None:
    error = quantize.ParityError("Scores differ.", measured=0.2, limit=0.1)
    assert (error.measured, error.limit) == (0.2, 0.1)
