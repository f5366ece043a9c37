"""What `hpro config init` is told about a CRM: by flags, and what is missing by a person on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from hpro_connectors.cli.places import PATH
from hpro_sdk.errors import ConfigError

Command = Callable[..., Any]
Given = Mapping[str, str | Path | None]

_QUESTIONS = {
    "domain": "My Domain of the org, such as acme.my",
    "consumer_key": "Consumer key of the External Client App",
    "username": "User name of the integration user",
    "instance_url": "Where the session id is valid, such as https://acme.my.salesforce.com",
}
_PATHS = ("consumer_secret_file", "private_key_file")


def salesforce_options(command: Command) -> Command:
    """Add the flags about a Salesforce org, each passed under the name of its key.

    Args:
        command: The function of a click command.
    """
    ways, objects = ["client_credentials", "jwt", "session", "password"], ["Lead", "Contact", "Opportunity"]
    options = [
        click.option("--domain", metavar="DOMAIN", help="Salesforce: My Domain, such as acme.my."),
        click.option(
            "--sign-in", type=click.Choice(ways), help="Salesforce: how to sign in.  [default: client_credentials]"
        ),
        click.option("--consumer-key", metavar="KEY", help="Salesforce: consumer key of the External Client App."),
        click.option(
            "--consumer-secret-file", type=PATH, metavar="FILE", help="Salesforce: file that holds its secret."
        ),
        click.option(
            "--private-key-file", type=PATH, metavar="FILE", help="Salesforce: file that holds the key, for jwt."
        ),
        click.option("--username", metavar="NAME", help="Salesforce: the integration user, for jwt and password."),
        click.option("--instance-url", metavar="URL", help="Salesforce: where the session id is valid, for session."),
        click.option(
            "--scored-object", type=click.Choice(objects), help="Salesforce: what is scored.  [default: Lead]"
        ),
        click.option(
            "--emulator", metavar="URL", help="Salesforce: an emulator on this machine that stands in for it."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def salesforce_choices(
    given: Given, *, ask: Callable[[str], str] | None, seen: Callable[[Path], str]
) -> dict[str, str]:
    """Give the keys of a Salesforce org.

    Args:
        given: What flags say, by key.
        ask: Asks a person for a text; ``None``: there is no terminal.
        seen: Writes a path as the new file will see it.

    Raises:
        ConfigError: A flag is missing, and there is nobody to ask.
    """
    from hpro_connectors.config import SalesforceCrm

    chosen = {
        key: seen(value) if isinstance(value, Path) else value for key, value in given.items() if value is not None
    }
    for key in SalesforceCrm.required_keys(chosen.get("sign_in", "client_credentials")):
        if key in chosen:
            continue
        if ask is None:
            flag = f"--{key.replace('_', '-')}"
            raise ConfigError(
                f"{flag} is not given, and there is no terminal to ask on.",
                hint=f"{_QUESTIONS[key]}: give it with {flag}.",
            )
        chosen[key] = ask(_QUESTIONS[key])
    return chosen


def refuse_for(connector: str, given: Mapping[str, object]) -> None:
    """Refuse flags that are of another connector.

    Args:
        connector: The chosen one.
        given: What those flags say, by key.

    Raises:
        ConfigError: One of them was given.
    """
    named = [f"--{key.replace('_', '-')}" for key, value in given.items() if value is not None]
    if named:
        raise ConfigError(
            f"{named[0]} does not go with --connector {connector}.", hint="Leave it out, or name another connector."
        )
