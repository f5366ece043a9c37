"""Objects that are only found by what they belong to."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.soql.tree import (
    Comparison,
    Condition,
    Every,
    InList,
    InSelect,
    Select,
)


def check_required_filter(one: ObjectSchema, select: Select) -> None:
    """Refuse a query of an object that names none of the fields of which it has to name one.

    Args:
        one: The object.
        select: The query's tree.

    Raises:
        ApiFault: It names none.
    """
    named = {name.lower() for name in one.required_filter}
    if select.where is not None and _names(select.where, named):
        return
    if one.name == "ContentDocumentLink":
        raise ApiFault(
            400,
            "MALFORMED_QUERY",
            "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or"
            " LinkedEntityId using the equals operator or multiple Id's using the IN operator.",
        )
    raise ApiFault(
        400, "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", f"{one.name}: a filter on a reified column is required."
    )


def _names(condition: Condition, named: set[str]) -> bool:
    if isinstance(condition, Every):
        return any(_names(one, named) for one in condition.conditions)
    if isinstance(condition, Comparison) and condition.operator == "=":
        return ".".join(condition.path.names).lower() in named
    if isinstance(condition, InList | InSelect) and not condition.negated:
        return ".".join(condition.path.names).lower() in named
    return False
