"""Checking the assertion of the JWT bearer flow: who signed it, for whom, and until when."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime, timedelta

import jwt

from hpro_connectors.emulators.salesforce.wire.external_client_app import ExternalClientApp

LONGEST_LIFE = timedelta(minutes=5)
"""An assertion may end at most so long from now."""


class OAuthFault(Exception):  # noqa: N818  # the CRM's fault, as ApiFault
    """A sign-in that was refused.

    Args:
        error: The OAuth error, such as ``invalid_grant``.
        description: The CRM's words.
        status: The HTTP status.
    """

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        self.error, self.description, self.status = error, description, status
        super().__init__(f"{error}: {description}")

    def body(self) -> dict[str, str]:
        """The JSON body."""
        return {"error": self.error, "error_description": self.description}


def checked_user_name(assertion: str, app: ExternalClientApp, audiences: Collection[str], now: datetime) -> str:
    """Check an assertion.

    Args:
        assertion: As it came.
        app: Whose key must have signed it.
        audiences: One of these it must be meant for.
        now: By the real clock: a client makes assertions by that of its own machine.

    Returns:
        The name of the user who wants to come in.

    Raises:
        OAuthFault: It is not good.
    """
    try:
        unchecked = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise OAuthFault("invalid_grant", "invalid assertion") from None
    if unchecked.get("iss") != app.consumer_key:
        raise OAuthFault("invalid_client_id", "client identifier invalid")
    if not app.certificate_from <= now < app.certificate_until:
        raise OAuthFault("invalid_grant", "certificate expired")
    try:
        claims = jwt.decode(
            assertion,
            app.public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError:
        raise OAuthFault("invalid_grant", "invalid assertion") from None
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience not in audiences:
        raise OAuthFault("invalid_grant", "audience is invalid")
    ends = _moment_s(claims.get("exp"))
    if ends is None or ends > (now + LONGEST_LIFE).timestamp():
        raise OAuthFault("invalid_grant", "invalid assertion")
    if ends <= now.timestamp():
        raise OAuthFault("invalid_grant", "expired authorization code")
    return str(claims.get("sub", ""))


def _moment_s(value: object) -> float | None:
    """Seconds since 1970; clients send a number or a text."""
    try:
        moment_s = float(value) if isinstance(value, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        return None
    return moment_s if math.isfinite(moment_s) else None
