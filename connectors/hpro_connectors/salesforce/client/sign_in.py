"""Signing in: simple-salesforce's own sign-in, sent through our session, its failures told to a person.

What comes of it is a token and the host where it is valid. The client uses both in the library's direct mode, in which
the library never signs in by itself: so renewal is ours alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypedDict
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import jwt
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from hpro_connectors.errors import AuthError
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.error_classes import error_of, error_of_transport, no_data_error
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.record_ids import is_record_id, long_id
from hpro_connectors.salesforce.client.session import SalesforceSession
from hpro_sdk.errors import ConfigError, HproError

_LARGEST_CLOCK_DIFFERENCE_S: Final = 120.0
_CLIENT_NAME: Final = "hpro"

UtcClock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of a user.

    Attributes:
        token: Goes with every request.
        instance: Host, and port where it is not the usual one, where the token is valid.
    """

    token: str = field(repr=False)
    instance: str

    @property
    def org_id(self) -> str | None:
        """The 18-character id of the org, which most tokens begin with; ``None`` where this one does not say."""
        org, mark, _rest = self.token.partition("!")
        return long_id(org) if mark and org.startswith("00D") and is_record_id(org) else None


def utc_now() -> datetime:
    """Give this machine's clock; used for nothing but to say that it is wrong."""
    return datetime.now(UTC)


def sign_in(connection: Connection, session: SalesforceSession, *, now: UtcClock = utc_now) -> SignedIn:
    """Sign in as configured.

    Args:
        connection: Who, how and where.
        session: What it is sent through.
        now: This machine's clock, with which the library dates an assertion.

    Raises:
        AuthError: The credentials are not accepted.
        PermissionDeniedError: The user may not use the API.
        ConfigError: The private key is none.
        RetriableError: Salesforce cannot be reached, or cannot answer now.
    """
    if connection.sign_in is SignInWay.SESSION:
        return SignedIn(_clean(connection.session_id), urlsplit(connection.instance_url).netloc)
    host = f"{_arguments(connection).get('instance_url') or connection.domain}.salesforce.com"
    try:
        token, instance = _library_sign_in(connection, session)
    except SalesforceAuthenticationFailed as exc:
        raise _with_clock(
            error_of(exc, where=connection.domain, head=session.latest), connection, session, now
        ) from None
    except requests.RequestException as exc:
        raise error_of_transport(exc, host) from None
    except (AttributeError, KeyError, TypeError, ExpatError, UnicodeDecodeError):
        if session.latest is None:
            raise
        # The library takes an answer apart without looking whether it is one.
        raise no_data_error("a sign-in") from None
    if not isinstance(token, str) or not isinstance(instance, str) or not token or not instance:
        raise no_data_error("a sign-in")
    return SignedIn(_clean(token), instance.rstrip("/"))


class _Login(TypedDict, total=False):
    """What the library's sign-in takes, as far as we use it."""

    username: str
    password: str
    security_token: str
    sf_version: str
    client_id: str
    domain: str
    instance_url: str
    consumer_key: str
    consumer_secret: str
    privatekey: str


def _library_sign_in(connection: Connection, session: SalesforceSession) -> tuple[Any, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it prints the consumer key; the error says the same
            return SalesforceLogin(session=session, **_arguments(connection))
    except (ValueError, TypeError, jwt.exceptions.PyJWTError) as exc:
        is_of_key = session.latest is None and not isinstance(exc, requests.RequestException)
        if connection.sign_in is SignInWay.JWT and is_of_key:
            # Without its cause, which may hold the key.
            raise ConfigError(
                "The secret private_key is no RSA key in PEM form without a passphrase.",
                hint="Make one with: openssl genrsa -out hpro.key 2048; its certificate goes into the app.",
            ) from None
        raise


def _arguments(connection: Connection) -> _Login:
    if connection.sign_in is SignInWay.JWT:
        # The audience is one of two; where to ask is My Domain, which the library calls instance_url.
        is_test = connection.domain == "test" or bool({"sandbox", "scratch"} & set(connection.domain.split(".")))
        audience = "test" if is_test else "login"
        arguments = _Login(
            username=connection.username,
            consumer_key=connection.consumer_key,
            privatekey=connection.private_key,
            domain=audience,
        )
        if connection.domain not in {"login", "test"}:
            arguments["instance_url"] = connection.domain
        return arguments
    if connection.sign_in is SignInWay.CLIENT_CREDENTIALS:
        return _Login(
            consumer_key=connection.consumer_key,
            consumer_secret=connection.consumer_secret,
            domain=connection.domain,
        )
    arguments = _Login(username=connection.username, password=connection.password, domain=connection.domain)
    if connection.consumer_key and connection.consumer_secret:
        arguments["consumer_key"] = connection.consumer_key
        arguments["consumer_secret"] = connection.consumer_secret
        arguments["password"] = connection.password + connection.security_token
    else:
        arguments["security_token"] = connection.security_token
        arguments["sf_version"] = connection.api_version
        arguments["client_id"] = _CLIENT_NAME
    return arguments


def _clean(token: str) -> str:
    """Refuse what cannot stand in a header; requests would name the value."""
    text = token.strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise AuthError(
            "The session id holds characters that no session id has.",
            hint="Give it again, alone and on one line.",
            connector=NAME,
        )
    return text


def _with_clock(error: HproError, connection: Connection, session: SalesforceSession, now: UtcClock) -> HproError:
    """Add to a refused assertion that this machine's clock is wrong, where it is."""
    theirs = session.counts.server_time(younger_than_s=60.0)
    is_of_assertion = isinstance(error, AuthError) and "assertion" in error.message
    if not is_of_assertion or theirs is None or connection.emulator is not None:  # an emulator's clock is its own
        return error
    difference_s = (now() - theirs).total_seconds()
    if abs(difference_s) <= _LARGEST_CLOCK_DIFFERENCE_S:
        return error
    return AuthError(
        f"{error.message} This machine's clock is {abs(difference_s) / 60:.0f} minutes "
        f"{'fast' if difference_s > 0 else 'slow'}, and the assertion is dated by it.",
        hint="Set this machine's clock right.",
        connector=NAME,
    )
