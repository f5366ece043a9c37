"""Ids of Salesforce: 15 characters that tell upper from lower case, or 18 that need not."""

from __future__ import annotations

import re
from typing import Final

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")


def is_record_id(text: str) -> bool:
    """Tell whether a text has the form of an id.

    Args:
        text: Any.
    """
    return _ID.fullmatch(text) is not None


def long_id(record_id: str) -> str:
    """Give an id in its form of 18 characters.

    The three added ones say, for each five of the others, which are capitals.

    Args:
        record_id: Of 15 or 18 characters.

    Raises:
        ValueError: It is no id.
    """
    if not is_record_id(record_id):
        raise ValueError("an id of Salesforce has 15 or 18 letters and digits")
    short = record_id[:15]
    blocks = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(
        _LETTERS[sum(1 << place for place, letter in enumerate(block) if letter.isupper())] for block in blocks
    )
