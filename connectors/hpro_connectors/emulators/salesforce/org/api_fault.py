"""What the emulated CRM answers instead of what was asked for, in its own words."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

_CUSTOM_FIELD = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom field name."
    " Please reference your WSDL or the describe call for the appropriate names."
)
_CUSTOM_OBJECT = (
    " If you are attempting to use a custom object, be sure to append the '__c' after the entity name."
    " Please reference your WSDL or the describe call for the appropriate names."
)
_CUSTOM_RELATIONSHIP = (
    " If you are attempting to use a custom relationship, be sure to append the '__r' after the custom"
    " relationship name. Please reference your WSDL or the describe call for the appropriate names."
)


class ApiFault(Exception):  # noqa: N818 - the CRM's own word for it
    """An error of the CRM.

    Args:
        status: HTTP status that a request of its own answers with.
        code: The CRM's error code, such as ``INVALID_FIELD``.
        message: The CRM's words.
        fields: Fields that it is about.

    Attributes:
        status: See above.
        code: See above.
        message: See above.
        fields: See above.
    """

    def __init__(self, status: int, code: str, message: str, fields: Iterable[str] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.fields = status, code, message, tuple(fields)

    def body(self) -> list[JsonValue]:
        """Give the body of a REST answer."""
        row: dict[str, JsonValue] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            row["fields"] = list(self.fields)
        return [row]


def no_such_column(column: str, entity: str) -> str:
    """Word that a query names a field that is not there, or that the user may not see."""
    return f"No such column '{column}' on entity '{entity}'.{_CUSTOM_FIELD}"


def not_supported(entity: str) -> str:
    """Word that a query names an object that is not there, or that the user may not see."""
    return f"sObject type '{entity}' is not supported.{_CUSTOM_OBJECT}"


def unknown_relationship(name: str) -> str:
    """Word that a path in a query goes over a relationship that is not there."""
    return f"Didn't understand relationship '{name}' in field path.{_CUSTOM_RELATIONSHIP}"


def not_found() -> ApiFault:
    """Say that there is no such resource."""
    return ApiFault(404, "NOT_FOUND", "The requested resource does not exist")


def entity_is_deleted() -> ApiFault:
    """Say that a record was deleted."""
    return ApiFault(404, "ENTITY_IS_DELETED", "entity is deleted")


def no_column_to_write(column: str, entity: str) -> ApiFault:
    """Say that a record that is sent names a field that is not there, or that the user may not see."""
    return ApiFault(400, "INVALID_FIELD", f"No such column '{column}' on sobject of type {entity}")


def not_writable(columns: Iterable[str]) -> ApiFault:
    """Say that fields of a record that is sent may be read only."""
    names = tuple(columns)
    return ApiFault(
        400,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and"
        " verify that it is read/write for your profile or permission set.",
        names,
    )


def no_access(message: str = "insufficient access rights on object id") -> ApiFault:
    """Say that the user may not do this to a record that it may see."""
    return ApiFault(403, "INSUFFICIENT_ACCESS_OR_READONLY", message)


def bad_reference(columns: Iterable[str] = ()) -> ApiFault:
    """Say that an id leads to no record."""
    return ApiFault(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", columns)
