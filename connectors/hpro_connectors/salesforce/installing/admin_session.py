"""An admin's own session, as the Salesforce CLI prints it; it is held in memory for one command and nowhere else.

Two commands of that CLI tell what is needed. ``sf org display --json`` names instance and user; the token that stands
there is blotted out since 2026, and ``sf org auth show-access-token --json`` gives it. Their answers may come one
after the other, in any order; an older CLI needs the first command only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from pydantic import JsonValue

from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.record_ids import is_record_id, long_id
from hpro_connectors.salesforce.client.vendor_words import one_line
from hpro_sdk.errors import ConfigError

HOW_TO_GET_ONE: Final = (
    "Pipe both answers of the Salesforce CLI into this command, with --session -: "
    "{ sf org display --json; sf org auth show-access-token --json; } | ..."
)
"""How a person gets what is read here."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_TOKEN = re.compile(r"00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?![\x21-\x7e]+")
_KEYS = ("accessToken", "instanceUrl", "username")


@dataclass(frozen=True, slots=True)
class AdminSession:
    """A session that somebody who may change the org has signed in for.

    Attributes:
        access_token: Never shown, never kept.
        instance_url: Where it is valid, such as ``https://acme.my.salesforce.com``.
        username: Whose it is; empty where the CLI did not say.
    """

    access_token: str = field(repr=False)
    instance_url: str
    username: str = ""

    @property
    def org_id(self) -> str:
        """The 18-character id of the org, which every token begins with."""
        return long_id(self.access_token.partition("!")[0])

    @property
    def domain(self) -> str:
        """My Domain of the instance, such as ``acme.my``; of another host all of it."""
        return (urlsplit(self.instance_url).hostname or "").removesuffix(".salesforce.com")

    def connection(self, *, api_version: str, timeout_s: float = 120.0, emulator: str | None = None) -> Connection:
        """Say how to reach the org with it.

        Args:
            api_version: Such as ``62.0``.
            timeout_s: Seconds to wait for each part of an answer.
            emulator: ``http://127.0.0.1:PORT`` that stands in for Salesforce.
        """
        return Connection(
            domain=self.domain,
            sign_in=SignInWay.SESSION,
            session_id=self.access_token,
            instance_url=self.instance_url,
            username=self.username,
            api_version=api_version,
            read_timeout_s=timeout_s,
            emulator=emulator,
        )


def read_session(text: str) -> AdminSession:
    """Read what the Salesforce CLI printed; no error repeats any of it but the CLI's own words for a failure.

    Args:
        text: One answer or several.

    Raises:
        ConfigError: It is no such answer, the CLI failed, or the token is missing or blotted out.
    """
    found: dict[str, str] = {}
    for answer in _answers(_COLOURS.sub("", text.removeprefix("\ufeff"))):
        result = answer.get("result")
        if answer.get("status", 0) != 0 or not isinstance(result, Mapping):
            message = one_line(str(answer.get("message") or "it did not say why"))
            raise ConfigError(
                f"The Salesforce CLI failed: {message}.", hint="Sign in with `sf org login web --set-default`."
            )
        for key in _KEYS:
            value = result.get(key)
            if isinstance(value, str) and (key != "accessToken" or _TOKEN.fullmatch(value.strip())):
                found[key] = value.strip()
    if "accessToken" not in found:
        raise ConfigError("The session holds no access token; a new Salesforce CLI blots it out.", hint=HOW_TO_GET_ONE)
    if "instanceUrl" not in found:
        raise ConfigError("The session does not say which instance it is for.", hint=HOW_TO_GET_ONE)
    session = AdminSession(found["accessToken"], found["instanceUrl"].rstrip("/"), found.get("username", ""))
    place = urlsplit(session.instance_url)
    if place.scheme != "https" or not place.hostname or place.path or place.query or place.username:
        raise ConfigError("The instance of the session is no https://HOST.", hint=HOW_TO_GET_ONE)
    if not is_record_id(session.access_token.partition("!")[0]):
        raise ConfigError("The access token of the session is none.", hint=HOW_TO_GET_ONE)
    return session


def _answers(text: str) -> Iterator[Mapping[str, JsonValue]]:
    decoder = json.JSONDecoder()
    rest = text.strip()
    count = 0
    while rest:
        try:
            answer, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            answer, end = None, 0
        if not isinstance(answer, dict):
            # Without its cause, which holds what was read.
            raise ConfigError("The session is not what the Salesforce CLI prints with --json.", hint=HOW_TO_GET_ONE)
        yield answer
        count += 1
        rest = rest[end:].strip()
    if not count:
        raise ConfigError("The session is empty.", hint=HOW_TO_GET_ONE)
