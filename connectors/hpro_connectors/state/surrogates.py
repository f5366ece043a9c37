"""Half characters: a lone surrogate is no text that could be stored, and a CRM that cuts text off may send one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

_LONE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"

_Model = TypeVar("_Model", bound=BaseModel)


def harmless_text(text: str) -> str:
    """Give a text in which every lone surrogate is the replacement character."""
    return _LONE.sub(_REPLACEMENT, text)


def harmless(model: _Model) -> _Model:
    """Give a value with the same in all its texts, names and ids; one without lone surrogates is given back itself.

    Args:
        model: Of any kind.
    """
    try:
        model.__pydantic_serializer__.to_json(model)
    except (PydanticSerializationError, UnicodeEncodeError):
        return type(model).model_validate(_harmless_value(model.model_dump(warnings=False)))
    return model


def _harmless_value(value: object) -> object:
    if isinstance(value, str) and type(value) is str:
        return harmless_text(value)
    if isinstance(value, Mapping):
        return {_harmless_value(name): _harmless_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless_value(one) for one in value]
    return value
