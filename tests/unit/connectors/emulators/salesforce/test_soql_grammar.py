from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.soql.parser import LONGEST, parse
from hpro_connectors.emulators.salesforce.org.soql.tree import (
    Aggregate,
    Comparison,
    Every,
    InList,
    InSelect,
    Literal,
    LiteralKind,
    Not,
    Path,
    Some,
)


def fault(soql: str) -> ApiFault:
    with pytest.raises(ApiFault) as caught:
        parse(soql)
    return caught.value


def literal(text: str) -> Literal:
    condition = parse(f"SELECT Id FROM Lead WHERE X = {text}").where
    assert isinstance(condition, Comparison)
    return condition.literal


def test_a_whole_query() -> None:
    select = parse(
        "select Id , Owner.Name FROM Lead l where (A = 1 and (Not B like 'x%')) or l.C in ('a','b')\n"
        " order by A desc nulls last, B limit 10 offset 5"
    )
    assert [one.names for one in select.columns if isinstance(one, Path)] == [("Id",), ("Owner", "Name")]
    assert (select.object_name, select.alias, select.limit, select.offset) == ("Lead", "l", 10, 5)
    assert [(one.path.names, one.descending, one.nulls_last) for one in select.orders] == [
        (("A",), True, True),
        (("B",), False, False),
    ]
    assert isinstance(select.where, Some)
    first, second = select.where.conditions
    assert isinstance(first, Every)
    assert isinstance(first.conditions[1], Not)
    assert isinstance(second, InList)
    assert [one.value for one in second.literals] == ["a", "b"]


def test_a_sub_select() -> None:
    where = parse(
        "SELECT Id FROM Task WHERE Id NOT IN (SELECT ActivityId FROM EmailMessage WHERE Incoming = true)"
    ).where
    assert isinstance(where, InSelect)
    assert where.negated
    assert where.select.object_name == "EmailMessage"


def test_functions_of_many_rows() -> None:
    select = parse("SELECT Status, COUNT(Id) n, max(CreatedDate) FROM Lead GROUP BY Status")
    assert [(one.function, one.alias) for one in select.columns if isinstance(one, Aggregate)] == [
        ("COUNT", "n"),
        ("MAX", ""),
    ]
    assert [path.names for path in select.groups] == [("Status",)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("'it\\'s \\\"a\\\" \\\\ b\\n\\t\\u00e9'", LiteralKind.TEXT, 'it\'s "a" \\ b\n\té'),
        ("''", LiteralKind.TEXT, ""),
        ("'SELECT -- '", LiteralKind.TEXT, "SELECT -- "),
        ("12", LiteralKind.NUMBER, 12),
        ("-1.5", LiteralKind.NUMBER, -1.5),
        ("+3", LiteralKind.NUMBER, 3),
        ("1e3", LiteralKind.NUMBER, 1000.0),
        ("99999999999999999999999", LiteralKind.NUMBER, 1e23),
        ("TRUE", LiteralKind.BOOLEAN, True),
        ("false", LiteralKind.BOOLEAN, False),
        ("null", LiteralKind.NULL, None),
        ("2026-02-28", LiteralKind.DATE, "2026-02-28"),
        ("TODAY", LiteralKind.RANGE, (0, 1)),
        ("LAST_N_DAYS:7", LiteralKind.RANGE, (-7, 1)),
        ("next_n_days:7", LiteralKind.RANGE, (1, 8)),
        ("N_DAYS_AGO:3", LiteralKind.RANGE, (-3, -2)),
    ],
)
def test_literals(text: str, kind: LiteralKind, value: object) -> None:
    found = literal(text)
    assert (found.kind, found.value) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.999Z",
        "2026-01-02T04:04:05+01:00",
        "2026-01-02T04:04:05.123+0100",
        "2026-01-01T19:04:05-08:00",
    ],
)
def test_date_times_know_zones_and_no_part_of_a_second(text: str) -> None:
    found = literal(text)
    assert found.kind is LiteralKind.DATETIME
    assert found.value == int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp())


def test_patterns_keep_what_is_escaped() -> None:
    assert literal(r"'50\% of a\_b\\c%'").pattern == r"50\% of a\_b\\c%"
    assert literal(r"'50\% of a\_b\\c%'").value == r"50% of a_b\c%"


@pytest.mark.parametrize(
    ("soql", "token"),
    [
        ("SELEC Id FROM Lead", "SELEC"),
        ("SELECT Id FORM Lead", "FORM"),
        ("SELECT FROM Lead", "Lead"),
        ("SELECT Id, FROM Lead", "Lead"),
        ("SELECT Id FROM", "<EOF>"),
        ("SELECT Id FROM Lead WHERE", "<EOF>"),
        ("SELECT Id FROM Lead WHERE A == 1", "="),
        ("SELECT Id FROM Lead WHERE A = 1 OR B = 2 AND C = 3", "AND"),
        ("SELECT Id FROM Lead WHERE A = 1 AND B = 2 OR C = 3", "OR"),
        ("SELECT Id FROM Lead WHERE NOT A = 1 AND B = 2", "AND"),
        ("SELECT Id FROM Lead WHERE A = 1 AND NOT B = 2", "NOT"),
        ("SELECT Id FROM Lead WHERE (A = 1", "<EOF>"),
        ("SELECT Id FROM Lead WHERE A = 1)", ")"),
        ("SELECT Id FROM Lead WHERE A IN ()", ")"),
        ("SELECT Id FROM Lead WHERE A IN 'x'", "'x'"),
        ("SELECT Id FROM Lead WHERE A = x", "x"),
        ("SELECT Id FROM Lead LIMIT -1", "-1"),
        ("SELECT Id FROM Lead LIMIT 1 WHERE A = 1", "WHERE"),
        ("SELECT Id FROM Lead ORDER BY A NULLS", "<EOF>"),
        ("SELECT Id FROM Lead WHERE A = 1 extra", "extra"),
        ("SELECT Id FROM Lead WHERE A = 2026-01-02T03:04:05", "2026"),
    ],
)
def test_what_is_no_query(soql: str, token: str) -> None:
    caught = fault(soql)
    assert (caught.status, caught.code) == (400, "MALFORMED_QUERY")
    if token != "2026":
        assert caught.message.endswith(f"unexpected token: '{token}'")


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id FROM Lead WHERE A = 'open", "MALFORMED_QUERY", "mismatched character"),
        ("SELECT Id FROM Lead WHERE A = #", "MALFORMED_QUERY", "no viable alternative at character '#'"),
        (r"SELECT Id FROM Lead WHERE A = 'a\qb'", "MALFORMED_QUERY", r"Illegal character sequence '\q'"),
        (r"SELECT Id FROM Lead WHERE A = '\u12'", "MALFORMED_QUERY", r"Illegal character sequence '\u'"),
        ("SELECT Id FROM Lead WHERE A = 2026-02-30", "MALFORMED_QUERY", "Invalid date"),
        ("SELECT Id FROM Lead WHERE A = 2026-02-30T00:00:00Z", "MALFORMED_QUERY", "Invalid datetime"),
        ("SELECT Id FROM Lead WHERE A = LAST_N_DAYS:x", "MALFORMED_QUERY", "unexpected token: 'x'"),
        ("SELECT SOUNDEX(Id) FROM Lead", "MALFORMED_QUERY", "Invalid function: SOUNDEX"),
        ("SELECT Id, (SELECT Id FROM Tasks) FROM Lead", "MALFORMED_QUERY", "no sub-selects among the columns"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT Id FROM Lead LIMIT 9999999999", "MALFORMED_QUERY", "numeric value out of range"),
        (f"SELECT Id FROM Lead WHERE A = '{'x' * LONGEST}'", "MALFORMED_QUERY", "cannot be longer than 100000"),
        (f"SELECT Id FROM Lead WHERE {'(' * 500}A = 1{')' * 500}", "QUERY_TOO_COMPLICATED", "too complicated"),
    ],
)
def test_what_is_refused_with_other_words(soql: str, code: str, words: str) -> None:
    caught = fault(soql)
    assert caught.code == code
    assert words in caught.message


def test_a_fault_shows_where() -> None:
    caught = fault("SELECT Id\nFROM Lead\nWHERE A = = 2")
    assert caught.message == "\nWHERE A = = 2\n          ^\nERROR at Row:3:Column:11\nunexpected token: '='"
    assert caught.body() == [{"message": caught.message, "errorCode": "MALFORMED_QUERY"}]


def test_of_a_long_query_a_piece_is_shown() -> None:
    caught = fault(f"SELECT Id FROM Lead WHERE A = '{'x' * 500}' AND AND B = 1")
    piece = caught.message.splitlines()[1]
    assert len(piece) <= 80
    assert "AND AND" in piece
