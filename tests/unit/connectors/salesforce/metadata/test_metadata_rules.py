"""Rules that a deployment enforces and the types do not know."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

import pytest

from hpro_connectors.salesforce.metadata import project_files
from hpro_connectors.salesforce.settings import ScoredObjectName

Files = Mapping[PurePosixPath, str]

SUFFIXES = {
    "fields": ".field-meta.xml",
    "permissionsets": ".permissionset-meta.xml",
    "listViews": ".listView-meta.xml",
}
ROOTS = {"fields": "CustomField", "permissionsets": "PermissionSet", "listViews": "ListView"}
LEAD_COLUMNS = {"FULL_NAME", "LEAD.COMPANY", "LEAD.STATUS", "CORE.USERS.ALIAS"}
"""Columns of the CRM itself that a list view of leads may have: those that were seen in files of real orgs."""
NEEDS_ACCOUNTS = {"Contact", "Opportunity"}


class Component:
    """One file, its elements without their namespace."""

    def __init__(self, path: PurePosixPath, xml: str) -> None:
        self.kind = path.parent.name
        self.name = path.name.removesuffix(SUFFIXES[self.kind])
        self.object_name = path.parts[path.parts.index("objects") + 1] if "objects" in path.parts else ""
        self.root = ET.fromstring(xml)
        for element in self.root.iter():
            element.tag = element.tag.partition("}")[2]

    def text(self, name: str) -> str:
        return self.root.findtext(name) or ""

    def texts(self, name: str) -> list[str]:
        return [element.text or "" for element in self.root.iterfind(name)]

    def rows(self, name: str) -> list[dict[str, str]]:
        return [{child.tag: child.text or "" for child in element} for element in self.root.iterfind(name)]


def broken_rules(files: Files) -> list[str]:
    components = [Component(path, xml) for path, xml in files.items() if path.suffix == ".xml"]
    fields = {f"{one.object_name}.{one.name}": one for one in components if one.kind == "fields"}
    broken = [*project_rules(files)]
    for one in components:
        checks: dict[str, Callable[[], Iterator[str]]] = {
            "fields": lambda one=one: field_rules(one),  # type: ignore[misc]
            "permissionsets": lambda one=one: permission_rules(one, fields),  # type: ignore[misc]
            "listViews": lambda one=one: list_view_rules(one, fields),  # type: ignore[misc]
        }
        if one.root.tag != ROOTS[one.kind]:
            broken.append(f"{one.name}: root element")
        broken += [f"{one.name}: {rule}" for rule in checks[one.kind]()]
    return broken


def project_rules(files: Files) -> Iterator[str]:
    project = json.loads(files[PurePosixPath("sfdx-project.json")])
    packages = [package["path"] for package in project["packageDirectories"]]
    if sum(package.get("default", False) for package in project["packageDirectories"]) != 1:
        yield "one package directory is the default one"
    for package in packages:
        if not any(path.parts[0] == package for path in files):
            yield f"the package directory {package} is empty"
    for path in files:
        if path.suffix == ".xml" and path.parts[0] not in packages:
            yield f"{path} is in no package directory"


def field_rules(field: Component) -> Iterator[str]:
    name, kind = field.text("fullName"), field.text("type")
    if name != field.name:
        yield "fullName is the file's name"
    if not name.endswith("__c") or len(name) > 43 or "__" in name.removesuffix("__c"):
        yield "fullName"
    if not 0 < len(field.text("label")) <= 40:
        yield "label"
    if not 0 < len(field.text("inlineHelpText")) <= 255 or len(field.text("description")) > 1000:
        yield "help text"
    if field.text("required") != "false":
        yield "no field is required"
    wanted = {"Number": {"precision", "scale"}, "Text": {"length"}, "Picklist": {"valueSet"}, "DateTime": set()}
    present = {element.tag for element in field.root} & {"precision", "scale", "length", "valueSet"}
    if present != wanted[kind]:
        yield f"a {kind} has {sorted(wanted[kind])}"
    elif kind == "Number" and not 0 <= int(field.text("scale")) <= int(field.text("precision")) <= 18:
        yield "digits"
    elif kind == "Text" and not 1 <= int(field.text("length")) <= 255:
        yield "length"
    elif kind == "Picklist":
        values = field.texts("valueSet/valueSetDefinition/value/fullName")
        if not values or len(set(values)) < len(values) or "true" in field.texts(".//value/default"):
            yield "values of the picklist"
        if field.text("valueSet/restricted") != "false":
            yield "the picklist is unrestricted"


def permission_rules(one: Component, fields: Mapping[str, Component]) -> Iterator[str]:
    if len(one.text("label")) > 80 or len(one.text("description")) > 255:
        yield "label and description"
    objects = {row["object"]: row for row in one.rows("objectPermissions")}
    granted = one.rows("fieldPermissions")
    for name, count in Counter(row["field"] for row in granted).items():
        if count > 1:
            yield f"{name} twice"
    for row in granted:
        name = row["field"]
        if name not in fields:
            yield f"{name} is not in the package"
        elif fields[name].text("required") == "true":
            yield f"{name} is required"
        if row["readable"] != "true":
            yield f"{name} is granted without being readable"
        if row["editable"] == "true" and objects.get(name.partition(".")[0], {}).get("allowEdit") != "true":
            yield f"{name} is editable, its object is not"
    for name, row in objects.items():
        if row["allowRead"] != "true" or "true" in {row["allowCreate"], row["allowDelete"], row["modifyAllRecords"]}:
            yield f"rights on {name}"
        editable = any(field["field"].startswith(f"{name}.") and field["editable"] == "true" for field in granted)
        if (row["allowEdit"] == "true") is not editable:
            yield f"{name} is editable for no field of ours"
        if name in NEEDS_ACCOUNTS and objects.get("Account", {}).get("viewAllRecords") != "true":
            yield f"{name} needs Account"


def list_view_rules(view: Component, fields: Mapping[str, Component]) -> Iterator[str]:
    ours = {name.partition(".")[2] for name in fields if name.startswith(f"{view.object_name}.")}
    if view.text("fullName") != view.name or len(view.name) > 40 or not 0 < len(view.text("label")) <= 40:
        yield "names"
    columns, filters = view.texts("columns"), view.rows("filters")
    if len(columns) > 15 or len(set(columns)) < len(columns) or len(filters) > 10:
        yield "columns and filters"
    for column in columns:
        if column not in ours | LEAD_COLUMNS:
            yield f"column {column}"
    for row in filters:
        if row["field"] not in ours:
            yield f"filter {row['field']}"
            continue
        options = fields[f"{view.object_name}.{row['field']}"].texts(".//value/fullName")
        if options and row["value"] not in options:
            yield f"{row['field']} has no option {row['value']}"
        if options and row["operation"] != "equals":
            yield f"{row['field']} cannot be compared by {row['operation']}"


@pytest.mark.parametrize("scored", [list(ScoredObjectName), *([one] for one in ScoredObjectName)], ids="+".join)
def test_no_rule_is_broken(scored: list[ScoredObjectName]) -> None:
    assert broken_rules(project_files(scored)) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "rule"),
    [
        ("HPRO_Score__c.field", "    <precision>5</precision>\n", "", "a Number has ['precision', 'scale']"),
        ("HPRO_Score__c.field", "    <scale>2</scale>\n", "", "a Number has ['precision', 'scale']"),
        ("HPRO_Score__c.field", "<scale>2<", "<scale>6<", "digits"),
        ("HPRO_Score__c.field", "HPRO_Score__c<", "HPRO_Scores__c<", "fullName is the file's name"),
        ("HPRO_Model__c.field", "    <length>80</length>\n", "", "a Text has ['length']"),
        ("HPRO_Model__c.field", "<label>", "<label>" + "x" * 40, "label"),
        ("HPRO_Model__c.field", "<inlineHelpText>", "<inlineHelpText>" + "x" * 255, "help text"),
        ("HPRO_Trend__c.field", "<restricted>false<", "<restricted>true<", "the picklist is unrestricted"),
        ("HPRO_Band__c.field", "<fullName>A<", "<fullName>B<", "values of the picklist"),
        ("HPRO_Rank__c.field", "<required>false<", "<required>true<", "Lead.HPRO_Rank__c is required"),
        ("HPRO_Viewer.perm", "Lead.HPRO_Rank__c", "Lead.Rank__c", "Lead.Rank__c is not in the package"),
        ("HPRO_Viewer.perm", "<editable>false<", "<editable>true<", "Lead.HPRO_Rank__c is editable, its object is not"),
        ("HPRO_Connector.perm", "<object>Account<", "<object>Case<", "Contact needs Account"),
        ("HPRO_Connector.perm", "<allowEdit>false<", "<allowEdit>true<", "Account is editable for no field of ours"),
        ("HPRO_Connector.perm", "<allowDelete>false<", "<allowDelete>true<", "rights on Lead"),
        ("HPRO_Hot_Now.list", "<columns>LEAD.STATUS<", "<columns>Status<", "column Status"),
        ("HPRO_Hot_Now.list", "<field>HPRO_Band__c<", "<field>Band__c<", "filter Band__c"),
        ("HPRO_Hot_Now.list", "<value>A<", "<value>Z<", "HPRO_Band__c has no option Z"),
    ],
)
def test_a_broken_rule_is_seen(file: str, before: str, after: str, rule: str) -> None:
    files = dict(project_files())
    concerned = [path for path in files if path.name.startswith(file)]
    assert concerned
    for path in concerned:
        assert before in files[path]
        files[path] = files[path].replace(before, after)
    assert rule in {broken.partition(": ")[2] for broken in broken_rules(files)}
