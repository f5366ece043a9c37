"""Metadata as text: the XML of one component, with the line breaks and indents that the CRM's own tools write."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

XmlValue: TypeAlias = "str | int | Mapping[str, XmlValue] | tuple[XmlValue, ...]"
"""Content of an element: text, a number, yes or no, elements by name, or the contents of elements of one name."""

_NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
_INDENT: Final = "    "


def to_xml(kind: str, content: Mapping[str, XmlValue]) -> str:
    """Write one component: same content, same text.

    Args:
        kind: Type of the component, such as ``CustomField``.
        content: Its elements, in the order in which the type has them.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{kind} xmlns="{_NAMESPACE}">']
    lines += (line for name, value in content.items() for line in _lines(name, value, _INDENT))
    return "\n".join([*lines, f"</{kind}>", ""])


def _lines(name: str, value: XmlValue, indent: str) -> Iterator[str]:
    if isinstance(value, tuple):
        for one in value:
            yield from _lines(name, one, indent)
    elif isinstance(value, Mapping):
        yield f"{indent}<{name}>"
        for child, content in value.items():
            yield from _lines(child, content, indent + _INDENT)
        yield f"{indent}</{name}>"
    else:
        yield f"{indent}<{name}>{_text(value)}</{name}>"


def _text(value: str | int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return html.escape(str(value), quote=False)
