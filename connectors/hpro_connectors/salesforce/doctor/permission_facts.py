"""What the org says of our permission set, so that a remedy can name the one step that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.rows.soql import select, text_literal

PERMISSION_SET: Final = "HPRO_Connector"
"""The permission set of the user that HPRO signs in as."""


@dataclass(frozen=True, slots=True)
class PermissionFacts:
    """What is known of the permission set.

    Attributes:
        exists: Whether the org has it; ``None``: the user may not ask.
        assigned: Whether the user has it; ``None``: likewise.
        readable: Fields of the scored object that it lets read, by API name.
        editable: Fields that it lets edit.
    """

    exists: bool | None = None
    assigned: bool | None = None
    readable: frozenset[str] = frozenset()
    editable: frozenset[str] = frozenset()

    def remedy_for_unseen(self, columns: tuple[str, ...], user: str) -> str:
        """Say what an admin must do so that the user sees our fields.

        Args:
            columns: Fields of ours that the user does not see.
            user: What the user signs in with.
        """
        if self.exists is False:
            return f"The org has no permission set {PERMISSION_SET}. {_install(user)}"
        if self.exists and self.assigned is False:
            return self._assign(user)
        lacking = [column for column in columns if column not in self.readable]
        if self.exists and lacking:
            return f"The permission set {PERMISSION_SET} does not hold {', '.join(lacking)}. {_install(user)}"
        return f"{_install(user)} Without that set field-level security hides the fields."

    def remedy_for_read_only(self, columns: tuple[str, ...], user: str) -> str:
        """Say what an admin must do so that the user may write our fields.

        Args:
            columns: Fields of ours that the user sees and may not edit.
            user: What the user signs in with.
        """
        if self.exists and self.assigned is False:
            return self._assign(user)
        lacking = [column for column in columns if column not in self.editable]
        if self.exists and lacking:
            return (
                f"In Setup, open the permission set {PERMISSION_SET}, Object Settings, and tick Edit Access of "
                f"{', '.join(lacking)}."
            )
        return f"Assign the permission set {PERMISSION_SET} to {user}, and let it edit these fields."

    def _assign(self, user: str) -> str:
        return (
            f"Assign the permission set {PERMISSION_SET}, which the org has, to {user}: in Setup, Permission Sets, "
            "Manage Assignments."
        )


def _install(user: str) -> str:
    return (
        f"Have an admin run `hpro fields install --session - --user {user}` (its --help says where the session comes "
        "from); or deploy the project that `hpro fields export` writes, and assign its permission set "
        f"{PERMISSION_SET} to {user}."
    )


def read_permission_facts(client: SalesforceClient, object_name: str, user_id: str) -> PermissionFacts:
    """Ask the org; a user with few rights is told nothing.

    Args:
        client: Signed in.
        object_name: The scored object.
        user_id: Of the user.

    Raises:
        ConnectorError: Salesforce cannot be asked.
    """
    try:
        found = client.query(select(("Id",), "PermissionSet", (f"Name = {text_literal(PERMISSION_SET)}",))).records
    except (SchemaDriftError, PermissionDeniedError):
        return PermissionFacts()
    if not found:
        return PermissionFacts(exists=False)
    set_id = text_literal(str(found[0].get("Id")))
    try:
        assigned = client.query(
            select(
                ("Id",),
                "PermissionSetAssignment",
                (f"PermissionSetId = {set_id}", f"AssigneeId = {text_literal(user_id)}"),
            )
        ).records
        granted = client.query(
            select(
                ("Field", "PermissionsRead", "PermissionsEdit"),
                "FieldPermissions",
                (f"ParentId = {set_id}", f"SobjectType = {text_literal(object_name)}"),
            )
        ).records
    except (SchemaDriftError, PermissionDeniedError):
        return PermissionFacts(exists=True)

    def names(right: str) -> frozenset[str]:
        fields = (str(row.get("Field")) for row in granted if row.get(right) is True)
        return frozenset(name.rpartition(".")[2] for name in fields)

    return PermissionFacts(
        exists=True, assigned=bool(assigned), readable=names("PermissionsRead"), editable=names("PermissionsEdit")
    )
