"""How to reach one org: who signs in, how, and to which place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

API_VERSION: Final = "62.0"
"""The version of the API that is spoken where nobody names another one."""


class SignInWay(StrEnum):
    """How a user signs in; the last two are for tests and for old orgs."""

    CLIENT_CREDENTIALS = "client_credentials"
    JWT = "jwt"
    SESSION = "session"
    PASSWORD = "password"  # noqa: S105 - no password, the name of the way


@dataclass(frozen=True, slots=True)
class Connection:
    """What a client needs to sign in; secrets are in no repr.

    Attributes:
        domain: My Domain without ``.salesforce.com``, such as ``acme.my``; ``login`` or ``test`` where the way allows.
        sign_in: How.
        consumer_key: Of the External Client App.
        username: Of the integration user, where the way needs one.
        consumer_secret: Of the External Client App.
        private_key: PEM of the key whose certificate the app knows.
        session_id: An access token, for the way ``session``.
        instance_url: Where that token is valid, for the way ``session``.
        password: For the way ``password``.
        security_token: For the way ``password``.
        api_version: Such as ``62.0``.
        connect_timeout_s: Seconds to wait for a connection.
        read_timeout_s: Seconds to wait for each part of an answer.
        emulator: ``http://127.0.0.1:PORT`` of an emulator that stands in for every host; ``None``: the real one.
    """

    domain: str
    sign_in: SignInWay
    consumer_key: str = ""
    username: str = ""
    consumer_secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    session_id: str = field(default="", repr=False)
    instance_url: str = ""
    password: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    api_version: str = API_VERSION
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 120.0
    emulator: str | None = None

    @property
    def who(self) -> str:
        """Who signs in, without a secret: equal for equal users, another one for another one."""
        secret = hashlib.sha256(self.session_id.encode()).hexdigest() if self.session_id else ""
        place = self.instance_url or self.domain
        return f"{self.sign_in} {place} {self.consumer_key} {self.username} {secret}"
