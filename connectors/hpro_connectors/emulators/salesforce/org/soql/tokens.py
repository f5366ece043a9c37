"""A query cut into words, signs and literals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hpro_connectors.emulators.salesforce.org.soql.faults import malformed

_PIECE = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d(?![\dT]))
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w]))
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<sign><=|>=|!=|<>|[=<>(),.:])
    """,
    re.VERBOSE | re.DOTALL,
)


class TokenKind(StrEnum):
    """What a token is."""

    DATETIME = "datetime"
    DATE = "date"
    NUMBER = "number"
    WORD = "word"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query.

    Attributes:
        kind: What it is.
        text: As written.
        position: Where it begins.
    """

    kind: TokenKind
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        """Say whether it is one of some words, in whatever case."""
        return self.kind is TokenKind.WORD and self.text.upper() in words

    def is_sign(self, sign: str) -> bool:
        """Say whether it is a sign."""
        return self.kind is TokenKind.SIGN and self.text == sign


def tokenize(soql: str) -> list[Token]:
    """Cut a query into tokens; the last one is its end.

    Raises:
        ApiFault: It holds what is no token.
    """
    tokens = []
    position = 0
    while position < len(soql):
        found = _PIECE.match(soql, position)
        if found is None:
            if soql[position] == "'":
                raise malformed(soql, position, f"line 1:{position} mismatched character '<EOF>' expecting '''")
            raise malformed(soql, position, f"line 1:{position} no viable alternative at character '{soql[position]}'")
        kind = found.lastgroup or ""
        if kind != "space":
            tokens.append(Token(TokenKind(kind), found.group(), position))
        position = found.end()
    tokens.append(Token(TokenKind.END, "", len(soql)))
    return tokens
