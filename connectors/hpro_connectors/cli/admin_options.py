"""``--session`` and what goes with it: how a command reaches an org with an admin's own session."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpro_connectors.cli.config_options import config_options
from hpro_sdk.errors import ConfigError

if TYPE_CHECKING:
    from hpro_connectors.config import SalesforceCrm
    from hpro_connectors.orgs.salesforce_admin import ConfiguredUser
    from hpro_connectors.protocol import OrgIdentity
    from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
    from hpro_connectors.salesforce.installing import AdminSession

Command = Callable[..., Any]

_LARGEST_SESSION = 1 << 20


@dataclass(frozen=True, slots=True)
class AdminOptions:
    """How an org is reached, as flags say.

    Attributes:
        session: A file, or ``-`` for stdin.
        config_path: As given with ``--config``.
        crm_name: As given with ``--crm``.
        no_config: Whether a configuration is passed over.
        emulator: As given with ``--emulator``.
    """

    session: str
    config_path: Path | None
    crm_name: str | None
    no_config: bool
    emulator: str | None

    @property
    def from_stdin(self) -> bool:
        """Whether the session takes stdin, so that nobody can be asked anything."""
        return self.session == "-"


@dataclass(frozen=True, slots=True)
class AdminAtWork:
    """An org, reached with an admin's session.

    Attributes:
        client: Signed in as the admin.
        org: Which org.
        crm: Its table in the configuration, where there is one.
        configured: Who HPRO signs in as there, where there is a configuration.
    """

    client: SalesforceClient
    org: OrgIdentity
    crm: SalesforceCrm | None
    configured: ConfiguredUser | None

    @property
    def org_words(self) -> str:
        """The org as a person knows it."""
        return f"{self.org.name} ({self.org.org_id}, {'sandbox' if self.org.is_test else 'production'})"


def admin_options(command: Command) -> Command:
    """Add the options; they are passed as ``session``, ``config_path``, ``crm_name``, ``no_config``, ``emulator``.

    Args:
        command: The function of a click command.
    """
    emulator = click.option(
        "--emulator",
        metavar="URL",
        help="http://127.0.0.1:PORT of `hpro emulate salesforce`, to try it. Default: as configured.",
    )
    no_config = click.option("--no-config", is_flag=True, help="Pass over the configuration, if there is one.")
    session = click.option(
        "--session",
        metavar="FILE",
        required=True,
        help="The admin's session, as the Salesforce CLI prints it with --json; - reads it from stdin.",
    )
    return session(config_options(no_config(emulator(command))))


@contextlib.contextmanager
def admin_at_work(options: AdminOptions) -> Iterator[AdminAtWork]:
    """Reach an org with an admin's session, which is forgotten with the command.

    Args:
        options: As flags say.

    Yields:
        The org, after it was compared with the configured one.

    Raises:
        ConfigError: The session is none, or it is for another org than the configured one.
        ConnectorError: The org cannot be reached.
    """
    from hpro_connectors.orgs.salesforce_admin import configured_user
    from hpro_connectors.salesforce.client.connection import API_VERSION
    from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
    from hpro_connectors.salesforce.connector import SalesforceConnector
    from hpro_connectors.salesforce.installing import admin_told
    from hpro_connectors.salesforce.settings import SalesforceSettings

    crm = _configured_crm(options)
    emulator = _emulator(options, crm)
    session = _read_session(options.session)
    configured = None if crm is None else configured_user(crm, session)
    if configured is not None and configured.notice:
        click.echo(configured.notice, err=True)
    connection = session.connection(
        api_version=API_VERSION if crm is None else crm.api_version,
        timeout_s=120.0 if crm is None else crm.timeout_s,
        emulator=emulator,
    )
    client = SalesforceClient(connection)
    try:
        with admin_told():
            org = SalesforceConnector(client, SalesforceSettings()).identity()
        yield AdminAtWork(client, org, crm, configured)
    finally:
        client.close()


def _configured_crm(options: AdminOptions) -> SalesforceCrm | None:
    from hpro_connectors.cli.config_options import load_crm
    from hpro_connectors.config import SalesforceCrm, find_file

    named = options.config_path is not None or options.crm_name is not None
    if options.no_config:
        if named:
            raise click.UsageError("--no-config does not go with --config or --crm.")
        return None
    is_set = any(name.startswith("HPRO_CRM__") and name.endswith("__CONNECTOR") for name in os.environ)
    if not named and not is_set and find_file(None, os.environ) is None:
        return None
    found = load_crm(options.config_path, options.crm_name)
    if not isinstance(found.crm, SalesforceCrm):
        raise ConfigError(
            f"[crm.{found.name}] is no Salesforce.", hint="Name another one with --crm NAME, or give --no-config."
        )
    return found.crm


def _emulator(options: AdminOptions, crm: SalesforceCrm | None) -> str | None:
    from hpro_connectors.config.kinds import is_loopback_url

    if options.emulator is None:
        return None if crm is None else crm.emulator
    if not is_loopback_url(options.emulator):
        raise click.BadParameter("must be http://127.0.0.1:PORT: an emulator runs on this machine.")
    if crm is not None and crm.emulator != options.emulator:
        raise ConfigError(
            "The configuration is about another org than this emulator's.",
            hint="Leave --emulator out, or the configuration with --no-config.",
        )
    return options.emulator


def _read_session(place: str) -> AdminSession:
    from hpro_connectors.salesforce.installing import HOW_TO_GET_ONE, read_session

    if place == "-" and sys.stdin.isatty():
        raise ConfigError("Nothing is piped into this command.", hint=HOW_TO_GET_ONE)
    try:
        content = _content_of_stdin() if place == "-" else _content_of_file(Path(place))
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError("The session is no text.", hint=HOW_TO_GET_ONE) from None
    if len(content) > _LARGEST_SESSION:
        raise ConfigError("The session is too long for one.", hint=HOW_TO_GET_ONE)
    return read_session(text)


def _content_of_stdin() -> bytes:
    return sys.stdin.buffer.read(_LARGEST_SESSION + 1)


def _content_of_file(path: Path) -> bytes:
    """Read a file that nobody else may read, or what a shell hands over as if it were one."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigError(
                    f"The file {path} holds an admin's session, and others may read it.",
                    hint=f"Run: chmod 600 {path}; better pipe the session and keep no file.",
                )
            return file.read(_LARGEST_SESSION + 1)
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}.", hint="Name a file, or - for stdin.") from exc
