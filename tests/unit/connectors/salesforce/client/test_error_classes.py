"""Each class of failure does what it should: try again, read differently, skip a record, or stop with a remedy."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
import requests
import simple_salesforce.exceptions as library

from hpro_connectors.errors import (
    AuthError,
    ConnectorError,
    FatalError,
    NetworkError,
    PermissionDeniedError,
    QuotaExhaustedError,
    RateLimitedError,
    RecordRejectedError,
    RetriableError,
    SchemaDriftError,
    ServerError,
)
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.salesforce import errors
from hpro_connectors.salesforce.client.error_classes import BY_CLASS, error_of, error_of_transport, row_status_of
from hpro_connectors.salesforce.client.error_rules import error_of_failure
from hpro_connectors.salesforce.client.failures import Failure
from hpro_connectors.salesforce.client.permissions import REMEDIES
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.client.vendor_words import VendorWords, words_of
from hpro_sdk.errors import ConfigError, HproError

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.client.conftest import Script


NO_COLUMN = """
SELECT Id, Foo__c FROM Lead
           ^
ERROR at Row:1:Column:12
No such column 'Foo__c' on entity 'Lead'. If you are attempting to use a custom field, be sure to append the '__c' after
the custom field name. Please reference your WSDL or the describe call for the appropriate names."""
NO_RELATION = """
ERROR at Row:1:Column:8
Didn't understand relationship 'Bar__r' in field path. If you are attempting to use a custom relationship, be sure"""


def of(status: int, code: str = "", message: str = "") -> HproError:
    return error_of_failure(Failure(status, VendorWords(code, message), where="Lead"))


def test_every_exception_of_the_library_has_somebody_who_judges_it() -> None:
    raised = {kind for _name, kind in inspect.getmembers(library, inspect.isclass) if issubclass(kind, Exception)}
    assert raised == set(BY_CLASS)


@pytest.mark.parametrize("kind", BY_CLASS, ids=lambda kind: kind.__name__)
def test_every_exception_of_the_library_becomes_one_of_ours(kind: type[Exception]) -> None:
    if issubclass(kind, library.SalesforceAuthenticationFailed):
        exc: Exception = kind("invalid_grant", "expired access")
    elif issubclass(kind, library.SalesforceError):
        content: Any = [{"errorCode": "X", "message": "words"}]
        exc = kind("https://acme.my.salesforce.com/q?q=hidden", 400, "Lead", content)
    else:
        exc = kind("hidden")
    error = error_of(exc, where="Lead")
    assert isinstance(error, HproError)
    assert error.hint
    assert "hidden" not in str(error)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        # refresh
        (401, "INVALID_SESSION_ID", "", AuthError),
        (401, "INVALID_AUTH_HEADER", "", AuthError),
        # transient
        (503, "SERVER_UNAVAILABLE", "", ServerError),
        (500, "UNKNOWN_EXCEPTION", "", ServerError),
        (500, "", "", ServerError),
        (502, "", "", ServerError),
        (503, "", "", ServerError),
        (504, "", "", ServerError),
        (521, "", "", ServerError),
        (406, "", "", ServerError),
        (420, "", "", ServerError),
        (400, "UNABLE_TO_LOCK_ROW", "", ServerError),
        (404, "", "", ServerError),
        (400, "", "", ServerError),
        (429, "", "", RateLimitedError),
        # concurrency and quota: one code, two meanings
        (
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded",
            RateLimitedError,
        ),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded", QuotaExhaustedError),
        (403, "REQUEST_LIMIT_EXCEEDED", "", QuotaExhaustedError),
        (400, "LIMIT_EXCEEDED", "Max batches exceeded", QuotaExhaustedError),
        (400, "EXCEEDED_QUOTA", "", QuotaExhaustedError),
        # split
        (400, "QUERY_TIMEOUT", "", errors.QueryTooLargeError),
        (400, "OPERATION_TOO_LARGE", "", errors.QueryTooLargeError),
        (400, "QUERY_TOO_COMPLICATED", "", errors.QueryTooLargeError),
        (414, "", "", errors.RequestTooLongError),
        (431, "", "", errors.RequestTooLongError),
        (400, "MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters", errors.RequestTooLongError),
        # restart the query
        (400, "INVALID_QUERY_LOCATOR", "", errors.CursorExpiredError),
        # schema drift
        (400, "INVALID_FIELD", "", errors.UnknownColumnError),
        (400, "INVALID_TYPE", "", errors.UnknownObjectError),
        (400, "MALFORMED_QUERY", "unexpected token: FORM", SchemaDriftError),
        (400, "JSON_PARSER_ERROR", "Cannot deserialize instance of double from VALUE_STRING value A", SchemaDriftError),
        # deletions
        (400, "INVALID_REPLICATION_DATE", "", errors.ReplicationDateError),
        # one record
        (404, "ENTITY_IS_DELETED", "", RecordRejectedError),
        (400, "INVALID_CROSS_REFERENCE_KEY", "", RecordRejectedError),
        (400, "MALFORMED_ID", "", RecordRejectedError),
        (404, "NOT_FOUND", "", RecordRejectedError),
        # Bulk
        (400, "INVALIDENTITY", "Entity 'TaskStatus' is not supported by the Bulk API.", errors.BulkUnsupportedError),
        (400, "API_ERROR", "Selecting compound data not supported in Bulk Query", errors.BulkUnsupportedError),
        # what a person must change
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "", PermissionDeniedError),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", "", PermissionDeniedError),
        (403, "API_DISABLED_FOR_ORG", "", PermissionDeniedError),
        (403, "API_CURRENTLY_DISABLED", "", PermissionDeniedError),
        (403, "TXN_SECURITY_METERING_ERROR", "", PermissionDeniedError),
        (403, "FUNCTIONALITY_NOT_ENABLED", "", PermissionDeniedError),
        (403, "SOMETHING_NEW", "", PermissionDeniedError),
        (403, "", "", PermissionDeniedError),
        (410, "GONE", "", ConfigError),
        (400, "UNSUPPORTED_API_VERSION", "", ConfigError),
        # and what nobody knows
        (302, "", "", FatalError),
        (409, "SOMETHING_NEW", "", FatalError),
        (400, "SOMETHING_NEW", "", FatalError),
    ],
)
def test_what_a_failure_is(status: int, code: str, message: str, kind: type[HproError]) -> None:
    error = of(status, code, message)
    assert type(error) is kind
    assert error.hint
    assert "\n" not in str(error)
    if kind is not errors.RequestTooLongError:
        assert code in str(error)


def test_row_23_a_disabled_api_names_the_permission_and_is_not_tried_again() -> None:
    error = of(403, "API_DISABLED_FOR_ORG", "API is disabled for this User")
    assert error.exit_code == 2
    assert not isinstance(error, RetriableError)
    assert "API Enabled" in str(error)
    assert "edition" in str(error)


@pytest.mark.parametrize("code", REMEDIES)
def test_row_23_each_refusal_of_a_permission_has_a_remedy_of_its_own(code: str) -> None:
    error = of(403, code)
    assert type(error) is PermissionDeniedError
    assert error.exit_code == 2
    assert error.hint == REMEDIES[code]


def test_row_24_the_whole_quota_stops_and_too_many_calls_at_once_wait() -> None:
    quota = of(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    at_once = of(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
    assert isinstance(quota, QuotaExhaustedError)
    assert not isinstance(quota, RetriableError)
    assert quota.exit_code == 5
    assert isinstance(at_once, RateLimitedError)
    assert at_once.retry_after_s is not None
    assert at_once.retry_after_s >= 60


@pytest.mark.parametrize(
    ("message", "columns"),
    [
        (NO_COLUMN, ("Foo__c",)),
        (NO_RELATION, ("Bar__r",)),
        ("field 'OldValue' can not be filtered in a query call", ()),
    ],
)
def test_the_columns_that_are_not_known_are_named(message: str, columns: tuple[str, ...]) -> None:
    words = words_of([{"errorCode": "INVALID_FIELD", "message": message}])
    error = error_of_failure(Failure(400, words, where="Lead"))
    assert isinstance(error, errors.UnknownColumnError)
    assert error.columns == columns
    assert "SELECT" not in str(error)
    assert "attempting" not in str(error)
    assert error.stream == "Lead"


def test_the_object_that_is_not_known_is_named() -> None:
    error = of(400, "INVALID_TYPE", "sObject type 'EmailMessage' is not supported.")
    assert isinstance(error, errors.UnknownObjectError)
    assert error.object_name == "EmailMessage"
    assert "edition" in str(error)


def test_what_the_crm_says_is_short_and_holds_no_address() -> None:
    words = words_of(
        [{"errorCode": "X", "message": "bad value\n for anna@example.com or +49 170 1234567 " + "x" * 500}]
    )
    assert "anna" not in words.message
    assert "1234567" not in words.message
    assert len(words.message) <= 303
    assert "\n" not in words.message


@pytest.mark.parametrize("content", [None, "text", b"bytes", [], [1], {}, [{}], [[]], 7])
def test_a_body_that_is_no_failure_of_the_crm_says_nothing(content: object) -> None:
    assert str(words_of(content)) == ""


def test_an_unknown_failure_of_the_crm_is_worth_three_tries(client: SalesforceClient, script: Script) -> None:
    unknown = script.failure("UNKNOWN_EXCEPTION", 500, "An unexpected error occurred. ErrorId: 1-2 (3)")
    script.replies = [unknown, unknown, script.rows("1"), unknown, unknown, unknown, unknown]
    for _ in range(2):
        with pytest.raises(ServerError):
            client.query("SELECT Id FROM Lead")
    client.query("SELECT Id FROM Lead")
    for _ in range(2):
        with pytest.raises(ServerError):
            client.query("SELECT Id FROM Lead")
    with pytest.raises(FatalError, match=r"ErrorId: 1-2 \(3\)"):
        client.query("SELECT Id FROM Lead")
    with pytest.raises(ServerError):
        client.query("SELECT Id FROM Lead")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UNABLE_TO_LOCK_ROW", WriteStatus.RETRY),
        ("ENTITY_IS_DELETED", WriteStatus.GONE),
        ("INVALID_CROSS_REFERENCE_KEY", WriteStatus.GONE),
        ("MALFORMED_ID", WriteStatus.GONE),
        ("NOT_FOUND", WriteStatus.GONE),
        ("CANNOT_UPDATE_CONVERTED_LEAD", WriteStatus.SKIPPED),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", WriteStatus.REJECTED),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", WriteStatus.REJECTED),
        ("STRING_TOO_LONG", WriteStatus.REJECTED),
        ("NUMBER_OUTSIDE_VALID_RANGE", WriteStatus.REJECTED),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", WriteStatus.REJECTED),
        ("DUPLICATES_DETECTED", WriteStatus.REJECTED),
        ("REQUIRED_FIELD_MISSING", WriteStatus.REJECTED),
        ("SOMETHING_NEW", WriteStatus.REJECTED),
    ],
)
def test_what_becomes_of_a_row(code: str, status: WriteStatus) -> None:
    assert row_status_of(code) is status


OF_REQUESTS = [
    kind
    for _name, kind in inspect.getmembers(requests.exceptions, inspect.isclass)
    if issubclass(kind, requests.RequestException)
]


@pytest.mark.parametrize("kind", OF_REQUESTS, ids=lambda kind: kind.__name__)
def test_every_exception_of_requests_becomes_one_of_ours(kind: type[requests.RequestException]) -> None:
    exc = (
        kind("https://acme.my.salesforce.com/?q=hidden")
        if kind is not requests.JSONDecodeError
        else kind("hidden", "h", 0)
    )
    error = error_of_transport(exc, "acme.my.salesforce.com")
    assert isinstance(error, ConnectorError)
    assert error.hint
    assert "hidden" not in str(error)


def test_what_cannot_pass_by_itself_is_not_tried_again() -> None:
    untrusted = requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired")
    assert type(error_of_transport(untrusted, "x")) is FatalError
    assert type(error_of_transport(requests.exceptions.SSLError("EOF occurred"), "x")) is NetworkError
    assert type(error_of_transport(requests.exceptions.InvalidHeader("value"), "x")) is FatalError
