"""Flags, environment, file and defaults as four layers of nested tables, each value with where it came from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from hpro_connectors.config.connectors import CONNECTORS
from hpro_connectors.config.crm import CrmConfig
from hpro_connectors.config.environment import variable_of
from hpro_connectors.config.hpro_config import HproConfig, Tables
from hpro_connectors.config.secrets import places_of_secret
from hpro_sdk.errors import ConfigError

Keys = tuple[str | int, ...]
"""A key with the tables around it, outermost first."""


class Origin(StrEnum):
    """Where a value came from, strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one origin says.

    Attributes:
        origin: Which one.
        tables: Its nested tables.
        folder: Where its relative paths start.
    """

    origin: Origin
    tables: Tables
    folder: Path


def tables_of_flags(overrides: Mapping[str, object]) -> Tables:
    """Nest what flags say.

    Args:
        overrides: Dotted key to value, such as ``{"schedule.max_seconds": 60}``; a flag that is ``None`` says nothing.
    """
    tables: Tables = {}
    for dotted, value in overrides.items():
        if value is None:
            continue
        *outer, key = dotted.split(".")
        table = tables
        for name in outer:
            table = table.setdefault(name, {})
        table[key] = value
    return tables


def complete(layers: list[Layer]) -> list[Layer]:
    """Make paths absolute, let a stronger layer's choice replace a weaker one's, and add defaults of paths.

    Args:
        layers: Strongest first, the file last.

    Raises:
        ConfigError: The file holds a secret.
    """
    classes = _crm_classes(layers)
    placed = [Layer(layer.origin, _with_places(layer, classes), layer.folder) for layer in layers]
    for layer in placed:
        if layer.origin is Origin.FILE:
            _refuse_secrets(layer.tables, classes)
    _drop_replaced(placed, classes)
    folder = placed[-1].folder / "hpro-state"
    places = {
        name: {"state": str(folder / f"{name}.sqlite"), "models": str(folder / f"{name}-models")} for name in classes
    }
    return [*placed, Layer(Origin.DEFAULT, {"crm": places} if places else {}, placed[-1].folder)]


def origin_of(layers: list[Layer], keys: Keys) -> Origin:
    """Tell which layer a value came from.

    Args:
        layers: As :func:`complete` gave them.
        keys: Of the value.
    """
    return next((layer.origin for layer in layers if _holds(layer.tables, keys)), Origin.DEFAULT)


def _holds(tables: object, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(tables, dict) or key not in tables:
            return False
        tables = tables[key]
    return True


def _crm_tables(tables: Tables) -> Iterator[tuple[str, Tables]]:
    crm = tables.get("crm")
    if isinstance(crm, dict):
        yield from ((name, table) for name, table in crm.items() if isinstance(table, dict))


def _crm_classes(layers: list[Layer]) -> dict[str, type[CrmConfig]]:
    """Give the class of each CRM, by the connector that the strongest layer names."""
    classes: dict[str, type[CrmConfig]] = {}
    for layer in reversed(layers):
        for name, table in _crm_tables(layer.tables):
            connector = table.get("connector")
            known = CONNECTORS.get(connector) if isinstance(connector, str) else None
            classes[name] = known or classes.get(name, CrmConfig)
    return classes


def _with_places(layer: Layer, classes: Mapping[str, type[CrmConfig]]) -> Tables:
    tables = _absolute(layer.tables, HproConfig, layer.folder)
    if crms := dict(_crm_tables(tables)):
        placed = {name: _absolute(table, classes[name], layer.folder) for name, table in crms.items()}
        tables["crm"] = {**tables["crm"], **placed}
    return tables


def _absolute(tables: Tables, model: type[BaseModel], folder: Path) -> Tables:
    """Copy tables with the values of all path keys made absolute."""
    made: Tables = {}
    for key, value in tables.items():
        field = model.model_fields.get(key)
        kinds = set() if field is None else set(_kinds(field.annotation))
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if Path in kinds and isinstance(value, (str, Path)) and str(value).strip():
            made[key] = str(folder / os.path.expanduser(value))  # noqa: PTH111 - Path's raises where there is no home
        elif inner is not None and isinstance(value, dict):
            made[key] = _absolute(value, inner, folder)
        else:
            made[key] = value
    return made


def _kinds(annotation: object) -> Iterator[object]:
    yield annotation
    for argument in get_args(annotation):
        yield from _kinds(argument)


def _drop_replaced(layers: list[Layer], classes: Mapping[str, type[CrmConfig]]) -> None:
    """Let ``cron`` from the environment replace ``every_minutes`` in the file, and the like."""
    taken: set[tuple[str, ...]] = set()
    for layer in layers:
        for group, table, keys in _choices(layer.tables, classes):
            if not any(key in table for key in keys):
                continue
            if group in taken:
                for key in keys:
                    table.pop(key, None)
            taken.add(group)


def _choices(
    tables: Tables, classes: Mapping[str, type[CrmConfig]]
) -> Iterator[tuple[tuple[str, ...], Tables, tuple[str, ...]]]:
    """Give each choice with a name, its table and the keys of which one is to be given."""
    if isinstance(schedule := tables.get("schedule"), dict):
        yield ("schedule",), schedule, ("every_minutes", "cron")
    for name, table in _crm_tables(tables):
        for key in classes[name].secret_keys:
            yield ("crm", name, key), table, places_of_secret(key)


_SECRET_WORDS = re.compile(r"secret|password|passwd|token|assertion|private_?key|api_?key|credential", re.IGNORECASE)


def looks_secret(key: object) -> bool:
    """Tell whether a key's name suggests that its value is a secret.

    Args:
        key: As the file writes it.
    """
    return isinstance(key, str) and _SECRET_WORDS.search(key) is not None and not key.endswith(("_file", "_keyring"))


def _refuse_secrets(tables: Tables, classes: Mapping[str, type[CrmConfig]]) -> None:
    for name, table in _crm_tables(tables):
        for key in classes[name].secret_keys:
            if key in table:
                raise ConfigError(
                    f"crm.{name}.{key} stands in the file: a secret never does.",
                    hint=f"Take it out, have it renewed, and set {variable_of(('crm', name, key))}, "
                    f"or name a file with {key}_file or a keyring entry with {key}_keyring.",
                )
