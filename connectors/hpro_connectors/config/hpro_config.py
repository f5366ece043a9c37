"""The whole of ``hpro.toml``."""

from __future__ import annotations

import os
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hpro_connectors.config.connectors import AnyCrm
from hpro_connectors.config.crm import CrmConfig, CrmName
from hpro_connectors.config.schedule import ScheduleConfig
from hpro_connectors.config.tables import BudgetConfig, LogConfig, PrivacyConfig, SyncConfig, WritingConfig
from hpro_sdk.errors import ConfigError

Tables = dict[str, Any]
"""Nested tables of keys, as a TOML file gives them."""

LAYERS: ContextVar[tuple[Tables, ...] | None] = ContextVar("hpro_config_layers", default=None)
"""What the loader read, strongest first, while it makes an :class:`HproConfig`."""


class HproConfig(BaseSettings):
    """A checked configuration; :func:`~hpro_connectors.config.load_config` makes it.

    Made directly it takes exactly what it is given: neither a file nor the environment.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # of the outermost class: otherwise a finding repeats what was found
    )

    crm: Annotated[dict[CrmName, AnyCrm], Field(min_length=1)] = Field(
        description="The CRMs, each under a name of your own."
    )
    sync: SyncConfig = Field(default=SyncConfig(), description="How a CRM is read.")
    writing: WritingConfig = Field(default=WritingConfig(), description="What is written back, and when.")
    budget: BudgetConfig = Field(default=BudgetConfig(), description="How many calls a CRM gets.")
    privacy: PrivacyConfig = Field(default=PrivacyConfig(), description="How long personal data are kept.")
    schedule: ScheduleConfig = Field(default=ScheduleConfig(), description="When `hpro serve` begins a pass.")
    log: LogConfig = Field(default=LogConfig(), description="What is logged to stderr, and how.")

    _path: Path | None = PrivateAttr(default=None)

    @property
    def path(self) -> Path | None:
        """The file it was read from; ``None`` where the environment alone gave it."""
        return self._path

    def crm_named(self, name: str | None) -> tuple[str, CrmConfig]:
        """Give a CRM with its name.

        Args:
            name: Of its table; ``None`` is fine where there is exactly one.

        Raises:
            ConfigError: There is none of that name, or several and none was named.
        """
        names = ", ".join(sorted(self.crm))
        if name is None:
            if len(self.crm) > 1:
                raise ConfigError(f"There are several CRMs: {names}.", hint="Name one with --crm NAME.")
            name = next(iter(self.crm))
        if name not in self.crm:
            raise ConfigError(f"There is no CRM of that name; there is {names}.", hint="Name one with --crm NAME.")
        return name, self.crm[name]

    @model_validator(mode="after")
    def _check_states_differ(self) -> Self:
        owners: dict[str, str] = {}
        for name, crm in self.crm.items():
            other = owners.setdefault(os.path.realpath(crm.state), name)
            if other != name:
                raise ValueError(f"crm.{other} and crm.{name} need a state each, and name the same file")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the layers of the loader in place of Pydantic's own sources."""
        _unused = env_settings, dotenv_settings, file_secret_settings
        layers = LAYERS.get()
        return (init_settings,) if layers is None else tuple(_LayerSource(settings_cls, layer) for layer in layers)


class _LayerSource(PydanticBaseSettingsSource):
    """One layer that the loader has read."""

    def __init__(self, settings_cls: type[BaseSettings], tables: Tables) -> None:
        super().__init__(settings_cls)
        self.tables = tables

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self.tables.get(field_name), field_name, isinstance(field.annotation, type)

    def __call__(self) -> dict[str, Any]:
        return self.tables
