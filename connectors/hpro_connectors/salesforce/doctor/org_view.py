"""What the checks look at: the org as its user sees it, and who that is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError, ServerError
from hpro_connectors.salesforce.client.record_ids import is_record_id
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.doctor.permission_facts import PermissionFacts, read_permission_facts
from hpro_connectors.salesforce.errors import QueryTooLargeError
from hpro_connectors.salesforce.rows.soql import select, text_literal
from hpro_connectors.salesforce.schema.crm_schema import CrmObject, CrmSchema
from hpro_connectors.salesforce.settings import SalesforceSettings

NOT_SEEN: Final = (SchemaDriftError, PermissionDeniedError)
"""What a question that not every user may ask raises."""


@dataclass(frozen=True, slots=True)
class CrmUser:
    """The user that is signed in.

    Attributes:
        user_id: Its id.
        name: What it signs in with; its id where it may not read that.
    """

    user_id: str
    name: str


class OrgView:
    """An org as its user sees it.

    Args:
        client: Signed in.
        settings: What is read.
        schema: The org as described, with every interaction object that is there.
        user: Who is signed in.
    """

    def __init__(
        self, client: SalesforceClient, settings: SalesforceSettings, schema: CrmSchema, user: CrmUser
    ) -> None:
        self.client = client
        self.settings = settings
        self.schema = schema
        self.user = user

    @property
    def scored(self) -> CrmObject:
        """The scored object."""
        return self.schema.objects[self.settings.scored_object.value]

    @cached_property
    def permissions(self) -> PermissionFacts:
        """What the org says of our permission set; asked for once, and only where something is missing."""
        return read_permission_facts(self.client, self.scored.name, self.user.user_id)

    def count(self, object_name: str, condition: str = "") -> int | None:
        """Count the rows that the user sees.

        Args:
            object_name: Of which object.
            condition: SOQL without values that people wrote; empty: all rows.

        Returns:
            How many; ``None`` where Salesforce does not count them: they are too many, or the user may not ask.
        """
        try:
            return self.client.query(select(("COUNT()",), object_name, (condition,))).total
        except (QueryTooLargeError, *NOT_SEEN):
            return None


def read_user(client: SalesforceClient) -> CrmUser:
    """Ask who is signed in; the first call that needs a session.

    Args:
        client: Signed in.

    Raises:
        ServerError: Salesforce does not say.
        ConnectorError: The session is not accepted, or the API is closed to the user.
    """
    overview = client.request("GET", "")
    identity = overview.get("identity") if isinstance(overview, dict) else None
    user_id = identity.rstrip("/").rpartition("/")[2] if isinstance(identity, str) else ""
    if not is_record_id(user_id):
        raise ServerError("Salesforce did not say who is signed in.", hint="Try again later.", connector="salesforce")
    try:
        rows = client.query(select(("Username",), "User", (f"Id = {text_literal(user_id)}",))).records
    except NOT_SEEN:
        rows = ()
    name = rows[0].get("Username") if rows else None
    return CrmUser(user_id, name if isinstance(name, str) and name else user_id)
