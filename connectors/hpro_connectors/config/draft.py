"""A new ``hpro.toml``: what was chosen as keys, everything else as a comment with its default."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping

from hpro_connectors.config.connectors import CONNECTORS
from hpro_connectors.config.schema import config_keys
from hpro_sdk.data.schema_keys import SchemaKey
from hpro_sdk.data.validation_text import quoted

_HEAD = """\
# The configuration of HPRO. `hpro config check` checks it, `hpro config show` says what holds and why.
#
# A key behind a # stands for its default. A variable overrides any key: HPRO_SYNC__LAG_S=60, HPRO_CRM__MAIN__ORG=...
# Relative paths start at the folder of this file. Secrets never stand here, only where to find them.
"""
_WIDTH = 110


def draft_config(name: str, connector: str, chosen: Mapping[str, object]) -> str:
    """Write a configuration with one CRM.

    Args:
        name: Of the CRM's table.
        connector: Which CRM it is; one of ``CONNECTORS``.
        chosen: Dotted key, such as ``crm.main.org``, to its value: a text, number or truth value.

    Returns:
        The TOML text; nothing in it is checked.
    """
    rows = [_for_crm(row, name) for row in config_keys() if _belongs(row, connector)]
    descriptions = {row.key: row.description for row in rows}
    tables: dict[str, list[SchemaKey]] = {}
    for row in rows:
        if row.type != "table":
            tables.setdefault(row.key.rpartition(".")[0], []).append(row)
    lines = [_HEAD.rstrip("\n")]
    for table, keys in tables.items():
        lines += ["", "", *_comment(descriptions.get(table, "")), f"[{table}]"]
        for row in keys:
            key = row.key.rpartition(".")[2]
            lines += ["", *_comment(row.description)]
            is_chosen = row.key in chosen
            lines.append(f"{key} = {_toml(chosen[row.key])}" if is_chosen else f"# {key} = {row.default}".rstrip())
    return "\n".join(lines) + "\n"


def _belongs(row: SchemaKey, connector: str) -> bool:
    if not row.key.startswith("crm.NAME."):
        return row.key != "crm"
    key, table = row.key.split(".")[2], CONNECTORS[connector]
    return key in table.model_fields and key not in table.secret_keys  # a secret itself never stands in the file


def _for_crm(row: SchemaKey, name: str) -> SchemaKey:
    return row._replace(key=row.key.replace("crm.NAME", f"crm.{name}", 1), default=row.default.replace("NAME", name))


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(text, _WIDTH))


def _toml(value: object) -> str:
    return quoted(value) if isinstance(value, str) else json.dumps(value)
