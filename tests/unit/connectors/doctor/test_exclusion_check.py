"""The field that keeps leads from being scored."""

from __future__ import annotations

import pytest

from hpro_connectors.doctor import Level, check_exclusion
from hpro_connectors.protocol import FieldInfo, OrgDescription
from hpro_sdk.field_kind import FieldKind

ORG = OrgDescription(
    object_type="lead",
    fields=(
        FieldInfo(name="skip", label="Skip", kind=FieldKind.FLAG),
        FieldInfo(name="source", label="Source", kind=FieldKind.CATEGORY),
    ),
    stages=(),
)


@pytest.mark.parametrize(("name", "level"), [("skip", Level.OK), ("source", Level.PROBLEM), ("gone", Level.PROBLEM)])
def test_only_a_checkbox_excludes(name: str, level: Level) -> None:
    (finding,) = check_exclusion(ORG, name)
    assert finding.level is level
    assert name in finding.seen


def test_none_is_needed() -> None:
    assert list(check_exclusion(ORG, None)) == []
