"""The External Client App that an admin makes for HPRO: whom it lets in, with which secret and which certificate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_KEY_BITS = 2048
_CERTIFICATE_LIFE = timedelta(days=365)


@dataclass
class ExternalClientApp:
    """An External Client App.

    The private key is the client's, and a real CRM never sees it; it is made here so that there is one to try with.

    Attributes:
        consumer_key: The public name of the app.
        consumer_secret: Of the client-credentials flow.
        run_as: The user as whom client credentials work; ``None``: the flow is off.
        approved: Ids of the users who may come with the JWT flow.
        passwords: Password with security token of the users who may come with one, by user name
            in lower case.
        password_flow: Whether the OAuth flow with user and password is on.
        soap_login: Whether the login call of the SOAP API is on, which newer orgs have off.
        certificate_from: When the certificate begins.
        certificate_until: When it ends.
        consent: Which consent sessions come by now; those that came by an earlier one have ended.
    """

    consumer_key: str
    consumer_secret: str
    run_as: str | None
    approved: set[str] = field(default_factory=set)
    passwords: dict[str, str] = field(default_factory=dict)
    password_flow: bool = True
    soap_login: bool = False
    certificate_from: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))
    certificate_until: datetime = field(default_factory=lambda: datetime.now(UTC) + _CERTIFICATE_LIFE)
    consent: int = 1

    @classmethod
    def of_org(cls, org_id: str, run_as: str) -> ExternalClientApp:
        """Make the app of an org: the same key and secret each time.

        Args:
            org_id: The org.
            run_as: The integration user, who is approved too.
        """
        digest = hashlib.sha256(f"external client app of {org_id}".encode()).hexdigest().upper()
        return cls(f"3MVG9{digest}{digest[:12]}", digest[::-1], run_as, {run_as})

    def let_in(self, user_name: str, password: str) -> None:
        """Let a user come in with a password.

        Args:
            user_name: The user's name, in any case.
            password: The password with the security token behind it.
        """
        self.passwords[user_name.lower()] = password

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)

    @cached_property
    def private_key_pem(self) -> str:
        """The private key, for the client to sign with."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    @cached_property
    def public_key(self) -> rsa.RSAPublicKey:
        """What signatures are checked with."""
        return self._key.public_key()

    def revoke_consent(self) -> None:
        """Take the app's approval away: no flow lets anyone in, and who came in is out."""
        self.consent += 1
        self.run_as = None
        self.approved.clear()
        self.passwords.clear()
