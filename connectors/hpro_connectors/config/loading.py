"""Loading a configuration: flags over environment over file over defaults, checked as a whole."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from hpro_connectors.config.config_file import find_file, no_file_error, parse_text, read_file
from hpro_connectors.config.connectors import CONNECTORS
from hpro_connectors.config.environment import tables_of_environment, variable_of
from hpro_connectors.config.hpro_config import LAYERS, HproConfig
from hpro_connectors.config.layers import Keys, Layer, Origin, complete, looks_secret, origin_of, tables_of_flags
from hpro_connectors.config.schema import config_keys
from hpro_sdk.data.validation_text import dotted_key, plain_problem
from hpro_sdk.errors import ConfigError

_MOST_FINDINGS = 3
_SCHEMA_HINT = "Run `hpro config schema` to see every key."
_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """One value as it holds, and why.

    Attributes:
        key: Dotted, such as ``crm.main.state``.
        value: The value; that of a secret is masked, and ``None`` means not set.
        origin: Where it came from.
        place: The variable or file that gave it, empty for a flag and a default.
    """

    key: str
    value: object
    origin: Origin
    place: str


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration with where each value came from.

    Attributes:
        config: The configuration.
        layers: What it was made of, strongest first.
    """

    config: HproConfig
    layers: list[Layer]

    def values(self) -> Iterator[EffectiveValue]:
        """Give every value in the order of the tables."""
        for keys, value in _leaves(self.config, ()):
            origin = origin_of(self.layers, keys)
            place = _place_of(origin, keys, self.config.path)
            yield EffectiveValue(dotted_key(keys), _shown(value), origin, place)


def load_config(
    path: Path | None = None,
    *,
    overrides: Mapping[str, object] = _NOTHING,
    environ: Mapping[str, str] | None = None,
) -> HproConfig:
    """Load and check the configuration.

    Relative paths in the file start at its folder, others at the working folder; all are absolute afterwards.

    Args:
        path: The file; default: the one that ``HPRO_CONFIG`` names, else ``hpro.toml`` in the working folder.
        overrides: What flags say: dotted key to value; ``None`` says nothing.
        environ: The environment; default: that of the process.

    Raises:
        ConfigError: A named file does not exist, nothing is configured, or something in it is wrong; the message says
            where and never repeats a value.
    """
    return load_with_origins(path, overrides=overrides, environ=environ).config


def load_with_origins(
    path: Path | None = None,
    *,
    overrides: Mapping[str, object] = _NOTHING,
    environ: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Load the configuration and keep where each value came from; arguments and errors as :func:`load_config`.

    Args:
        path: The file.
        overrides: What flags say.
        environ: The environment.

    Raises:
        ConfigError: See :func:`load_config`.
    """
    environ = os.environ if environ is None else environ
    file = find_file(path, environ)
    return _load(file, {} if file is None else read_file(file), overrides, environ)


def check_text(text: str, file: Path) -> HproConfig:
    """Check what is to become a file, without flags and environment.

    Args:
        text: Its content.
        file: Where it will be.

    Raises:
        ConfigError: Something in it is wrong.
    """
    return _load(file, parse_text(text, file), {}, {}).config


def _load(
    file: Path | None, tables: dict[str, Any], overrides: Mapping[str, object], environ: Mapping[str, str]
) -> LoadedConfig:
    here = Path.cwd()
    from_environment = tables_of_environment(environ)
    if file is None and "crm" not in from_environment:
        raise no_file_error()
    try:
        layers = complete(
            [
                Layer(Origin.FLAG, tables_of_flags(overrides), here),
                Layer(Origin.ENVIRONMENT, from_environment, here),
                Layer(Origin.FILE, tables, here if file is None else file.parent),
            ]
        )
    except ConfigError as exc:
        raise ConfigError(f"{file}: {exc.message}", hint=exc.hint) from exc
    token = LAYERS.set(tuple(layer.tables for layer in layers))
    try:
        config = HproConfig()  # its values come from LAYERS
    except ValidationError as exc:
        # Without its cause, which a traceback would show: it may know what was found.
        raise _as_config_error(exc, layers, file) from None
    finally:
        LAYERS.reset(token)
    config._path = file  # noqa: SLF001 - private to the package
    return LoadedConfig(config, layers)


def _as_config_error(exc: ValidationError, layers: list[Layer], file: Path | None) -> ConfigError:
    errors = exc.errors(include_url=False, include_input=False, include_context=False)
    findings = []
    hint = _SCHEMA_HINT
    for error in reversed(errors):
        keys = _keys_of(error["loc"])
        origin = origin_of(layers, keys)
        if error["type"] == "extra_forbidden":
            hint = _hint_for_unknown(str(keys[-1]))
        elif origin is Origin.ENVIRONMENT and error["type"] in {"tuple_type", "list_type"}:
            hint = 'In a variable a list is written as JSON, such as ["a", "b"].'
        if keys == ("crm",) and error["type"] in {"missing", "too_short"}:
            findings.append("there is no [crm.NAME] table")
            continue
        where = variable_of(keys) if origin is Origin.ENVIRONMENT else dotted_key(keys)
        flag = " (flag)" if origin is Origin.FLAG else ""
        findings.append(f"{where}{flag}: {plain_problem(error)}" if keys else plain_problem(error))
    findings.reverse()
    more = len(findings) - _MOST_FINDINGS
    text = "; ".join(findings[:_MOST_FINDINGS]) + (f"; and {more} more" if more > 0 else "")
    by_variables = all(origin_of(layers, _keys_of(error["loc"])) is Origin.ENVIRONMENT for error in errors)
    return ConfigError(f"{file if file and not by_variables else 'The environment'}: {text}.", hint=hint)


def _keys_of(place: Keys) -> Keys:
    """Give the keys of a finding without what Pydantic adds: the class that it chose, and the mark of a key."""
    chosen = len(place) > 2 and place[0] == "crm" and place[2] in CONNECTORS
    return tuple(key for key in (place[:2] + place[3:] if chosen else place) if key != "[key]")


def _hint_for_unknown(key: str) -> str:
    if looks_secret(key):
        return "A secret never stands in hpro.toml; take it out, and have it renewed."
    known = sorted({row.key.rpartition(".")[2] for row in config_keys()})
    if key in known:
        return f"Another connector, or another table, has a key of that name. {_SCHEMA_HINT}"
    near = difflib.get_close_matches(key, known, n=1)
    return f"Did you mean {near[0]}? {_SCHEMA_HINT}" if near else _SCHEMA_HINT


def _leaves(value: object, keys: Keys) -> Iterator[tuple[Keys, object]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), (*keys, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, (*keys, name))
    else:
        yield keys, value


def _shown(value: object) -> object:
    if isinstance(value, SecretStr):
        return str(value)  # asterisks
    return str(value) if isinstance(value, Path) else value


def _place_of(origin: Origin, keys: Keys, file: Path | None) -> str:
    if origin is Origin.ENVIRONMENT:
        return variable_of(keys)
    return str(file) if origin is Origin.FILE else ""
