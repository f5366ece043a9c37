"""``--config`` and ``--crm``, which every command that works on a CRM shares, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hpro_connectors.cli.places import PATH

if TYPE_CHECKING:
    from hpro_connectors.config import CrmConfig, HproConfig

Command = Callable[..., Any]


class ConfiguredCrm(NamedTuple):
    """A configuration, and the CRM of it that a command is about.

    Attributes:
        config: The whole configuration.
        name: Of the CRM's table.
        crm: The CRM's table.
    """

    config: HproConfig
    name: str
    crm: CrmConfig


def config_option(command: Command) -> Command:
    """Add ``--config``, passed as ``config_path``.

    Args:
        command: The function of a click command.
    """
    return click.option(
        "--config",
        "config_path",
        type=PATH,
        metavar="FILE",
        help="The configuration. Default: that of HPRO_CONFIG, else hpro.toml in this folder.",
    )(command)


def config_options(command: Command) -> Command:
    """Add ``--config FILE``, passed as ``config_path``, and ``--crm NAME``, passed as ``crm_name``.

    Args:
        command: The function of a click command.
    """
    named = click.option(
        "--crm",
        "crm_name",
        metavar="NAME",
        help="Which [crm.NAME] of the configuration. Default: the only one.",
    )
    return config_option(named(command))


def load_configured(config_path: Path | None, overrides: Mapping[str, object] | None = None) -> HproConfig:
    """Load the configuration for a command and log as its ``[log]`` and ``-v`` say.

    Args:
        config_path: As given with ``--config``.
        overrides: What other flags say: dotted key to value; ``None`` says nothing.

    Raises:
        ConfigError: See :func:`~hpro_connectors.config.load_config`.
    """
    from hpro_connectors.config import load_config
    from hpro_sdk.cli.errors import CliState
    from hpro_sdk.cli.logging_setup import configure_logging

    config = load_config(config_path, overrides=overrides or {})
    ctx = click.get_current_context(silent=True)
    state = ctx.find_object(CliState) if ctx is not None else None
    configure_logging(0 if state is None else state.verbosity, log_format=config.log.format, level=config.log.level)
    return config


def load_crm(
    config_path: Path | None, crm_name: str | None, overrides: Mapping[str, object] | None = None
) -> ConfiguredCrm:
    """Load the configuration for a command about one CRM, see :func:`load_configured`.

    Args:
        config_path: As given with ``--config``.
        crm_name: As given with ``--crm``.
        overrides: What other flags say.

    Raises:
        ConfigError: As there, or there is no such CRM, or several and none was named.
    """
    config = load_configured(config_path, overrides)
    return ConfiguredCrm(config, *config.crm_named(crm_name))
