"""``[crm.NAME]`` with ``connector = "salesforce"``: who signs in, what is read, and what counts as won."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from hpro_connectors.config.crm import CrmConfig
from hpro_connectors.config.kinds import Count, LoopbackUrl, Name, Names, PositiveNumber, PositiveSeconds
from hpro_connectors.config.secrets import (
    SecretFile,
    SecretKeyring,
    SecretValue,
    secret_file,
    secret_keyring,
    secret_value,
    variable_of_secret,
)

SignIn = Literal["client_credentials", "jwt", "session", "password"]
ScoredObject = Literal["Lead", "Contact", "Opportunity"]
InteractionStream = Literal["Task", "Event", "EmailMessage", "Note", "ContentNote"]
OutcomeRule = Literal["converted", "opportunity", "status"]

_NEEDED_KEYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "client_credentials": ("domain", "consumer_key"),
        "jwt": ("domain", "consumer_key", "username"),
        "session": ("instance_url",),
        "password": ("domain", "username"),
    }
)
_REQUIRED_SECRETS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "client_credentials": ("consumer_secret",),
        "jwt": ("private_key",),
        "session": ("session_id",),
        "password": ("password",),
    }
)
_OF_ALL_ORGS = frozenset({"login", "test"})
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)
_VERSION = re.compile(r"[1-9]\d{1,2}\.0")
_OLDEST_VERSION = 47  # the first with Bulk API 2.0 queries
_SALESFORCE = ".salesforce.com"


def _bare_domain(value: object) -> object:
    """Take what people copy from a browser for what it means."""
    if not isinstance(value, str):
        return value
    host = value.strip().removeprefix("https://").rstrip("/").lower()
    if host.endswith(".lightning.force.com"):
        return host.removesuffix(".lightning.force.com") + ".my"
    return host.removesuffix(_SALESFORCE)


def _check_domain(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("must be My Domain without https:// and .salesforce.com, such as acme.my")
    return value


def _check_instance(value: str) -> str:
    try:
        place = urlsplit(value)
        is_fine = place.scheme == "https" and _HOST.fullmatch(place.hostname or "") is not None
        is_fine = is_fine and not (place.path.strip("/") or place.query or place.username)
    except ValueError:
        is_fine = False
    if not is_fine:
        raise ValueError("must be https://HOST, such as https://acme.my.salesforce.com")
    return value.rstrip("/")


def _check_version(value: str) -> str:
    if not _VERSION.fullmatch(value) or int(value.partition(".")[0]) < _OLDEST_VERSION:
        raise ValueError(f'must be a version of the API such as "62.0", from "{_OLDEST_VERSION}.0" on')
    return value


def _check_names(names: dict[str, str]) -> dict[str, str]:
    if len(set(names.values())) < len(names):
        raise ValueError("must not give two fields the same name")
    return names


Domain = Annotated[str, BeforeValidator(_bare_domain), StringConstraints(max_length=200), AfterValidator(_check_domain)]
InstanceUrl = Annotated[str, AfterValidator(_check_instance)]
ApiVersion = Annotated[str, AfterValidator(_check_version)]
PageSize = Annotated[Count, Field(ge=200, le=2000)]
BulkAbove = Annotated[Count, Field(le=20_000)]
FieldNames = Annotated[dict[Name, Name], AfterValidator(_check_names)]


class SalesforceCrm(CrmConfig):
    """``[crm.NAME]`` with ``connector = "salesforce"``: one scored object of one org."""

    secret_keys: ClassVar[tuple[str, ...]] = (
        "consumer_secret",
        "private_key",
        "session_id",
        "password",
        "security_token",
    )

    connector: Literal["salesforce"] = Field(description="Which CRM it is.")
    sign_in: SignIn = Field(
        default="client_credentials",
        description="How the integration user signs in. client_credentials and jwt use an External Client App; session "
        "takes a session id that lives some hours; password is the old way, which Salesforce retires.",
    )
    domain: Domain | None = Field(
        default=None,
        description="My Domain of the org without .salesforce.com, such as acme.my; for jwt and password also login "
        "or test. Needed, except for session.",
    )
    consumer_key: Name | None = Field(default=None, description="Consumer key of the External Client App.")
    username: Name | None = Field(default=None, description="User name of the integration user, for jwt and password.")
    instance_url: InstanceUrl | None = Field(
        default=None, description="For session: where it is valid, such as https://acme.my.salesforce.com."
    )
    consumer_secret: SecretValue = secret_value("Consumer secret of the External Client App.")
    consumer_secret_file: SecretFile = secret_file("Consumer secret of the External Client App.")
    consumer_secret_keyring: SecretKeyring = secret_keyring("Consumer secret of the External Client App.")
    private_key: SecretValue = secret_value("Private key for jwt, RSA in PEM form without a passphrase.")
    private_key_file: SecretFile = secret_file("Private key for jwt, RSA in PEM form without a passphrase.")
    private_key_keyring: SecretKeyring = secret_keyring("Private key for jwt, RSA in PEM form without a passphrase.")
    session_id: SecretValue = secret_value("Session id, for session.")
    session_id_file: SecretFile = secret_file("Session id, for session.")
    session_id_keyring: SecretKeyring = secret_keyring("Session id, for session.")
    password: SecretValue = secret_value("Password of the user, for password.")
    password_file: SecretFile = secret_file("Password of the user, for password.")
    password_keyring: SecretKeyring = secret_keyring("Password of the user, for password.")
    security_token: SecretValue = secret_value("Security token of the user, for password.")
    security_token_file: SecretFile = secret_file("Security token of the user, for password.")
    security_token_keyring: SecretKeyring = secret_keyring("Security token of the user, for password.")
    scored_object: ScoredObject = Field(default="Lead", description="What is scored.")
    fields: Annotated[Names, Field(min_length=1)] | None = Field(
        default=None,
        description="Fields that are read, by their API names; default: all that say something about the record.",
    )
    field_names: FieldNames = Field(
        default_factory=dict, description="API name of a field = its name in prompts; default: the API name itself."
    )
    stage_field: Name | None = Field(
        default=None,
        description="Field that holds the stage; default: Status of a Lead, StageName of an Opportunity.",
    )
    outcome: OutcomeRule | None = Field(
        default=None,
        description="What tells that a record was won: its conversion, the opportunity that came of it, or its stage. "
        "Default: converted for Lead, opportunity for Opportunity, status for Contact.",
    )
    won_stages: Names = Field(default=(), description="Stages that mean won, where the CRM does not say so.")
    lost_stages: Names = Field(default=(), description="Stages that mean lost, where the CRM does not say so.")
    interactions: tuple[InteractionStream, ...] | None = Field(
        default=None, description="Objects whose texts are read; default: all of them that the org has."
    )
    note_bodies: bool = Field(
        default=False, description="Read whole notes, with a call for each, and not their first 255 characters only."
    )
    describe_hours: PositiveNumber = Field(
        default=24.0, description="Hours after which the fields of the org are looked at again."
    )
    page_size: PageSize = Field(default=2000, description="Rows of a page, 200 to 2000; Salesforce may give fewer.")
    bulk_above: BulkAbove = Field(
        default=2000,
        description="More rows than these, 1 to 20000, are written by a Bulk job, fewer by a call for each 200. A job "
        "takes some ten calls for up to 50000 rows, but waits its turn in the org, often for minutes: lower saves "
        "calls, higher is done sooner.",
    )
    timeout_s: PositiveSeconds = Field(
        default=120.0, description="Seconds to wait for each part of an answer; a whole one may take ten times as long."
    )
    api_version: ApiVersion = Field(default="62.0", description='Version of the API, such as "62.0".')
    emulator: LoopbackUrl | None = Field(
        default=None,
        description="http://127.0.0.1:PORT of `hpro emulate salesforce`, which then stands in for Salesforce.",
    )

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        missing = [key for key in self.required_keys(self.sign_in) if getattr(self, key) is None]
        if missing:
            raise ValueError(f'needs {" and ".join(missing)} for sign_in = "{self.sign_in}"')
        if self.sign_in == "client_credentials" and self.domain in _OF_ALL_ORGS:
            raise ValueError("needs My Domain as domain for client_credentials: login and test do not take it")
        return self

    @model_validator(mode="after")
    def _check_outcome(self) -> Self:
        if self.outcome == "converted" and self.scored_object != "Lead":
            raise ValueError('needs another outcome than "converted": only leads are')
        if self.outcome == "opportunity" and self.scored_object == "Contact":
            raise ValueError('needs outcome = "status": a contact has no opportunity of its own')
        if set(self.won_stages) & set(self.lost_stages):
            raise ValueError("won_stages and lost_stages must not share a stage")
        if self.interactions is not None and len(set(self.interactions)) < len(self.interactions):
            raise ValueError("must not name anything twice in interactions")
        return self

    @property
    def exclude_name(self) -> str | None:
        """The name in records of the field that ``exclude_field`` names by its API name, or by this one."""
        name = self.exclude_field
        return name if name is None or name in self.field_names.values() else self.field_names.get(name, name)

    @staticmethod
    def required_keys(sign_in: str) -> tuple[str, ...]:
        """Name the keys that a way of signing in cannot do without, beside its secrets.

        Args:
            sign_in: The way.
        """
        return _NEEDED_KEYS[sign_in]

    def required_secrets(self) -> tuple[str, ...]:
        """Name the secrets that the way of signing in cannot do without."""
        return _REQUIRED_SECRETS[self.sign_in]

    def used_secrets(self) -> tuple[str, ...]:
        """Name the secrets that the way of signing in uses where they are given."""
        more = ("security_token", "consumer_secret") if self.sign_in == "password" else ()
        return (*self.required_secrets(), *more)

    def secret_problems(self) -> list[str]:
        """Say which secrets are missing, cannot be fetched, or may be read by others."""
        missing = [key for key in self.required_secrets() if not self.has_secret(key)]
        found = [
            *super().secret_problems(),
            *(
                f"the secret {key} is not given: set {variable_of_secret(key)}, or name {key}_file or {key}_keyring"
                for key in missing
            ),
        ]
        if self.sign_in == "password" and not (
            self.has_secret("security_token") or (self.consumer_key and self.has_secret("consumer_secret"))
        ):
            found.append('sign_in = "password" needs security_token, or consumer_key and consumer_secret')
        return found
