"""Which files the project has, and what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import PurePosixPath

import pytest

from hpro_connectors.fields import SCORE_FIELDS
from hpro_connectors.salesforce.metadata import (
    LIST_VIEWS,
    ObjectAccess,
    connector_permissions,
    project_files,
    viewer_permissions,
)
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS

LEAD = ScoredObjectName.LEAD


def test_each_object_has_each_field() -> None:
    paths = project_files()
    for object_name in ("Lead", "Contact", "Opportunity"):
        folder = PurePosixPath(f"force-app/main/default/objects/{object_name}/fields")
        assert {path.name for path in paths if path.parent == folder} == {
            f"{column}.field-meta.xml" for column in SCORE_COLUMNS.values()
        }
    assert len(SCORE_COLUMNS) == len(SCORE_FIELDS) == 8


def test_the_names_are_those_of_the_table() -> None:
    assert list(SCORE_COLUMNS.values()) == [
        "HPRO_Score__c",
        "HPRO_Band__c",
        "HPRO_Trend__c",
        "HPRO_Rank__c",
        "HPRO_Stage_Rank__c",
        "HPRO_Stage_Size__c",
        "HPRO_Model__c",
        "HPRO_Scored_At__c",
    ]


def test_list_views_are_a_package_directory_of_their_own() -> None:
    views = {path for path in project_files() if path.name.endswith(".listView-meta.xml")}
    assert {path.parent for path in views} == {PurePosixPath("list-views/main/default/objects/Lead/listViews")}
    assert {view.label for view in LIST_VIEWS} == {
        "HPRO: Hot now",
        "HPRO: Rising",
        "HPRO: Going cold",
        "HPRO: Top of my stage",
    }


def test_every_list_view_holds_open_leads_only() -> None:
    for view in LIST_VIEWS:
        assert ("HPRO_Rank__c", "greaterOrEqual", "1") in [(f.column, f.operation, f.value) for f in view.filters]


def test_there_is_no_layout() -> None:
    assert not [path for path in project_files() if "layout" in str(path).lower()]


def test_text_is_the_same_in_every_process_and_has_plain_line_ends() -> None:
    code = (
        "import hashlib\nfrom hpro_connectors.salesforce.metadata import project_files\n"
        "print(hashlib.sha256(repr(dict(project_files())).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
    for text in project_files().values():
        assert "\r" not in text
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


@pytest.mark.parametrize(
    ("scored", "followed"),
    [
        (ScoredObjectName.LEAD, {"Account", "Contact", "Opportunity"}),
        (ScoredObjectName.CONTACT, {"Account"}),
        (ScoredObjectName.OPPORTUNITY, {"Account", "Contact"}),
    ],
)
def test_the_connector_changes_the_scored_object_and_reads_what_it_turns_into(
    scored: ScoredObjectName, followed: set[str]
) -> None:
    granted = connector_permissions([scored])
    assert set(granted.objects) == {
        ObjectAccess(scored.value, editable=True),
        *(ObjectAccess(name, editable=False) for name in followed),
    }
    assert {name.partition(".")[0] for name in granted.fields} == {scored.value}
    assert granted.fields_editable
    assert granted.user_permissions == ("ActivitiesAccess", "ApiEnabled")


def test_a_viewer_only_sees_our_fields() -> None:
    granted = viewer_permissions()
    assert not granted.fields_editable
    assert (granted.objects, granted.user_permissions) == ((), ())
    assert set(granted.fields) == {f"{name}.{column}" for name in ScoredObjectName for column in SCORE_COLUMNS.values()}


def test_a_project_for_one_object_has_nothing_of_the_others() -> None:
    only_leads = project_files([LEAD])
    assert {path.parts[4] for path in only_leads if "objects" in path.parts} == {"Lead"}
    assert set(only_leads) < set(project_files())
    only_contacts = project_files([ScoredObjectName.CONTACT])
    assert not [path for path in only_contacts if path.parts[0] == "list-views"]
    assert "list-views" not in only_contacts[PurePosixPath("sfdx-project.json")]
