"""Rows of a JSONL file: one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from hpro_sdk.data.place import Place
from hpro_sdk.data.text_lines import text_lines


def columns(file: BinaryIO, path: Path) -> None:
    """Say that a JSONL file has no header: its keys are known only from its rows."""
    del file, path


def rows(file: BinaryIO, path: Path) -> Iterator[tuple[Place, Mapping[str, object]]]:
    """Stream the objects; empty lines are passed over.

    Raises:
        DataError: A line is not one JSON object, or not UTF-8.
    """
    number = 0
    for line, text in text_lines(file, path):
        if text.strip():
            number += 1
            place = Place(path, number, line)
            yield place, _parse(text, place)


def _parse(text: str, place: Place) -> Mapping[str, object]:
    try:
        # NaN and Infinity are let through here: whoever uses the value refuses it and knows the field.
        value = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no character
    except json.JSONDecodeError as exc:
        raise place.error(
            f"is not valid JSON: {exc.msg} at character {exc.pos + 1}", hint="Write one whole JSON object per line."
        ) from exc
    except UnicodeEncodeError as exc:
        raise place.error(
            "holds half of a surrogate pair (\\ud800 to \\udfff)", hint="Write both halves, or the character itself."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise place.error(
            "holds a number that is too long or lists nested too deep", hint="Write plain values."
        ) from exc
    if not isinstance(value, dict):
        raise place.error("is not a JSON object", hint='Write one object per line, such as {"lead_id": "7"}.')
    return value
