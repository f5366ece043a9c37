"""Every component is what the CRM's own description of its metadata allows."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Protocol
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.fields import FieldType, ScoreField
from hpro_connectors.salesforce.metadata import LIST_VIEWS, connector_permissions, custom_field, project_files
from hpro_connectors.salesforce.metadata.xml import to_xml

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
COMPONENTS = {path: text for path, text in project_files().items() if path.suffix == ".xml"}

# what an XML file can hold and the CRM would keep: no control characters, no spaces around it
printable = st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1, max_size=40)


@st.composite
def score_fields(draw: st.DrawFn) -> ScoreField:
    """A field that a table could have."""
    kind = draw(st.sampled_from(FieldType))
    precision, scale = 0, 0
    options: tuple[str, ...] = ()
    if kind is FieldType.NUMBER:
        precision = draw(st.integers(1, 18))
        scale = draw(st.integers(0, precision))
    elif kind is FieldType.TEXT:
        precision = draw(st.integers(1, 255))
    elif kind is FieldType.PICKLIST:
        options = tuple(draw(st.lists(printable, min_size=1, unique=True)))
    return ScoreField("stage_rank", draw(printable), kind, draw(printable), precision, scale, options)


class Judge(Protocol):
    version: float

    def faults(self, xml: str) -> list[str]: ...


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_component_is_of_its_type(path: PurePosixPath, metadata_types: Judge) -> None:
    assert metadata_types.faults(COMPONENTS[path]) == []


@given(field=score_fields())
def test_any_field_of_the_table_is_of_its_type_and_says_what_the_table_says(
    field: ScoreField, metadata_types: Judge
) -> None:
    xml = to_xml("CustomField", custom_field(field))
    assert metadata_types.faults(xml) == []
    read = ET.fromstring(xml)
    assert read.findtext(f"{NAMESPACE}label") == field.label
    assert read.findtext(f"{NAMESPACE}inlineHelpText") == field.help_text
    options = [one.text for one in read.iterfind(f".//{NAMESPACE}value/{NAMESPACE}fullName")]
    assert options == list(field.options)


def field_xml(name: str) -> str:
    return COMPONENTS[PurePosixPath(f"force-app/main/default/objects/Lead/fields/{name}.field-meta.xml")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<type>Number</type>", "<type>Figure</type>"),
        ("<scale>2</scale>", "<scale>two</scale>"),
        ("<scale>2</scale>", "<scales>2</scales>"),
        ("<label>HPRO Score</label>\n    <precision>5</precision>", "<precision>5</precision>\n<label>x</label>"),
    ],
)
def test_the_judge_sees_a_wrong_field(before: str, after: str, metadata_types: Judge) -> None:
    xml = field_xml("HPRO_Score__c")
    assert before in xml
    assert metadata_types.faults(xml.replace(before, after))


@pytest.mark.parametrize("missing", ["label", "objectPermissions"])
def test_the_judge_sees_what_a_permission_set_lacks(missing: str, metadata_types: Judge) -> None:
    content = dict(connector_permissions().to_metadata())
    if missing == "label":
        del content["label"]
    else:
        content["objectPermissions"] = ({"allowRead": True, "object": "Lead"},)
    assert metadata_types.faults(to_xml("PermissionSet", content))


@pytest.mark.parametrize(("element", "wrong"), [("filterScope", "Nobody"), ("label", None), ("filters", ({},))])
def test_the_judge_sees_a_wrong_list_view(element: str, wrong: object, metadata_types: Judge) -> None:
    content = {**LIST_VIEWS[0].to_metadata(), element: wrong}
    kept = {name: value for name, value in content.items() if value is not None}
    assert metadata_types.faults(to_xml("ListView", kept))  # type: ignore[arg-type]


def test_the_project_asks_for_no_version_that_its_judge_does_not_know(metadata_types: Judge) -> None:
    project = json.loads(project_files()[PurePosixPath("sfdx-project.json")])
    assert float(project["sourceApiVersion"]) <= metadata_types.version
