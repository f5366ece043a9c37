"""Literals of a query: texts with escapes, dates, ranges of days."""

from __future__ import annotations

from datetime import datetime

from hpro_connectors.emulators.salesforce.org.soql.faults import malformed
from hpro_connectors.emulators.salesforce.org.soql.tokens import Token, TokenKind
from hpro_connectors.emulators.salesforce.org.soql.tree import Literal, LiteralKind
from hpro_connectors.emulators.salesforce.org.values import moment_to_seconds, parse_date

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_LIKE_ESCAPES = "_%"
_MOST_DIGITS = 18  # SQLite's whole numbers have 64 bits
_WORDS: dict[str, tuple[LiteralKind, bool | None]] = {
    "TRUE": (LiteralKind.BOOLEAN, True),
    "FALSE": (LiteralKind.BOOLEAN, False),
    "NULL": (LiteralKind.NULL, None),
}
_DAYS = {"YESTERDAY": (-1, 0), "TODAY": (0, 1), "TOMORROW": (1, 2), "LAST_90_DAYS": (-90, 1), "NEXT_90_DAYS": (1, 91)}
_COUNTED = frozenset({"LAST_N_DAYS", "NEXT_N_DAYS", "N_DAYS_AGO"})


def is_counted_range(word: str) -> bool:
    """Say whether a word is a range of days that a number follows, such as ``LAST_N_DAYS:7``."""
    return word.upper() in _COUNTED


def counted_range(soql: str, word: Token, count: Token) -> Literal:
    """Read a range such as ``LAST_N_DAYS:7``.

    Raises:
        ApiFault: No whole number follows the colon.
    """
    if count.kind is not TokenKind.NUMBER or not count.text.isdigit():
        raise malformed(soql, count.position, f"unexpected token: '{count.text}'")
    days = int(count.text)
    ranges = {"LAST_N_DAYS": (-days, 1), "NEXT_N_DAYS": (1, days + 1), "N_DAYS_AGO": (-days, 1 - days)}
    return Literal(LiteralKind.RANGE, ranges[word.text.upper()], word.position)


def read_literal(soql: str, token: Token) -> Literal | None:
    """Read a literal that is one token; ``None`` where it is none.

    Raises:
        ApiFault: It holds an escape or a date that does not exist.
    """
    if token.kind is TokenKind.TEXT:
        return _text(soql, token)
    if token.kind is TokenKind.NUMBER:
        whole = token.text.lstrip("+-").isdigit() and len(token.text) <= _MOST_DIGITS
        return Literal(LiteralKind.NUMBER, int(token.text) if whole else float(token.text), token.position)
    if token.kind is TokenKind.DATE:
        day = parse_date(token.text)
        if day is None:
            raise malformed(soql, token.position, f"Invalid date: {token.text}")
        return Literal(LiteralKind.DATE, day, token.position)
    if token.kind is TokenKind.DATETIME:
        return Literal(LiteralKind.DATETIME, _seconds(soql, token), token.position)
    word = token.text.upper()
    if token.kind is TokenKind.WORD and word in _WORDS:
        kind, value = _WORDS[word]
        return Literal(kind, value, token.position)
    if token.kind is TokenKind.WORD and word in _DAYS:
        return Literal(LiteralKind.RANGE, _DAYS[word], token.position)
    return None


def _seconds(soql: str, token: Token) -> int:
    text = token.text
    if "." in text:  # only a zone follows the fraction, which no comparison looks at
        head, tail = text.split(".", 1)
        text = head + tail.lstrip("0123456789")
    try:
        return moment_to_seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise malformed(soql, token.position, f"Invalid datetime: {token.text}") from None


def _text(soql: str, token: Token) -> Literal:
    inner = token.text[1:-1]
    plain: list[str] = []
    pattern: list[str] = []
    place = 0
    while place < len(inner):
        letter = inner[place]
        if letter != "\\":
            plain.append(letter)
            pattern.append(letter)
            place += 1
            continue
        escaped = inner[place + 1]
        if escaped in _LIKE_ESCAPES:
            plain.append(escaped)
            pattern.append(f"\\{escaped}")
            place += 2
            continue
        found, length = _escape(soql, token, inner, place)
        plain.append(found)
        pattern.append("\\\\" if found == "\\" else found)
        place += length
    return Literal(LiteralKind.TEXT, "".join(plain), token.position, "".join(pattern))


def _escape(soql: str, token: Token, inner: str, place: int) -> tuple[str, int]:
    letter = inner[place + 1]
    found = _ESCAPES.get(letter.lower() if letter.isalpha() else letter)
    if found is not None:
        return found, 2
    digits = inner[place + 2 : place + 6]
    if letter in "uU" and len(digits) == 4 and all(one in "0123456789abcdefABCDEF" for one in digits):
        return chr(int(digits, 16)), 6
    raise malformed(
        soql,
        token.position,
        f"Invalid string literal '{inner}'. Illegal character sequence '\\{letter}' in string literal.",
    )
