"""What a refused request means for HPRO, by the code in its body: try again, read differently, or stop."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from hpro_connectors.errors import (
    AuthError,
    FatalError,
    PermissionDeniedError,
    QuotaExhaustedError,
    RateLimitedError,
    RecordRejectedError,
    SchemaDriftError,
    ServerError,
)
from hpro_connectors.salesforce.client.failures import Failure
from hpro_connectors.salesforce.client.permissions import is_of_permissions, remedy_of
from hpro_connectors.salesforce.errors import (
    BulkUnsupportedError,
    CursorExpiredError,
    JobStateError,
    QueryTooLargeError,
    ReplicationDateError,
    RequestTooLongError,
    UnknownColumnError,
    UnknownObjectError,
)
from hpro_sdk.errors import ConfigError, HproError

CONCURRENT_WAIT_S: Final = 120.0
"""Seconds to leave an org alone that has too many long calls at once; Salesforce names no time."""

EXPIRED_CODES: Final = frozenset({"INVALID_SESSION_ID", "INVALID_AUTH_HEADER"})
GONE_CODES: Final = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "NOT_FOUND"})
EXISTS_CODES: Final = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})
TRY_LATER: Final = "Try again later."
REPORT: Final = "Run again with -v, and report what it shows."

_TRANSIENT_STATUSES = frozenset({406, 408, 420, 425})
_TRANSIENT_CODES = frozenset({"SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "UNABLE_TO_LOCK_ROW"})
_TOO_LONG_STATUSES = frozenset({414, 431})
_TOO_LARGE_CODES = frozenset({"QUERY_TIMEOUT", "OPERATION_TOO_LARGE", "QUERY_TOO_COMPLICATED"})
_QUOTA_CODES = frozenset({"REQUEST_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "EXCEEDED_QUOTA", "STORAGE_LIMIT_EXCEEDED"})
_CURSOR_CODES = frozenset({"INVALID_QUERY_LOCATOR", "INVALID_LOCATOR"})
_VERSION_CODES = frozenset({"UNSUPPORTED_API_VERSION", "GONE"})
_BULK_CODES = frozenset({"INVALIDENTITY", "INVALID_ENTITY", "FEATURENOTENABLED"})

_COLUMN = re.compile(r"No such (?:column|relation) '([^']+)'|understand relationship '([^']+)'")
_OBJECT = re.compile(r"sObject type '([^']+)'")


def error_of_failure(failure: Failure) -> HproError:
    """Give the error for a refused request: by its code, and by its status where it has none.

    Args:
        failure: What was refused.
    """
    for fits, make in _RULES:
        if fits(failure):
            return make(failure)
    return FatalError(f"Salesforce refused a request{failure.of_what}: {failure.said}.", **failure.told(REPORT))


def _transient(failure: Failure) -> HproError:
    return ServerError(f"Salesforce cannot answer now: {failure.said}.", **failure.told(TRY_LATER))


def _no_data(failure: Failure) -> HproError:
    return ServerError(
        f"Salesforce, or something between, answered with a page in place of data (HTTP {failure.status}).",
        **failure.told(TRY_LATER),
    )


def _rate_limited(failure: Failure) -> HproError:
    return RateLimitedError(
        f"Salesforce asks for fewer calls: {failure.said}.",
        retry_after_s=failure.retry_after_s,
        **failure.told(TRY_LATER),
    )


def _concurrent(failure: Failure) -> HproError:
    return RateLimitedError(
        f"The org has too many long calls at once: {failure.said}.",
        retry_after_s=failure.retry_after_s or CONCURRENT_WAIT_S,
        **failure.told("Other tools are calling it too; try again later, at a quieter time."),
    )


def _quota(failure: Failure) -> HproError:
    return QuotaExhaustedError(
        f"A quota of the org is used up: {failure.said}.",
        **failure.told(
            "What was stored stays. Calls are counted over the last 24 hours: run again later, or see in Setup, under "
            "Company Information, how much is used."
        ),
    )


def _too_long(failure: Failure) -> HproError:
    return RequestTooLongError(
        f"A request{failure.of_what} is longer than Salesforce takes (HTTP {failure.status}).",
        **failure.told("Name fewer fields in hpro.toml."),
    )


def _too_large(failure: Failure) -> HproError:
    return QueryTooLargeError(
        f"Salesforce gave up on a query{failure.of_what}: {failure.said}.",
        **failure.told("Try again at a quieter time, or name fewer fields in hpro.toml."),
    )


def _cursor(failure: Failure) -> HproError:
    return CursorExpiredError(
        f"Salesforce no longer knows the place in a query's answer: {failure.said}.",
        **failure.told("Reading goes on from what was stored."),
    )


def _column(failure: Failure) -> HproError:
    named = [name for names in _COLUMN.findall(failure.words.message) for name in names if name]
    columns = tuple(dict.fromkeys([*named, *failure.words.fields]))
    which = f"the column {', '.join(columns)}" if columns else "a column of a query"
    return UnknownColumnError(
        f"Salesforce does not know {which}{failure.of_what}, or hides it from this user: {failure.said}.",
        columns=columns,
        **failure.told(
            "Give the user read access to the field with a permission set, or take the field out of hpro.toml."
        ),
    )


def _object(failure: Failure) -> HproError:
    found = _OBJECT.search(failure.words.message)
    name = found[1] if found else failure.where
    return UnknownObjectError(
        f"Salesforce has no object {name or 'of that name'} for this user: {failure.said}.",
        object_name=name,
        **failure.told(
            "This edition may not have it, or the user lacks read access to it: give that with a permission set, or "
            "take the object out of hpro.toml."
        ),
    )


def _query(failure: Failure) -> HproError:
    return SchemaDriftError(
        f"Salesforce does not accept a query{failure.of_what}: {failure.said}.",
        **failure.told("Compare the fields that hpro.toml names with those of the org."),
    )


def _value(failure: Failure) -> HproError:
    return SchemaDriftError(
        f"Salesforce cannot take a value of a request{failure.of_what}: {failure.said}.",
        **failure.told(
            "A field of the org may have become something else: run `hpro doctor`. If that finds nothing, run again "
            "with -v, and report what it shows."
        ),
    )


def _replication(failure: Failure) -> HproError:
    return ReplicationDateError(
        f"Salesforce no longer knows what was deleted{failure.of_what}: {failure.said}.",
        **failure.told("A comparison of all ids finds it."),
    )


def _version(failure: Failure) -> HproError:
    return ConfigError(
        f"The org does not offer this version of the API: {failure.said}.",
        hint="Set api_version in hpro.toml to one that it offers; Salesforce retires old ones.",
    )


def _bulk(failure: Failure) -> HproError:
    return BulkUnsupportedError(
        f"The Bulk API does not take this query{failure.of_what}: {failure.said}.",
        **failure.told("It can be read without the Bulk API."),
    )


def _job_state(failure: Failure) -> HproError:
    return JobStateError(
        f"Salesforce does not do that to a Bulk job in its state: {failure.said}.", **failure.told(TRY_LATER)
    )


def _gone(failure: Failure) -> HproError:
    return RecordRejectedError(
        f"Salesforce has no such record{failure.of_what}: {failure.said}.",
        vendor_code=failure.code or None,
        **failure.told("It was deleted, or this user may not see it."),
    )


def _exists(failure: Failure) -> HproError:
    return RecordRejectedError(
        f"Salesforce has one of that name already{failure.of_what}: {failure.said}.",
        vendor_code=failure.code,
        **failure.told("Rename the other one in the org."),
    )


def _denied(failure: Failure) -> HproError:
    return PermissionDeniedError(
        f"Salesforce refused a request{failure.of_what}: {failure.said}.",
        **failure.told(remedy_of(failure.code, failure.words.fields)),
    )


def _redirect(failure: Failure) -> HproError:
    to = f" to {failure.location}" if failure.location else ""
    return FatalError(
        f"Salesforce leads elsewhere{to} (HTTP {failure.status}); credentials go to the configured place only.",
        **failure.told("If the org was renamed or moved, correct domain (or instance_url) in hpro.toml."),
    )


def _expired(failure: Failure) -> HproError:
    return AuthError(
        f"Salesforce does not accept the session: {failure.said}.",
        **failure.told("Check in Setup that the user is active and that the app's policies allow it; then run again."),
    )


def _has_code(codes: frozenset[str]) -> Callable[[Failure], bool]:
    return lambda failure: failure.code in codes


_RULES: Final[tuple[tuple[Callable[[Failure], bool], Callable[[Failure], HproError]], ...]] = (
    (lambda failure: 301 <= failure.status < 400, _redirect),
    (lambda failure: failure.status in _TOO_LONG_STATUSES, _too_long),
    (lambda failure: failure.status == 401 or failure.code in EXPIRED_CODES, _expired),
    (lambda failure: failure.code in _QUOTA_CODES and failure.says("concurrent"), _concurrent),
    (_has_code(_QUOTA_CODES), _quota),
    (lambda failure: failure.status == 429, _rate_limited),
    (_has_code(_TRANSIENT_CODES), _transient),
    (_has_code(_TOO_LARGE_CODES), _too_large),
    (_has_code(_CURSOR_CODES), _cursor),
    (_has_code(_BULK_CODES), _bulk),
    (_has_code(frozenset({"INVALIDJOBSTATE"})), _job_state),
    (lambda failure: failure.says("not supported by the bulk api", "not supported in bulk"), _bulk),
    (_has_code(frozenset({"INVALID_FIELD"})), _column),
    (_has_code(frozenset({"INVALID_TYPE"})), _object),
    (lambda failure: failure.code == "MALFORMED_QUERY" and failure.says("longer than"), _too_long),
    (_has_code(frozenset({"MALFORMED_QUERY"})), _query),
    (_has_code(frozenset({"JSON_PARSER_ERROR"})), _value),
    (_has_code(frozenset({"INVALID_REPLICATION_DATE"})), _replication),
    (_has_code(_VERSION_CODES), _version),
    (_has_code(GONE_CODES), _gone),
    (_has_code(EXISTS_CODES), _exists),
    (lambda failure: is_of_permissions(failure.code), _denied),
    (lambda failure: failure.status in _TRANSIENT_STATUSES or failure.status >= 500, _transient),
    (lambda failure: failure.status == 403, _denied),
    (lambda failure: not failure.words.code, _no_data),
)
"""Which error a failure becomes: that of the first rule that fits."""
