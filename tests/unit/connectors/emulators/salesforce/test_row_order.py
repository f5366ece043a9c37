"""Rows come in no order but the one that is asked for."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.querying import OpenQuery
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.unit.connectors.emulators.salesforce.conftest import Ask


@pytest.fixture
def made(org: SalesforceOrg) -> list[str]:
    """Ids of leads of two companies, in the order in which they were made."""
    return [org.create("Lead", {"LastName": "x", "Company": f"Acme {number % 2}"}) for number in range(20)]


def ids(rows: list[tuple[JsonValue, ...]]) -> list[JsonValue]:
    return [row[0] for row in rows]


def test_without_an_order_rows_come_neither_as_made_nor_by_id(ask: Ask, made: list[str]) -> None:
    found = ids(ask("SELECT Id FROM Lead"))
    assert sorted(map(str, found)) == sorted(made)
    for known in (made, made[::-1]):
        assert found != known
    assert found == ids(ask("SELECT Id FROM Lead"))


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_few_rows_come_in_another_order_too(org: SalesforceOrg, ask: Ask, count: int) -> None:
    made = [org.create("Lead", {"LastName": "x"}) for _ in range(count)]
    assert ids(ask("SELECT Id FROM Lead")) != made


def test_another_seed_is_another_order(org: SalesforceOrg, ask: Ask, made: list[str]) -> None:
    found = []
    for seed in (1, 2, 3):
        org.row_order.seed = seed
        found.append(ids(ask("SELECT Id FROM Lead")))
    assert len({tuple(map(str, one)) for one in found}) == 3
    assert all(sorted(map(str, one)) == sorted(made) for one in found)


def test_rows_of_one_place_in_the_order_come_in_any(ask: Ask, made: list[str]) -> None:
    found = ask("SELECT Id, Company FROM Lead ORDER BY Company")
    assert [row[1] for row in found] == ["Acme 0"] * 10 + ["Acme 1"] * 10
    assert ids(found) != made[::2] + made[1::2]
    assert ids(ask("SELECT Id FROM Lead ORDER BY Company, Id")) == made[::2] + made[1::2]
    assert ids(ask("SELECT Id FROM Lead ORDER BY Id DESC")) == made[::-1]


def test_of_unordered_rows_a_limit_takes_any(ask: Ask, made: list[str]) -> None:
    found = ids(ask("SELECT Id FROM Lead LIMIT 5"))
    assert set(found) < set(made)
    assert set(found) != set(made[:5])


def test_an_open_query_gives_the_order_of_one_at_once_or_any(org: SalesforceOrg, ask: Ask, made: list[str]) -> None:
    opened = org.open_query("SELECT Id FROM Lead", user_id=org.integration_user_id)
    assert isinstance(opened, OpenQuery)
    assert [*opened.rows(0, 7), *opened.rows(7, 13)] == ask("SELECT Id FROM Lead")
    for ordered in (True, False):
        opened = org.open_query("SELECT Id FROM Lead ORDER BY Id LIMIT 9", user_id=None, ordered=ordered)
        assert isinstance(opened, OpenQuery)
        found = ids(opened.rows(0, 9))
        assert (found == made[:9]) is ordered
        assert set(found) == set(made[:9])


def test_how_many_there_are_has_no_order(org: SalesforceOrg, ask: Ask, made: list[str]) -> None:
    assert org.run_query("SELECT COUNT() FROM Lead", user_id=None).count == len(made)
    assert ask("SELECT COUNT(Id) FROM Lead") == [(20,)]
    assert sorted(map(str, ask("SELECT Company, COUNT(Id) FROM Lead GROUP BY Company"))) == [
        "('Acme 0', 10)",
        "('Acme 1', 10)",
    ]
