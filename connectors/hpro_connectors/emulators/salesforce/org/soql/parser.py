"""From the text of a query to its tree.

``AND`` and ``OR`` do not mix without parentheses, and ``NOT`` takes one condition: the CRM refuses what it would have
to guess.
"""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.soql.faults import malformed, unexpected
from hpro_connectors.emulators.salesforce.org.soql.literals import counted_range, is_counted_range, read_literal
from hpro_connectors.emulators.salesforce.org.soql.tokens import Token, TokenKind, tokenize
from hpro_connectors.emulators.salesforce.org.soql.tree import (
    Aggregate,
    Comparison,
    Condition,
    Every,
    Includes,
    InList,
    InSelect,
    Literal,
    Not,
    Order,
    Path,
    Select,
    Some,
)

LONGEST = 100_000
"""Most characters of a query."""

_DEEPEST = 100
_LARGEST_OFFSET = 2000
_OPERATORS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_AGGREGATES = ("COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG")
_AFTER_OBJECT = ("WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "WITH", "HAVING", "FOR", "USING", "ALL")


def parse(soql: str) -> Select:
    """Read a query.

    Raises:
        ApiFault: It is none (``MALFORMED_QUERY``), or too large.
    """
    if len(soql) > LONGEST:
        raise ApiFault(400, "MALFORMED_QUERY", f"SOQL statements cannot be longer than {LONGEST} characters.")
    parser = _Parser(soql, tokenize(soql))
    select = parser.select()
    parser.require_end()
    return select


class _Parser:
    def __init__(self, soql: str, tokens: list[Token]) -> None:
        self._soql, self._tokens = soql, tokens
        self._place = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._tokens[self._place]
        if token.kind is not TokenKind.END:
            self._place += 1
        return token

    def _accept_word(self, *words: str) -> Token | None:
        return self._take() if self._next.is_word(*words) else None

    def _accept_sign(self, sign: str) -> bool:
        if self._next.is_sign(sign):
            self._take()
            return True
        return False

    def _require_word(self, word: str) -> Token:
        if not self._next.is_word(word):
            raise self._unexpected()
        return self._take()

    def _require_sign(self, sign: str) -> None:
        if not self._accept_sign(sign):
            raise self._unexpected()

    def _unexpected(self) -> ApiFault:
        return unexpected(self._soql, self._next.position, self._next.text)

    def require_end(self) -> None:
        if self._next.kind is not TokenKind.END:
            raise self._unexpected()

    def select(self) -> Select:
        begins = self._require_word("SELECT").position
        columns = [self._column()]
        while self._accept_sign(","):
            columns.append(self._column())
        self._require_word("FROM")
        name = self._name()
        alias = ""
        if self._next.kind is TokenKind.WORD and not self._next.is_word(*_AFTER_OBJECT):
            alias = self._take().text
        where = self._condition() if self._accept_word("WHERE") else None
        groups: list[Path] = []
        if self._accept_word("GROUP"):
            self._require_word("BY")
            groups.append(self._path())
            while self._accept_sign(","):
                groups.append(self._path())
        orders: list[Order] = []
        if self._accept_word("ORDER"):
            self._require_word("BY")
            orders.append(self._order())
            while self._accept_sign(","):
                orders.append(self._order())
        limit = self._count("LIMIT")
        offset = self._count("OFFSET")
        if offset is not None and offset > _LARGEST_OFFSET:
            raise ApiFault(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {_LARGEST_OFFSET}")
        return Select(
            tuple(columns),
            name.text,
            name.position,
            alias,
            where,
            tuple(groups),
            tuple(orders),
            limit,
            offset,
            begins,
        )

    def _name(self) -> Token:
        if self._next.kind is not TokenKind.WORD:
            raise self._unexpected()
        return self._take()

    def _column(self) -> Path | Aggregate:
        token = self._next
        if token.is_sign("("):
            raise malformed(self._soql, token.position, "The emulator knows no sub-selects among the columns.")
        following = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if not (token.kind is TokenKind.WORD and following.is_sign("(")):
            return self._path()
        if not token.is_word(*_AGGREGATES):
            raise malformed(self._soql, token.position, f"Invalid function: {token.text}")
        self._take()
        self._take()
        path = None
        if not self._next.is_sign(")"):
            path = self._path()
        elif not token.is_word("COUNT"):
            raise self._unexpected()
        self._require_sign(")")
        alias = ""
        if path is not None and self._next.kind is TokenKind.WORD and not self._next.is_word("FROM"):
            alias = self._take().text
        return Aggregate(token.text.upper(), path, alias, token.position)

    def _path(self) -> Path:
        first = self._name()
        names = [first.text]
        while self._accept_sign("."):
            names.append(self._name().text)
        return Path(tuple(names), first.position)

    def _order(self) -> Order:
        path = self._path()
        direction = self._accept_word("ASC", "DESC")
        descending = direction is not None and direction.is_word("DESC")
        nulls_last = False
        if self._accept_word("NULLS"):
            where = self._accept_word("FIRST", "LAST")
            if where is None:
                raise self._unexpected()
            nulls_last = where.is_word("LAST")
        return Order(path, descending, nulls_last)

    def _count(self, word: str) -> int | None:
        if not self._accept_word(word):
            return None
        token = self._next
        if token.kind is not TokenKind.NUMBER or not token.text.isdigit():
            raise self._unexpected()
        self._take()
        if int(token.text) >= 2**31:
            raise malformed(self._soql, token.position, f"numeric value out of range: {token.text}")
        return int(token.text)

    def _condition(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ApiFault(
                400, "QUERY_TOO_COMPLICATED", "Query is either selecting too many fields or too complicated."
            )
        if self._accept_word("NOT"):
            found: Condition = Not(self._simple())
        else:
            first = self._simple()
            found = first
            for word in ("AND", "OR"):
                if self._next.is_word(word):
                    conditions = [first]
                    while self._accept_word(word):
                        conditions.append(self._simple())
                    found = Every(tuple(conditions)) if word == "AND" else Some(tuple(conditions))
                    break
        if self._next.is_word("AND", "OR"):
            raise self._unexpected()
        self._depth -= 1
        return found

    def _simple(self) -> Condition:
        if self._accept_sign("("):
            found = self._condition()
            self._require_sign(")")
            return found
        if self._next.is_word("NOT"):
            raise self._unexpected()
        return self._comparison()

    def _comparison(self) -> Condition:
        path = self._path()
        token = self._next
        if token.kind is TokenKind.SIGN and token.text in _OPERATORS:
            self._take()
            return Comparison(path, _OPERATORS[token.text], self._literal())
        if self._accept_word("LIKE"):
            return Comparison(path, "LIKE", self._literal())
        word = self._accept_word("INCLUDES", "EXCLUDES")
        if word is not None:
            return Includes(path, self._literals(), word.is_word("EXCLUDES"))
        negated = self._accept_word("NOT") is not None
        if not self._accept_word("IN"):
            raise self._unexpected()
        following = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if self._next.is_sign("(") and following.is_word("SELECT"):
            self._take()
            select = self.select()
            self._require_sign(")")
            return InSelect(path, select, negated)
        return InList(path, self._literals(), negated)

    def _literals(self) -> tuple[Literal, ...]:
        self._require_sign("(")
        literals = [self._literal()]
        while self._accept_sign(","):
            literals.append(self._literal())
        self._require_sign(")")
        return tuple(literals)

    def _literal(self) -> Literal:
        token = self._next
        if token.kind is TokenKind.WORD and is_counted_range(token.text):
            self._take()
            self._require_sign(":")
            return counted_range(self._soql, token, self._take())
        found = read_literal(self._soql, token)
        if found is None:
            raise self._unexpected()
        self._take()
        return found
