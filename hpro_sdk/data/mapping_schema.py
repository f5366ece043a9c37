"""The mapping format described for editors (JSON Schema) and for people (one row per key)."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from hpro_sdk.data.mapping import TableMapping
from hpro_sdk.funnel import Funnel, PairSide, PreferenceRule

_DESCRIBED_IN_DOCSTRING: tuple[type[BaseModel], ...] = (Funnel, PreferenceRule, PairSide)


class MappingKey(NamedTuple):
    """One key of the mapping format.

    Attributes:
        key: Dotted; ``COLUMN`` stands for a name of your own, ``[]`` for each item of a list.
        type: What may stand there.
        default: ``required``, the default as TOML, or empty: may be absent.
        description: What it is for.
    """

    key: str
    type: str
    default: str
    description: str


def mapping_schema() -> dict[str, Any]:
    """Give the JSON Schema of the mapping format, with a description for every key."""
    schema = TableMapping.model_json_schema()
    definitions = schema["$defs"]
    for model in _DESCRIBED_IN_DOCSTRING:
        properties = definitions[model.__name__]["properties"]
        for name, text in _attribute_texts(model).items():
            properties[name].setdefault("description", text)
    for definition in (schema, *definitions.values()):
        # Only the summary of a class is about the format; the rest is for its callers in Python.
        if "description" in definition:
            definition["description"] = " ".join(definition["description"].partition("\n\n")[0].split())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def mapping_keys() -> list[MappingKey]:
    """Give every key of the mapping format in order, for the table in the README."""
    schema = mapping_schema()
    return list(_keys(schema, schema["$defs"], ""))


def _attribute_texts(model: type[BaseModel]) -> dict[str, str]:
    """Read the ``Attributes:`` of a Google docstring, so that the text stands in one place only."""
    section = (inspect.getdoc(model) or "").partition("Attributes:\n")[2]
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, flags=re.MULTILINE)
    return {name: " ".join(text.replace("``", "").split()) for name, text in entries}


def _keys(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[MappingKey]:
    required = schema.get("required", [])
    for name, field in schema["properties"].items():
        key = prefix + name
        yield MappingKey(key, _type_text(field, definitions), _default(name, field, required), field["description"])
        yield from _inner_keys(field, definitions, key)


def _inner_keys(field: dict[str, Any], definitions: dict[str, Any], key: str) -> Iterator[MappingKey]:
    for option in _options(field, definitions):
        if "properties" in option:
            yield from _keys(option, definitions, f"{key}.")
        elif "items" in option:
            yield from _inner_keys(option["items"], definitions, f"{key}[]")
        elif isinstance(option.get("additionalProperties"), dict):
            yield from _inner_keys(option["additionalProperties"], definitions, f"{key}.COLUMN")


def _options(field: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the forms a value may take, with references followed and ``null`` left out (TOML has none)."""
    if "$ref" in field:
        return _options(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        return [option for inner in field["anyOf"] for option in _options(inner, definitions)]
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
    return "" if default in (None, "") else json.dumps(default)
