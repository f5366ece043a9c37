"""What an admin deploys to an org: our fields, two permission sets and four list views, as a Salesforce DX project.

All of it is made from :data:`~hpro_connectors.fields.SCORE_FIELDS`, so that no file of the project can say something
else than what is written. There is no layout among the files: a layout is deployed whole and would replace the
admin's own.
"""

from hpro_connectors.salesforce.metadata.custom_fields import custom_field
from hpro_connectors.salesforce.metadata.list_views import LIST_VIEWS, ListView
from hpro_connectors.salesforce.metadata.permission_sets import (
    ObjectAccess,
    PermissionSet,
    connector_permissions,
    viewer_permissions,
)
from hpro_connectors.salesforce.metadata.project import FIELDS_PACKAGE, LIST_VIEWS_PACKAGE, project_files
from hpro_connectors.salesforce.metadata.project_folder import (
    FileDifference,
    FileState,
    compare_project,
    write_project,
)

__all__ = [
    "FIELDS_PACKAGE",
    "LIST_VIEWS",
    "LIST_VIEWS_PACKAGE",
    "FileDifference",
    "FileState",
    "ListView",
    "ObjectAccess",
    "PermissionSet",
    "compare_project",
    "connector_permissions",
    "custom_field",
    "project_files",
    "viewer_permissions",
    "write_project",
]
