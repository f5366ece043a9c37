"""The format of ``hpro.toml`` described for editors (JSON Schema) and for people (one row per key)."""

from __future__ import annotations

from typing import Any

from hpro_connectors.config.hpro_config import HproConfig
from hpro_sdk.data.schema_keys import SchemaKey, keys_of_schema


def config_schema() -> dict[str, Any]:
    """Give the JSON Schema of ``hpro.toml``, with a description for every key."""
    schema = HproConfig.model_json_schema()
    for definition in (schema, *schema["$defs"].values()):
        # Only the summary of a class is about the file; the rest is for its callers in Python.
        if "description" in definition:
            definition["description"] = " ".join(definition["description"].partition("\n\n")[0].split())
        properties = definition.get("properties", {})
        # The loader fills in a default that holds the table's name, so that no file needs the key.
        needed = [name for name in definition.get("required", []) if "default" not in properties[name]]
        definition.pop("required", None)
        if needed:
            definition["required"] = needed
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def config_keys() -> list[SchemaKey]:
    """Give every key of ``hpro.toml`` in order, for the table in the README; ``NAME`` is a name of your own."""
    return keys_of_schema(config_schema(), own_name="NAME")
