"""From the exceptions of simple-salesforce and requests to ours; nothing above this package sees one of theirs.

simple-salesforce sorts failures by HTTP status alone; the codes in their bodies decide here. What an exception of
either library says holds the whole address and body of a request, so that it is never the cause of one of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import requests
import urllib3
from simple_salesforce import exceptions as library

from hpro_connectors.errors import FatalError, NetworkError, ServerError
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.salesforce.client.error_rules import EXPIRED_CODES, GONE_CODES, REPORT, TRY_LATER, error_of_failure
from hpro_connectors.salesforce.client.failures import NAME, Failure
from hpro_connectors.salesforce.client.session import AnswerHead
from hpro_connectors.salesforce.client.sign_in_errors import sign_in_error
from hpro_connectors.salesforce.client.vendor_words import VendorWords, one_line, words_of
from hpro_connectors.salesforce.errors import BulkUnsupportedError
from hpro_sdk.errors import HproError


def _of_several(failure: Failure) -> HproError:
    return FatalError(
        f"Salesforce has several records where one was asked for{failure.of_what}.", **failure.told(REPORT)
    )


def _of_sign_in(failure: Failure) -> HproError:
    return sign_in_error(failure, domain=failure.where or "Salesforce")


def _of_bulk_query(failure: Failure) -> HproError:
    return BulkUnsupportedError(f"A Bulk job{failure.of_what} failed.", **failure.told(TRY_LATER))


def _of_bulk_load(failure: Failure) -> HproError:
    return FatalError(f"A Bulk job{failure.of_what} failed.", **failure.told(REPORT))


BY_CLASS: Final[Mapping[type[BaseException], Callable[[Failure], HproError]]] = MappingProxyType(
    {
        library.SalesforceError: error_of_failure,
        library.SalesforceMoreThanOneRecord: _of_several,
        library.SalesforceMalformedRequest: error_of_failure,
        library.SalesforceExpiredSession: error_of_failure,
        library.SalesforceRefusedRequest: error_of_failure,
        library.SalesforceResourceNotFound: error_of_failure,
        library.SalesforceGeneralError: error_of_failure,
        library.SalesforceAuthenticationFailed: _of_sign_in,
        library.SalesforceOperationError: _of_bulk_query,
        library.SalesforceBulkV2ExtractError: _of_bulk_query,
        library.SalesforceBulkV2LoadError: _of_bulk_load,
    }
)
"""Every class that simple-salesforce raises, and who judges it; a test compares them with the library's own."""

LIBRARY_ERRORS: Final = (library.SalesforceError, library.SalesforceOperationError)


def error_of(exc: Exception, *, where: str | None = None, head: AnswerHead | None = None) -> HproError:
    """Give our error for one of simple-salesforce's.

    Args:
        exc: What the library raised.
        where: What was asked for, such as an object; of a sign-in the domain.
        head: Of the answer, which the library does not keep.
    """
    failure = _failure_of(exc, where, head)
    return next(BY_CLASS[kind] for kind in type(exc).__mro__ if kind in BY_CLASS)(failure)


def _failure_of(exc: Exception, where: str | None, head: AnswerHead | None) -> Failure:
    status, words = 0, VendorWords("", "")
    if isinstance(exc, library.SalesforceAuthenticationFailed):
        # Its code is the status and its message the body where the answer is no data.
        if isinstance(exc.code, str):
            words = VendorWords(exc.code, one_line(exc.auth_message))
        status = head.status if head is not None else exc.status
    elif isinstance(exc, library.SalesforceError):
        status, words = exc.status, words_of(exc.content)
    if head is None:
        return Failure(status, words, where)
    return Failure(status, words, where, head.retry_after_s, head.location)


def is_expired(exc: Exception) -> bool:
    """Tell whether a new sign-in may help: the session has ended, or Salesforce does not know it.

    Args:
        exc: What the library raised.
    """
    return isinstance(exc, library.SalesforceError) and (
        exc.status == 401 or words_of(exc.content).code in EXPIRED_CODES
    )


def is_unknown(exc: Exception) -> bool:
    """Tell whether Salesforce itself does not know what went wrong, so that few repetitions are worth their calls.

    Args:
        exc: What the library raised.
    """
    return isinstance(exc, library.SalesforceError) and words_of(exc.content).code == "UNKNOWN_EXCEPTION"


def error_of_transport(exc: Exception, host: str) -> HproError:
    """Give our error for a request that got no answer, or one that cannot be read.

    Args:
        exc: What requests raised.
        host: Where the request went.
    """
    causes = list(_causes(exc))
    if any(isinstance(cause, urllib3.exceptions.NameResolutionError) for cause in causes):
        return NetworkError(
            f"There is no host {host}.",
            hint="Check domain (or instance_url) in hpro.toml, and this machine's network.",
            connector=NAME,
        )
    if isinstance(exc, requests.exceptions.SSLError) and any("CERTIFICATE" in str(cause) for cause in causes):
        return FatalError(
            f"The certificate of {host} is not trusted.",
            hint="Check this machine's clock. Behind a company proxy that opens encrypted traffic, name its "
            "certificates with the variable REQUESTS_CA_BUNDLE.",
            connector=NAME,
        )
    if isinstance(exc, requests.exceptions.ProxyError):
        return NetworkError(
            f"The proxy between this machine and {host} failed.",
            hint="Check the variables HTTPS_PROXY and NO_PROXY.",
            connector=NAME,
        )
    if isinstance(exc, requests.exceptions.Timeout):
        return NetworkError(f"{host} did not answer in time.", hint=TRY_LATER, connector=NAME)
    if isinstance(exc, requests.exceptions.JSONDecodeError):
        return no_data_error()
    if isinstance(exc, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return NetworkError(f"An answer of {host} was cut short.", hint=TRY_LATER, connector=NAME)
    if isinstance(exc, (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL)):
        return FatalError(
            f"A request to {host} cannot be written.",
            hint="Check domain, instance_url and the secrets for characters that do not belong there.",
            connector=NAME,
        )
    return NetworkError(f"{host} cannot be reached.", hint=f"Check this machine's network. {TRY_LATER}", connector=NAME)


def no_data_error(what: str = "data") -> ServerError:
    """Give the error for an answer that is not what it should be; it never counts as an empty one.

    Args:
        what: What it should be.
    """
    return ServerError(
        f"Salesforce, or something between, answered with something else than {what}.",
        hint=TRY_LATER,
        connector=NAME,
    )


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """Give an exception and all that it was made from; urllib3 keeps the cause as ``reason``, requests in ``args``."""
    seen: set[int] = set()
    waiting = [exc]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        waiting += [each for each in inner if isinstance(each, BaseException)]


_ROW_STATUSES: Final[Mapping[str, WriteStatus]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "UNABLE_TO_LOCK_ROW",
                "SERVER_UNAVAILABLE",
                "UNKNOWN_EXCEPTION",
                "REQUEST_LIMIT_EXCEEDED",
                "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "PROCESSING_HALTED",
            ),
            WriteStatus.RETRY,
        ),
        **dict.fromkeys(GONE_CODES, WriteStatus.GONE),
        "CANNOT_UPDATE_CONVERTED_LEAD": WriteStatus.SKIPPED,
    }
)


def row_status_of(code: str) -> WriteStatus:
    """Say what becomes of a row that Salesforce did not take.

    Args:
        code: The CRM's, as in ``statusCode`` of a row's error.
    """
    return _ROW_STATUSES.get(code.upper(), WriteStatus.REJECTED)
