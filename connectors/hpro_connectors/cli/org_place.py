"""Which org a command about models works on: its connector, its state, its models, and how its model is learnt."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpro_connectors.config import CrmConfig
    from hpro_connectors.learning.settings import LearningSettings
    from hpro_connectors.protocol import Connector
    from hpro_connectors.state import StateStore


@dataclass(frozen=True, slots=True)
class OrgPlace:
    """A configured org.

    Attributes:
        name: Of its table in the configuration.
        crm: Its table.
        retention_days: After how many days the texts of closed leads are erased; ``None``: never.
    """

    name: str
    crm: CrmConfig
    retention_days: int | None = None

    @property
    def models(self) -> Path:
        """The folder of its models."""
        return self.crm.models

    @contextlib.contextmanager
    def store(self) -> Iterator[StateStore]:
        """Open its state.

        A training of minutes must not keep passes from running, so no lease is taken: what is read is one picture a
        transaction, and putting a model to use is a single one.

        Raises:
            ConfigError: There is none yet.
            StateError: It cannot be used.
        """
        from hpro_connectors.orgs import open_state

        with open_state(self.name, self.crm) as store:
            yield store

    @contextlib.contextmanager
    def connector(self) -> Iterator[Connector]:
        """Give its connector, for reading.

        Raises:
            ConfigError: There is no such org.
            ConnectorError: It cannot be read.
        """
        from hpro_connectors.orgs import connected

        with connected(self.crm, writes=False) as connector:
            yield connector

    def learning_settings(self, max_minutes: float | None) -> LearningSettings:
        """Give what its model is learnt by.

        Args:
            max_minutes: As a flag says; ``None``: as the configuration does.
        """
        from hpro_connectors.learning.settings import LearningSettings

        funnel, training = self.crm.funnel, self.crm.training
        return LearningSettings(
            stages=funnel.stages,
            won=funnel.won,
            lost=funnel.lost,
            key_stage=funnel.key_stage,
            horizon_days=training.horizon_days,
            cutoff_every_days=training.cutoff_every_days,
            leave_out=training.leave_out,
            known_at_creation=training.known_at_creation,
            max_minutes=training.max_minutes if max_minutes is None else max_minutes,
            max_tokens=training.max_tokens,
            seed=training.seed,
            retention_days=self.retention_days,
            exclude_field=self.crm.exclude_name,
        )


def resolve_place(*, config_path: Path | None, crm_name: str | None) -> OrgPlace:
    """Give the org that ``--config`` and ``--crm`` name.

    Args:
        config_path: As given with ``--config``.
        crm_name: As given with ``--crm``.

    Raises:
        ConfigError: See :func:`~hpro_connectors.cli.config_options.load_crm`.
    """
    from hpro_connectors.cli.config_options import load_crm

    configured = load_crm(config_path, crm_name)
    return OrgPlace(configured.name, configured.crm, configured.config.privacy.retention_days)
