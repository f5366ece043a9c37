"""The configuration of a company's HPRO: one file ``hpro.toml``, overridden by environment and flags."""

from __future__ import annotations

from hpro_connectors.config.config_file import find_file, no_file_error
from hpro_connectors.config.connectors import CONNECTORS, AnyCrm
from hpro_connectors.config.crm import CrmConfig, CrmFunnel, CrmTraining, DemoCrm
from hpro_connectors.config.draft import draft_config
from hpro_connectors.config.hpro_config import HproConfig
from hpro_connectors.config.layers import Origin
from hpro_connectors.config.loading import EffectiveValue, LoadedConfig, check_text, load_config, load_with_origins
from hpro_connectors.config.salesforce import SalesforceCrm
from hpro_connectors.config.schedule import ScheduleConfig
from hpro_connectors.config.schema import config_keys, config_schema
from hpro_connectors.config.secrets import WithSecrets
from hpro_connectors.config.tables import BudgetConfig, LogConfig, PrivacyConfig, SyncConfig, WritingConfig

__all__ = [
    "CONNECTORS",
    "AnyCrm",
    "BudgetConfig",
    "CrmConfig",
    "CrmFunnel",
    "CrmTraining",
    "DemoCrm",
    "EffectiveValue",
    "HproConfig",
    "LoadedConfig",
    "LogConfig",
    "Origin",
    "PrivacyConfig",
    "SalesforceCrm",
    "ScheduleConfig",
    "SyncConfig",
    "WithSecrets",
    "WritingConfig",
    "check_text",
    "config_keys",
    "config_schema",
    "draft_config",
    "find_file",
    "load_config",
    "load_with_origins",
    "no_file_error",
]
