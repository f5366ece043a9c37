from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.protocol import Owner
from hpro_connectors.salesforce.schema.crm_schema import CrmField, CrmObject, CrmSchema, CrmStage
from hpro_connectors.salesforce.schema.describe_cache import DescribeCache, fingerprint
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = CrmSchema(
    org_id="00D000000000001EAA",
    made_for="me",
    described_at=NOW,
    objects={"Lead": CrmObject(name="Lead", fields=(CrmField(name="Id", label="Id", type="id"),))},
    stages=(CrmStage(value="New", label="New"),),
    owners=(Owner(owner_id="005", name="Ann"),),
    tracked=frozenset({"Status"}),
)


def test_a_description_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "main.json"
    DescribeCache(path, 24).store(SCHEMA)
    assert DescribeCache(path, 24).load(SCHEMA.org_id, "me", NOW) == SCHEMA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["main.json"]


@pytest.mark.parametrize(
    ("org_id", "made_for", "after"),
    [
        ("00D000000000002EAA", "me", timedelta(0)),
        (SCHEMA.org_id, "another user", timedelta(0)),
        (SCHEMA.org_id, "me", timedelta(hours=24)),
        (SCHEMA.org_id, "me", timedelta(hours=-1)),
    ],
)
def test_a_description_of_something_else_or_of_long_ago_counts_as_none(
    tmp_path: Path, org_id: str, made_for: str, after: timedelta
) -> None:
    cache = DescribeCache(tmp_path / "main.json", 24)
    cache.store(SCHEMA)
    assert cache.load(org_id, made_for, NOW + after) is None
    assert cache.load(SCHEMA.org_id, "me", NOW + timedelta(hours=23)) == SCHEMA


@pytest.mark.parametrize("damaged", [b"", b"{}", b"not json", b"\xff\xfe", b'{"org_id": 3}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "main.json"
    path.write_bytes(damaged)
    assert DescribeCache(path, 24).load(SCHEMA.org_id, "me", NOW) is None


def test_a_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    cache = DescribeCache(tmp_path / "no such folder" / "main.json", 24)
    cache.store(SCHEMA)
    assert cache.load(SCHEMA.org_id, "me", NOW) is None
    cache.forget()
    DescribeCache(None, 24).store(SCHEMA)


def test_a_forgotten_description_is_gone(tmp_path: Path) -> None:
    cache = DescribeCache(tmp_path / "main.json", 24)
    cache.store(SCHEMA)
    cache.forget()
    assert cache.load(SCHEMA.org_id, "me", NOW) is None


def test_a_description_does_not_outlive_what_was_described() -> None:
    made_for = fingerprint(SalesforceSettings())
    assert made_for == fingerprint(SalesforceSettings(fields=("Company",), describe_hours=1))
    assert made_for != fingerprint(SalesforceSettings(scored_object=ScoredObjectName.CONTACT))
    assert made_for != fingerprint(SalesforceSettings(interactions=("Task",)))
    assert made_for != fingerprint(SalesforceSettings(), "another user")
