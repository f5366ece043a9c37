"""Why a sign-in failed, and what a person must change."""

from __future__ import annotations

from typing import Final, NamedTuple

from hpro_connectors.errors import AuthError, PermissionDeniedError, RateLimitedError, ServerError
from hpro_connectors.salesforce.client.error_rules import TRY_LATER
from hpro_connectors.salesforce.client.failures import Failure
from hpro_connectors.salesforce.client.permissions import is_of_permissions, remedy_of
from hpro_sdk.errors import HproError

_APP = "the External Client App"
_TRANSIENT_CODES = frozenset(
    {"SERVER_ERROR", "TEMPORARILY_UNAVAILABLE", "SERVER_UNAVAILABLE", "UNKNOWN_ERROR", "UNKNOWN_EXCEPTION"}
)


class _Reason(NamedTuple):
    """A reason that Salesforce gives: a code, or a part of its words in lower case, and what it means."""

    code: str
    part: str
    problem: str
    remedy: str


_REASONS: Final = (
    _Reason(
        "",
        "certificate",
        "the certificate is not accepted",
        f"If it has expired, make a new key and certificate, upload the certificate to {_APP}, and put the key where "
        "private_key_file says.",
    ),
    _Reason(
        "",
        "no client credentials user",
        f"{_APP} has no user to run as",
        "In its policies enable the client credentials flow and choose the integration user under Run As.",
    ),
    _Reason(
        "",
        "not supported on this domain",
        "the flow does not work on this domain",
        "Set domain in hpro.toml to the org's My Domain, such as acme.my.",
    ),
    _Reason(
        "",
        "hasn't approved",
        f"the user's consent to {_APP} is missing or was revoked",
        "In the app's policies choose 'Admin approved users are pre-authorized', and add the permission set or profile "
        "of the integration user.",
    ),
    _Reason(
        "INVALID_APP_ACCESS",
        "admin approved",
        f"the user may not use {_APP}",
        "In the app's policies add the permission set or profile of the integration user.",
    ),
    _Reason("INACTIVE_USER", "inactive user", "the user is inactive", "Activate the integration user in Setup."),
    _Reason("INACTIVE_ORG", "inactive org", "the org is inactive", "Name another org, or ask Salesforce."),
    _Reason(
        "",
        "audience",
        "the audience of the assertion is not accepted",
        "For a sandbox set domain to test, or to its My Domain (acme--name.sandbox.my); for production to login or My "
        "Domain.",
    ),
    _Reason(
        "",
        "ip restricted",
        "this machine's address is not allowed",
        "Add it to the login IP ranges of the user's profile, or relax the app's IP policy.",
    ),
    _Reason(
        "",
        "expired authorization code",
        "the signed assertion has expired",
        "An assertion lives three minutes: set this machine's clock right.",
    ),
    _Reason(
        "",
        "assertion",
        "the signed assertion is not accepted",
        "Check username, consumer_key and that the certificate in the app belongs to the private key; an assertion "
        "lives three minutes, so that this machine's clock must be right.",
    ),
    _Reason(
        "INVALID_CLIENT_ID",
        "client identifier invalid",
        "no External Client App has this consumer_key",
        "Copy it anew from the app's settings; a new app is known everywhere only after some minutes.",
    ),
    _Reason(
        "INVALID_CLIENT",
        "invalid client credentials",
        "consumer_key and consumer_secret do not belong together",
        "Copy both anew from the app's settings; rotate the secret if it was lost.",
    ),
    _Reason(
        "UNSUPPORTED_GRANT_TYPE",
        "grant type not supported",
        f"{_APP} does not allow this way of signing in",
        "Enable the flow of sign_in in the app's settings and policies.",
    ),
    _Reason(
        "UNAUTHORIZED_CLIENT",
        "",
        f"{_APP} does not allow this way of signing in",
        "Enable the flow of sign_in in the app's settings and policies.",
    ),
    _Reason(
        "INVALID_OPERATION",
        "login() is disabled",
        "this org no longer takes user and password",
        'Set sign_in to "client_credentials" or "jwt"; Salesforce retires the old way.',
    ),
    _Reason(
        "INVALID_LOGIN",
        "authentication failure",
        "Salesforce does not know this user and password, or the user is locked or inactive",
        "See the user's login history in Setup; a locked or inactive user and a wrong security token look the same.",
    ),
    _Reason(
        "INVALID_GRANT",
        "",
        "the consent to the app was revoked, or the user may not sign in",
        "See the user's login history in Setup, and in the app's policies that the user is pre-authorised.",
    ),
)


def sign_in_error(failure: Failure, *, domain: str) -> HproError:
    """Give the error for a sign-in that was refused.

    Args:
        failure: What Salesforce said; without words where its answer was no data.
        domain: Where the sign-in was tried, as configured.
    """
    if failure.status == 429 or failure.code == "RATE_LIMIT_EXCEEDED":
        return RateLimitedError(
            f"Salesforce asks for fewer sign-ins: {failure.said}.",
            retry_after_s=failure.retry_after_s,
            **failure.told(TRY_LATER),
        )
    if failure.code in _TRANSIENT_CODES or (failure.status >= 500 and not failure.code):
        return _not_now(failure)
    if 300 <= failure.status < 400:
        to = f" to {failure.location}" if failure.location else " elsewhere"
        return AuthError(
            f"The sign-in at {domain}.salesforce.com leads{to}; credentials go to the configured place only.",
            **failure.told("If My Domain was renamed, correct domain in hpro.toml."),
        )
    if not failure.code and 200 <= failure.status < 300:
        return ServerError(
            "Salesforce, or something between, answered the sign-in with a page in place of data.",
            **failure.told(TRY_LATER),
        )
    if not failure.code:
        return AuthError(
            f"There is no sign-in at {domain}.salesforce.com (HTTP {failure.status}).",
            **failure.told("Check domain in hpro.toml: it is My Domain as in Setup, such as acme.my."),
        )
    if is_of_permissions(failure.code):
        return PermissionDeniedError(
            f"Salesforce refused the sign-in: {failure.said}.", **failure.told(remedy_of(failure.code))
        )
    for reason in _REASONS:
        if (reason.part and failure.says(reason.part)) or (reason.code and failure.code == reason.code):
            return _refused(failure, domain, reason.problem, reason.remedy)
    if failure.status >= 500:  # the SOAP sign-in refuses with 500 too, so that the reasons come first
        return _not_now(failure)
    return _refused(failure, domain, "it gives another reason", "See the user's login history in Setup.")


def _not_now(failure: Failure) -> ServerError:
    return ServerError(f"Salesforce cannot sign in now: {failure.said}.", **failure.told(TRY_LATER))


def _refused(failure: Failure, domain: str, problem: str, remedy: str) -> AuthError:
    return AuthError(f"Salesforce refused the sign-in at {domain}: {problem} ({failure.said}).", **failure.told(remedy))
