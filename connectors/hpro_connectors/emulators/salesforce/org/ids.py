"""Ids of records: 15 characters that tell upper from lower case, or 18 that need not, by a suffix of three."""

from __future__ import annotations

from functools import lru_cache

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = frozenset(_DIGITS)
_NUMBER_LENGTH = 9
_UPPER = {ord(letter): "1" if letter.isupper() else "0" for letter in _DIGITS}


def suffix(short_id: str) -> str:
    """Give the three characters that say which of the fifteen are upper-case letters.

    Args:
        short_id: Fifteen characters.
    """
    upper = short_id.translate(_UPPER)
    return _SUFFIX[int(upper[4::-1], 2)] + _SUFFIX[int(upper[9:4:-1], 2)] + _SUFFIX[int(upper[14:9:-1], 2)]


def make_id(prefix: str, number: int, *, instance: str = "Hp") -> str:
    """Give the id of 18 characters of a record.

    Ids of one prefix sort as their numbers do.

    Args:
        prefix: The three characters that say which object it is, such as ``00Q``.
        number: Any number from 0; another number is another id.
        instance: Two characters that are the same in all ids of an org.

    Raises:
        ValueError: The number is negative or too large, or prefix or instance have another length.
    """
    if len(prefix) != 3 or len(instance) != 2 or not 0 <= number < len(_DIGITS) ** _NUMBER_LENGTH:
        raise ValueError(f"no id of prefix {prefix!r}, instance {instance!r} and number {number}")
    digits = []
    rest = number
    while rest:
        rest, digit = divmod(rest, len(_DIGITS))
        digits.append(_DIGITS[digit])
    short_id = f"{prefix}{instance}0{''.join(reversed(digits)).rjust(_NUMBER_LENGTH, '0')}"
    return short_id + suffix(short_id)


@lru_cache(100_000)  # what is written names the same few users and leads again and again
def long_id(text: str) -> str | None:
    """Give the 18 characters of an id, or ``None`` where a text is no id.

    Args:
        text: Fifteen characters, or eighteen of which the suffix settles upper and lower case.
    """
    if not _VALUES.issuperset(text):
        return None
    if len(text) == 15:
        return text + suffix(text)
    if len(text) != 18:
        return None
    short_id = text[:15]
    if suffix(short_id) == text[15:]:
        return text
    restored = _with_case_of(short_id, text[15:].upper())
    return None if restored is None else restored + text[15:].upper()


def _with_case_of(short_id: str, letters: str) -> str | None:
    """Give back upper and lower case to an id that lost them on its way; ``None`` where the suffix does not fit."""
    restored = []
    for start, letter in zip((0, 5, 10), letters, strict=True):
        bits = _SUFFIX.find(letter)
        if bits < 0:
            return None
        for place, one in enumerate(short_id[start : start + 5]):
            upper = bool(bits >> place & 1)
            if upper and not one.isalpha():
                return None
            restored.append(one.upper() if upper else one.lower())
    return "".join(restored)
