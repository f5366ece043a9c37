"""Whatever is asked, SQL finds what going through the records one by one finds."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.soql.parser import parse
from hpro_connectors.emulators.salesforce.org.soql.tree import (
    Comparison,
    Condition,
    Every,
    Includes,
    InList,
    InSelect,
    Literal,
    LiteralKind,
    Not,
    Order,
    Path,
    Some,
)

Record = Mapping[str, str | int | float | bool | None]
Value = str | int | float | bool | None

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\t": "\\t"})


def written(condition: Condition, spell: Callable[[str], str] = str) -> str:
    """Write a condition down.

    Args:
        condition: Its tree.
        spell: Writes a keyword, in capitals or not.
    """
    if isinstance(condition, Every | Some):
        word = "AND" if isinstance(condition, Every) else "OR"
        return f" {spell(word)} ".join(f"({written(one, spell)})" for one in condition.conditions)
    if isinstance(condition, Not):
        return f"{spell('NOT')} ({written(condition.condition, spell)})"
    if isinstance(condition, InList):
        listed = ",".join(written_literal(one, spell) for one in condition.literals)
        word = f"{spell('NOT')} {spell('IN')}" if condition.negated else spell("IN")
        return f"{'.'.join(condition.path.names)} {word} ({listed})"
    assert isinstance(condition, Comparison)
    operator = spell("LIKE") if condition.operator == "LIKE" else condition.operator
    return f"{'.'.join(condition.path.names)} {operator} {written_literal(condition.literal, spell)}"


def written_literal(literal: Literal, spell: Callable[[str], str] = str) -> str:
    """Write a literal down."""
    value = literal.value
    if literal.kind is LiteralKind.TEXT:
        return f"'{literal.pattern.replace(chr(39), chr(92) + chr(39))}'" if literal.pattern else _quoted(str(value))
    if literal.kind is LiteralKind.DATETIME:
        assert isinstance(value, int)
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"
    if value is None or isinstance(value, bool):
        return spell(str(value).replace("None", "null"))
    return str(value)


def fulfils(record: Record, condition: Condition) -> bool:
    """Say whether a record fulfils a condition."""
    if isinstance(condition, Every):
        return all(fulfils(record, one) for one in condition.conditions)
    if isinstance(condition, Some):
        return any(fulfils(record, one) for one in condition.conditions)
    if isinstance(condition, Not):
        return not fulfils(record, condition.condition)
    assert not isinstance(condition, InSelect | Includes)
    value = record[".".join(condition.path.names)]
    if isinstance(condition, InList):
        return any(_equal(value, one.value) for one in condition.literals) != condition.negated
    wanted = condition.literal.value
    assert not isinstance(wanted, tuple)
    match condition.operator:
        case "=":
            return _equal(value, wanted)
        case "!=":
            return not _equal(value, wanted)
        case "LIKE":
            return isinstance(value, str) and _like(value, condition.literal.pattern or str(wanted))
    if value is None or wanted is None:
        return False
    one, other = (item.lower() if isinstance(item, str) else item for item in (value, wanted))
    match condition.operator:
        case "<":
            return one < other  # type: ignore[operator] # both of the field's type
        case "<=":
            return one <= other  # type: ignore[operator]
        case ">":
            return one > other  # type: ignore[operator]
    return one >= other  # type: ignore[operator]


def in_order(records: list[Record], orders: list[Order]) -> list[Record]:
    """Put records in an order; those that are equal in it stay as they were."""
    for order in reversed(orders):
        name = ".".join(order.path.names)
        filled = [one for one in records if one[name] is not None]
        empty = [one for one in records if one[name] is None]
        filled.sort(key=lambda one, name=name: _key(name, one[name]))  # type: ignore[misc]
        if order.descending:
            filled = _reversed_stably(filled, name)
        records = [*filled, *empty] if order.nulls_last else [*empty, *filled]
    return records


def path(name: str) -> Path:
    """Give the path of a name with dots."""
    return Path(tuple(name.split(".")), 0)


def _reversed_stably(records: list[Record], name: str) -> list[Record]:
    groups: dict[object, list[Record]] = {}
    for one in records:
        groups.setdefault(_key(name, one[name]), []).append(one)
    return [one for group in reversed(list(groups.values())) for one in group]


def _key(name: str, value: Value) -> str | int | float | bool:
    assert value is not None
    return value.lower() if isinstance(value, str) and name != "Id" else value


def _equal(value: Value, wanted: object) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return value.lower() == wanted.lower()
    return value == (None if wanted == "" else wanted)


def _like(value: str, pattern: str) -> bool:
    parts = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            parts.append(re.escape(next(letters)))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter, re.escape(letter)))
    return re.fullmatch("".join(parts), value, re.IGNORECASE | re.DOTALL) is not None


def _quoted(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"


TEXTS = ("alpha", "Alpha", "beta", "50% off", "a_b", "axb", "O'Neil", 'say "x"', "back\\slash", "zwei Wörter", "WÖRTER")
PATTERNS = ("%", "a%", "%a", "_lpha", "50\\%%", "a\\_b", "%wör%", "%'%", "%\\\\%", "", "alpha")
NUMBERS = (-1, 0, 1, 2, 1000)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = tuple(int((BEGIN + timedelta(hours=hours)).timestamp()) for hours in (0, 1, 24, 1000))
DAYS = ("2025-12-31", "2026-01-01", "2026-02-28")
KINDS: dict[str, tuple[LiteralKind, tuple[str | int | bool, ...]]] = {
    "Title": (LiteralKind.TEXT, TEXTS),
    "Account.Name": (LiteralKind.TEXT, TEXTS),
    "Account.NumberOfEmployees": (LiteralKind.NUMBER, NUMBERS),
    "DoNotCall": (LiteralKind.BOOLEAN, (True, False)),
    "Birthdate": (LiteralKind.DATE, DAYS),
    "CreatedDate": (LiteralKind.DATETIME, SECONDS),
}
NULLABLE = {"Title", "Account.Name", "Account.NumberOfEmployees", "Birthdate"}


class World:
    """Sixty contacts of ten accounts, and what is known of them."""

    def __init__(self) -> None:
        chance = random.Random(7)
        self.org = SalesforceOrg(org_id="00DHp0000000001", name="x", clock=EmulatorClock(BEGIN))
        self.records: list[Record] = []
        accounts = [
            {"Name": chance.choice(TEXTS), "NumberOfEmployees": chance.choice((*NUMBERS, None))} for _ in range(10)
        ]
        ids = [self.org.create("Account", one) for one in accounts]
        for _ in range(60):
            place = chance.choice((*range(10), None))
            contact = {
                "Title": chance.choice((*TEXTS, None)),
                "DoNotCall": chance.choice((True, False)),
                "Birthdate": chance.choice((*DAYS, None)),
            }
            created = chance.choice(SECONDS)
            made = self.org.create(
                "Contact",
                {
                    **contact,
                    "LastName": "x",
                    "AccountId": None if place is None else ids[place],
                    "CreatedDate": datetime.fromtimestamp(created, UTC),
                },
            )
            account = {"Name": None, "NumberOfEmployees": None} if place is None else accounts[place]
            parents = {f"Account.{name}": value for name, value in account.items()}
            self.records.append({**contact, **parents, "CreatedDate": created, "Id": made})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    made.org.close()


@st.composite
def comparisons(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from(sorted(KINDS)))
    kind, values = KINDS[name]
    literals = st.sampled_from(values).map(lambda value: Literal(kind, value, 0))
    null = Literal(LiteralKind.NULL, None, 0)
    if draw(st.booleans()):
        listed = draw(
            st.lists(st.one_of(literals, st.just(null)) if name in NULLABLE else literals, min_size=1, max_size=4)
        )
        return InList(path(name), tuple(listed), draw(st.booleans()))
    if kind is LiteralKind.TEXT and draw(st.booleans()):
        pattern = draw(st.sampled_from(PATTERNS))
        return Comparison(path(name), "LIKE", Literal(kind, pattern, 0, pattern))
    if name in NULLABLE and draw(st.booleans()):
        return Comparison(path(name), draw(st.sampled_from(["=", "!="])), null)
    operators = ["=", "!="] if kind is LiteralKind.BOOLEAN else ["=", "!=", "<", "<=", ">", ">="]
    if name in {"Title", "Account.Name"}:
        operators = ["=", "!="]  # what comes after what differs between languages
    return Comparison(path(name), draw(st.sampled_from(operators)), draw(literals))


CONDITIONS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: Every(tuple(parts))),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: Some(tuple(parts))),
    ),
    max_leaves=12,
)
ORDERS = st.lists(
    st.builds(
        Order,
        st.sampled_from(["Account.NumberOfEmployees", "DoNotCall", "Birthdate", "CreatedDate"]).map(path),
        st.booleans(),
        st.booleans(),
    ),
    max_size=3,
)
SPELLINGS: list[Callable[[str], str]] = [str.upper, str.lower, str.title]


@given(condition=CONDITIONS, spell=st.sampled_from(SPELLINGS))
def test_a_query_finds_what_going_through_the_records_finds(
    world: World, condition: Condition, spell: Callable[[str], str]
) -> None:
    soql = f"SELECT Id FROM Contact WHERE {written(condition, spell)}"
    found = world.org.run_query(soql, user_id=world.org.integration_user_id).rows
    assert {row[0] for row in found} == {one["Id"] for one in world.records if fulfils(one, condition)}
    assert len(found) == len(set(found))


@given(orders=ORDERS, limit=st.integers(0, 70), offset=st.integers(0, 70))
def test_records_come_in_the_order_that_is_asked_for(
    world: World, orders: list[Order], limit: int, offset: int
) -> None:
    orders = [*orders, Order(path("Id"), descending=False, nulls_last=False)]
    ends = {(True, True): "DESC NULLS LAST", (True, False): "DESC NULLS FIRST", (False, True): "ASC NULLS LAST"}
    keys = ", ".join(
        f"{'.'.join(one.path.names)} {ends.get((one.descending, one.nulls_last), 'ASC')}" for one in orders
    )
    soql = f"SELECT Id FROM Contact ORDER BY {keys} LIMIT {limit} OFFSET {offset}"
    found = world.org.run_query(soql, user_id=world.org.integration_user_id).rows
    wanted = in_order(sorted(world.records, key=lambda one: str(one["Id"])), orders)[offset:][:limit]
    assert [row[0] for row in found] == [one["Id"] for one in wanted]


@given(condition=CONDITIONS, limit=st.integers(0, 70), size=st.integers(1, 30))
def test_an_open_query_gives_the_same_records_in_pages(
    world: World, condition: Condition, limit: int, size: int
) -> None:
    soql = f"SELECT Id, Account.Name FROM Contact WHERE {written(condition)} ORDER BY CreatedDate, Id LIMIT {limit}"
    opened = world.org.open_query(soql, user_id=world.org.integration_user_id)
    rows: list[object] = []
    while page := opened.rows(len(rows), size):  # type: ignore[operator] # it does not count
        assert len(page) <= size
        rows += page
    assert rows == world.org.run_query(soql, user_id=world.org.integration_user_id).rows


@given(condition=CONDITIONS)
def test_a_condition_written_down_is_read_as_it_was(condition: Condition) -> None:
    select = parse(f"SELECT Id FROM Contact WHERE {written(condition)}")
    assert _bare(select.where) == _bare(condition)


def _bare(tree: Any) -> Any:  # noqa: ANN401 - trees of any kind
    """Give a tree without positions, and without the pattern of a text that is none."""
    if isinstance(tree, Literal):
        return (tree.kind, tree.pattern or tree.value) if tree.kind is not LiteralKind.TEXT else _pattern(tree)
    if is_dataclass(tree):
        return [
            type(tree).__name__,
            *(_bare(getattr(tree, one.name)) for one in fields(tree) if one.name != "position"),
        ]
    return [_bare(one) for one in tree] if isinstance(tree, tuple) else tree


def _pattern(literal: Literal) -> str:
    return literal.pattern or str(literal.value).replace("\\", "\\\\")
