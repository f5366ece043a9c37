"""The mapping format described for editors (JSON Schema) and for people (one row per key)."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel

from hpro_sdk.data.mapping import TableMapping
from hpro_sdk.data.schema_keys import SchemaKey, keys_of_schema
from hpro_sdk.funnel import Funnel, PairSide, PreferenceRule

_DESCRIBED_IN_DOCSTRING: tuple[type[BaseModel], ...] = (Funnel, PreferenceRule, PairSide)


MappingKey = SchemaKey
"""One key of the mapping format."""


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
    return keys_of_schema(mapping_schema(), own_name="COLUMN")


def _attribute_texts(model: type[BaseModel]) -> dict[str, str]:
    """Read the ``Attributes:`` of a Google docstring, so that the text stands in one place only."""
    section = (inspect.getdoc(model) or "").partition("Attributes:\n")[2]
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, flags=re.MULTILINE)
    return {name: " ".join(text.replace("``", "").split()) for name, text in entries}
