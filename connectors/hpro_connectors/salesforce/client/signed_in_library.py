"""simple-salesforce with our session and our sign-in: one renewal and one repetition a request, and every failure ours.

The library is used in its direct mode, in which it never signs in by itself. So there is no loop of sign-ins, a renewal
holds for Bulk jobs too, and a repeated request has all its headers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import requests
from requests.adapters import BaseAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.util import call_salesforce

from hpro_connectors.errors import AuthError, FatalError
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.error_classes import (
    LIBRARY_ERRORS,
    error_of,
    error_of_transport,
    is_expired,
    is_unknown,
    no_data_error,
)
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.session import Clock, SalesforceSession
from hpro_connectors.salesforce.client.sign_in import SignedIn, UtcClock, sign_in
from hpro_sdk.errors import HproError

_LOGGER = logging.getLogger(__name__)
_MOST_UNKNOWN: Final = 3

Answer = TypeVar("Answer")


class SignedInLibrary:
    """Sends requests of one user through simple-salesforce; the first one signs in.

    Args:
        connection: How to reach the org.
        transport: What sends a request, in place of the usual one.
        clock: Seconds that only grow.
        now: This machine's clock, used for nothing but to say that it is wrong.

    Attributes:
        session: What everything goes through.
    """

    def __init__(self, connection: Connection, *, transport: BaseAdapter | None, clock: Clock, now: UtcClock) -> None:
        self.session = SalesforceSession(
            connect_timeout_s=connection.connect_timeout_s,
            read_timeout_s=connection.read_timeout_s,
            emulator=connection.emulator,
            transport=transport,
            clock=clock,
        )
        self._connection = connection
        self._now = now
        self._current: tuple[SignedIn, Salesforce] | None = None
        self._unknown_failures = 0

    def signed_in(self) -> SignedIn:
        """Give the session of the user; signs in where there is none yet."""
        return self._sign_in_once()[0]

    def send(self, ask: Callable[[Salesforce], Answer], where: str | None = None) -> Answer:
        """Ask through the library; where the session has ended, sign in anew and ask once more.

        Args:
            ask: Makes one request.
            where: What is asked for, such as an object; for errors.

        Raises:
            AuthError: The new session is not accepted either, or there can be none.
            HproError: What else went wrong, see :mod:`hpro_connectors.salesforce.client.error_classes`.
        """
        library = self._sign_in_once()[1]
        try:
            answer = self._judged(ask, library, where)
        except _ExpiredError as expired:
            if self._connection.sign_in is SignInWay.SESSION:
                raise _not_accepted(expired, "A session id lives some hours only: give a new one.") from None
            _LOGGER.info("the session has ended; signing in again")
            self._current = None
            library = self._sign_in_once()[1]
            try:
                answer = self._judged(ask, library, where)
            except _ExpiredError as again:
                raise _not_accepted(
                    again, "A new sign-in did not help: check in Setup what the app and the user may do."
                ) from None
        self._unknown_failures = 0
        return answer

    def get_raw(
        self, path: str, *, headers: Mapping[str, str], params: Mapping[str, str | int], where: str | None = None
    ) -> requests.Response:
        """Read what is no JSON, which the library's own ``restful`` cannot.

        Args:
            path: Below ``/services/data/vNN.0/``.
            headers: Beside those that every request has.
            params: Behind the question mark.
            where: What is asked for.
        """

        def ask(library: Salesforce) -> requests.Response:
            sent = {**library.headers, **headers}
            return call_salesforce(library.base_url + path, "GET", self.session, sent, params=params)

        return self.send(ask, where)

    def versions(self) -> requests.Response:
        """Ask which versions of the API the org offers; that has a path above all of them."""

        def ask(library: Salesforce) -> requests.Response:
            place = f"https://{library.sf_instance}/services/data/"
            return call_salesforce(place, "GET", self.session, library.headers)

        return self.send(ask)

    def _judged(self, ask: Callable[[Salesforce], Answer], library: Salesforce, where: str | None) -> Answer:
        try:
            return ask(library)
        except LIBRARY_ERRORS as exc:
            error = error_of(exc, where=where, head=self.session.latest)
            if is_expired(exc):
                raise _ExpiredError(error) from None
            if is_unknown(exc):
                self._count_unknown(error, where)
            raise error from None
        except requests.RequestException as exc:
            raise error_of_transport(exc, library.sf_instance) from None
        except (TypeError, RecursionError):
            if self.session.latest is None:
                raise
            # The library takes for granted that an answer has a length, and that it is not nested without end.
            raise no_data_error() from None

    def _count_unknown(self, error: HproError, where: str | None) -> None:
        """Give up on what Salesforce itself cannot explain, sooner than on what it says will pass."""
        self._unknown_failures += 1
        if self._unknown_failures < _MOST_UNKNOWN:
            return
        self._unknown_failures = 0
        raise FatalError(
            f"Salesforce failed {_MOST_UNKNOWN} times and does not know why: {error.message}",
            hint="Give the number in its words to Salesforce's support.",
            connector=NAME,
            stream=where,
        ) from None

    def _sign_in_once(self) -> tuple[SignedIn, Salesforce]:
        if self._current is None:
            found = sign_in(self._connection, self.session, now=self._now)
            library = Salesforce(
                session_id=found.token,
                instance=found.instance,
                version=self._connection.api_version,
                session=self.session,
                object_pairs_hook=None,
            )
            self._current = found, library
        return self._current


class _ExpiredError(Exception):
    """A request was refused because the session has ended."""

    def __init__(self, error: HproError) -> None:
        self.error = error
        super().__init__()


def _not_accepted(expired: _ExpiredError, hint: str) -> AuthError:
    return AuthError(expired.error.message, hint=hint, connector=NAME)
