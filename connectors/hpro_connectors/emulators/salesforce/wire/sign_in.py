"""Signing in: the OAuth flows that end at the token endpoint, and what else lies under ``/services/oauth2``."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from hpro_connectors.emulators.http.messages import Request, Response
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.users import active_user_id, is_active
from hpro_connectors.emulators.salesforce.wire.assertions import OAuthFault, checked_user_name
from hpro_connectors.emulators.salesforce.wire.external_client_app import ExternalClientApp
from hpro_connectors.emulators.salesforce.wire.hosts import OrgHosts
from hpro_connectors.emulators.salesforce.wire.sessions import SessionStore

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class SignIn:
    """The token endpoint.

    Args:
        org: Whose users come in.
        app: Through which they come.
        sessions: Where their sessions are.
        hosts: What the org is called.
        real_now: What time it is on this machine; assertions end by that.
    """

    def __init__(
        self,
        org: SalesforceOrg,
        app: ExternalClientApp,
        sessions: SessionStore,
        hosts: OrgHosts,
        real_now: Callable[[], datetime],
    ) -> None:
        self._org, self._app, self._sessions, self._hosts = org, app, sessions, hosts
        self._real_now = real_now

    def answer(self, request: Request) -> Response:
        """Answer what lies under ``/services/oauth2``.

        Args:
            request: It.
        """
        what = request.path.removeprefix("/services/oauth2").strip("/")
        if what == "token" and request.method == "POST":
            try:
                return self._token(request)
            except OAuthFault as exc:
                return Response.of_json(exc.body(), exc.status)
        if what == "revoke" and request.method in {"POST", "GET"}:
            token = request.form.get("token") or request.query.get("token", "")
            if self._sessions.revoke(token):
                return Response(200)
            return Response.of_json({"error": "unsupported_token_type", "error_description": "invalid token"}, 400)
        if what == "userinfo":
            return self._user_info(request)
        return Response.of_html("Page Not Found", 404)

    def _token(self, request: Request) -> Response:
        grant = request.form.get("grant_type", "")
        if grant == "client_credentials":
            user_id = self._by_client_credentials(request)
        elif grant == JWT_BEARER:
            user_id = self._by_assertion(request)
        elif grant == "password":
            user_id = self._by_password(request)
        else:
            raise OAuthFault("unsupported_grant_type", "grant type not supported")
        issued_at = str(int(self._org.clock.now().timestamp() * 1000))
        identity = f"https://{self._hosts.shared}/id/{self._org.org_id}/{user_id}"
        signature = hmac.new(self._app.consumer_secret.encode(), (identity + issued_at).encode(), sha256).digest()
        return Response.of_json(
            {
                "access_token": self._sessions.issue(user_id, self._app.consent),
                "signature": base64.b64encode(signature).decode("ascii"),
                "scope": "api",
                "instance_url": self._hosts.instance_url(request),
                "id": identity,
                "token_type": "Bearer",
                "issued_at": issued_at,
                "api_instance_url": "https://api.salesforce.com",
            }
        )

    def _by_client_credentials(self, request: Request) -> str:
        if self._hosts.is_shared(request):
            raise OAuthFault("invalid_grant", "request not supported on this domain")
        key, secret = _basic(request) or (request.form.get("client_id", ""), request.form.get("client_secret", ""))
        self._check_client(key, secret)
        user_id = self._app.run_as
        if user_id is None or not is_active(self._org, user_id):
            raise OAuthFault("invalid_grant", "no client credentials user enabled")
        return user_id

    def _by_assertion(self, request: Request) -> str:
        assertion = request.form.get("assertion", "")
        name = checked_user_name(assertion, self._app, self._hosts.audiences(request), self._real_now())
        user_id = self._user_id(request, name)
        if user_id is None or user_id not in self._app.approved:
            raise OAuthFault("invalid_grant", "user hasn't approved this consumer")
        return user_id

    def _by_password(self, request: Request) -> str:
        self._check_client(request.form.get("client_id", ""), request.form.get("client_secret", ""))
        name, password = request.form.get("username", ""), request.form.get("password", "")
        user_id = self._user_id(request, name)
        if not self._app.password_flow or user_id is None or self._app.passwords.get(name.lower()) != password:
            raise OAuthFault("invalid_grant", "authentication failure")
        return user_id

    def _user_id(self, request: Request, name: str) -> str | None:
        return active_user_id(self._org, name) if self._hosts.knows_users(request) else None

    def _check_client(self, key: str, secret: str) -> None:
        if key != self._app.consumer_key:
            raise OAuthFault("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(secret.encode(), self._app.consumer_secret.encode()):
            raise OAuthFault("invalid_client", "invalid client credentials")

    def _user_info(self, request: Request) -> Response:
        session = self._sessions.use(bearer(request) or "")
        if session is None:
            return Response(403, b"Bad_OAuth_Token", "text/html;charset=UTF-8")
        user = self._org.get("User", session.user_id)
        return Response.of_json(
            {
                "user_id": session.user_id,
                "organization_id": self._org.org_id,
                "preferred_username": user["Username"],
                "name": user["Name"],
                "active": True,
            }
        )


def bearer(request: Request) -> str | None:
    """The token that a request carries, or ``None``.

    Args:
        request: It.
    """
    kind, _, token = request.headers.value("Authorization").partition(" ")
    return token.strip() if kind.lower() in {"bearer", "oauth"} and token.strip() else None


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, encoded = request.headers.value("Authorization").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return key, secret
