"""The files of the project, in the source format of Salesforce DX.

Fields and permission sets are one package directory, list views another: a column that an org does not have fails a
whole deployment, and fields must not wait for that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from hpro_connectors.fields import SCORE_FIELDS
from hpro_connectors.salesforce.metadata.custom_fields import custom_field
from hpro_connectors.salesforce.metadata.list_views import LIST_VIEWS
from hpro_connectors.salesforce.metadata.permission_sets import connector_permissions, viewer_permissions
from hpro_connectors.salesforce.metadata.xml import to_xml
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_connectors.salesforce.writing.score_fields import column_of

FIELDS_PACKAGE: Final = "force-app"
"""Package directory of fields and permission sets."""

LIST_VIEWS_PACKAGE: Final = "list-views"
"""Package directory of list views."""

PROJECT_FILE: Final = PurePosixPath("sfdx-project.json")
"""What makes a folder a project."""

PROJECT_NAME: Final = "hpro"
"""Name of the project, by which it is told from other ones."""

_API_VERSION: Final = "62.0"


def project_files(scored: Collection[ScoredObjectName] = tuple(ScoredObjectName)) -> Mapping[PurePosixPath, str]:
    """Give the text of every file by its path below the folder of the project.

    Args:
        scored: Objects whose records are scored, at least one; list views are there when leads are among them.
    """
    files = {PROJECT_FILE: _project_file(scored)}
    files.update(_fields(scored))
    files.update(_permission_sets(scored))
    if ScoredObjectName.LEAD in scored:
        files.update(_list_views())
    return dict(sorted(files.items()))


def _project_file(scored: Collection[ScoredObjectName]) -> str:
    packages: list[dict[str, object]] = [{"path": FIELDS_PACKAGE, "default": True}]
    if ScoredObjectName.LEAD in scored:
        packages.append({"path": LIST_VIEWS_PACKAGE})
    content = {"packageDirectories": packages, "name": PROJECT_NAME, "namespace": "", "sourceApiVersion": _API_VERSION}
    return json.dumps(content, indent=2) + "\n"


def _fields(scored: Collection[ScoredObjectName]) -> Iterator[tuple[PurePosixPath, str]]:
    for object_name in scored:
        for field in SCORE_FIELDS:
            file_name = f"{column_of(field)}.field-meta.xml"
            path = _below(FIELDS_PACKAGE, "objects", object_name, "fields", file_name)
            yield path, to_xml("CustomField", custom_field(field))


def _permission_sets(scored: Collection[ScoredObjectName]) -> Iterator[tuple[PurePosixPath, str]]:
    for one in (connector_permissions(scored), viewer_permissions(scored)):
        path = _below(FIELDS_PACKAGE, "permissionsets", f"{one.name}.permissionset-meta.xml")
        yield path, to_xml("PermissionSet", one.to_metadata())


def _list_views() -> Iterator[tuple[PurePosixPath, str]]:
    for view in LIST_VIEWS:
        file_name = f"{view.name}.listView-meta.xml"
        path = _below(LIST_VIEWS_PACKAGE, "objects", ScoredObjectName.LEAD, "listViews", file_name)
        yield path, to_xml("ListView", view.to_metadata())


def _below(package: str, *parts: str) -> PurePosixPath:
    return PurePosixPath(package, "main", "default", *parts)
