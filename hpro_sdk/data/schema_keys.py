"""A JSON Schema as a list of keys for people: one row each, with type, default and meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple


class SchemaKey(NamedTuple):
    """One key of a format that is written as TOML.

    Attributes:
        key: Dotted; a word in capitals stands for a name of your own, ``[]`` for each item of a list.
        type: What may stand there.
        default: ``required``, the default as TOML, or empty: may be absent.
        description: What it is for.
    """

    key: str
    type: str
    default: str
    description: str


def keys_of_schema(schema: dict[str, Any], *, own_name: str) -> list[SchemaKey]:
    """Give every key of a format in order.

    Args:
        schema: Its JSON Schema, with a description for every property.
        own_name: Stands for a key that the writer of a file makes up, such as ``COLUMN``.
    """
    rows: dict[str, SchemaKey] = {}
    for row in _keys(schema, schema.get("$defs", {}), "", own_name):
        known = rows.get(row.key)
        # A key that several forms of a table have is one row; what may stand there differs where it tells them apart.
        types = [] if known is None else known.type.split(" | ")
        rows[row.key] = row if known is None else known._replace(type=" | ".join(dict.fromkeys([*types, row.type])))
    return list(rows.values())


def _keys(schema: dict[str, Any], definitions: dict[str, Any], prefix: str, own_name: str) -> Iterator[SchemaKey]:
    required = schema.get("required", [])
    for name, field in schema["properties"].items():
        key = prefix + name
        yield SchemaKey(key, _type_text(field, definitions), _default(name, field, required), field["description"])
        yield from _inner_keys(field, definitions, key, own_name)


def _inner_keys(field: dict[str, Any], definitions: dict[str, Any], key: str, own_name: str) -> Iterator[SchemaKey]:
    for option in _options(field, definitions):
        if "properties" in option:
            yield from _keys(option, definitions, f"{key}.", own_name)
        elif "items" in option:
            yield from _inner_keys(option["items"], definitions, f"{key}[]", own_name)
        elif isinstance(option.get("additionalProperties"), dict):
            yield from _inner_keys(option["additionalProperties"], definitions, f"{key}.{own_name}", own_name)


def _options(field: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the forms a value may take, with references followed and ``null`` left out (TOML has none)."""
    if "$ref" in field:
        return _options(definitions[field["$ref"].rpartition("/")[2]], definitions)
    for several in ("anyOf", "oneOf"):
        if several in field:
            return [option for inner in field[several] for option in _options(inner, definitions)]
    return [] if field.get("type") == "null" else [field]


def _type_text(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    texts = []
    for option in _options(field, definitions):
        if "enum" in option or "const" in option:
            texts.append(" | ".join(json.dumps(value) for value in option.get("enum", [option.get("const")])))
        elif option.get("type") == "array":
            texts.append(f"list of {_type_text(option['items'], definitions)}")
        else:
            texts.append({"object": "table"}.get(option["type"], option["type"]))
    return " | ".join(dict.fromkeys(texts))


def _default(name: str, field: dict[str, Any], required: list[str]) -> str:
    if name in required:
        return "required"
    default = field.get("default")
    return "" if default in (None, "") or isinstance(default, dict) else json.dumps(default)
