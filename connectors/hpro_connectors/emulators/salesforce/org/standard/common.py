"""Short ways to write down fields of standard objects, and those that every object has."""

from __future__ import annotations

from dataclasses import replace

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values

_ADDRESS_PARTS = (
    ("street", "Street", 255),
    ("city", "City", 40),
    ("state", "State", 80),
    ("postalCode", "PostalCode", 20),
    ("country", "Country", 80),
)
_ACCURACIES = ("Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County")


def text(name: str, length: int = 255, *, label: str = "", nillable: bool = True, **more: bool | str) -> FieldSchema:
    """Give a text."""
    return FieldSchema(name, FieldType.STRING, label=label, length=length, nillable=nillable, **more)  # type: ignore[arg-type]


def long_text(name: str, length: int = 32_000, *, html: bool = False, label: str = "") -> FieldSchema:
    """Give a text that no query compares."""
    return FieldSchema(name, FieldType.TEXTAREA, label=label, length=length, html=html)


def picklist(name: str, values: str, *, default: str | None = None, nillable: bool = True) -> FieldSchema:
    """Give a picklist of values that are divided by ``|``."""
    return FieldSchema(
        name,
        FieldType.PICKLIST,
        length=255,
        picklist=picklist_values(values.split("|") if values else (), default),
        default=default,
        nillable=nillable,
    )


def flag(
    name: str, *, default: bool = False, writable: bool = True, label: str = "", expression: str = ""
) -> FieldSchema:
    """Give a yes or no; it is never empty."""
    return FieldSchema(
        name,
        FieldType.BOOLEAN,
        label=label,
        nillable=False,
        createable=writable and not expression,
        updateable=writable and not expression,
        default=default,
        expression=expression,
        permissionable=False,
    )


def reference(
    name: str,
    to: str,
    *,
    relationship: str | None = None,
    children: str = "",
    writable: bool = True,
    indexed: bool = False,
    nillable: bool = True,
    label: str = "",
) -> FieldSchema:
    """Give a reference to records of objects that are divided by ``|``."""
    return FieldSchema(
        name,
        FieldType.REFERENCE,
        label=label,
        length=18,
        reference_to=tuple(to.split("|")),
        relationship=name.removesuffix("Id") if relationship is None else relationship,
        children=children,
        createable=writable,
        updateable=writable,
        indexed=indexed,
        nillable=nillable,
    )


def moment(name: str, *, writable: bool = True, nillable: bool = True, indexed: bool = False) -> FieldSchema:
    """Give a moment."""
    return FieldSchema(
        name, FieldType.DATETIME, createable=writable, updateable=writable, nillable=nillable, indexed=indexed
    )


def date(name: str, *, writable: bool = True, nillable: bool = True, label: str = "") -> FieldSchema:
    """Give a date."""
    return FieldSchema(name, FieldType.DATE, label=label, createable=writable, updateable=writable, nillable=nillable)


def number(
    name: str, kind: FieldType = FieldType.DOUBLE, *, precision: int = 18, scale: int = 0, writable: bool = True
) -> FieldSchema:
    """Give a number."""
    return FieldSchema(name, kind, precision=precision, scale=scale, createable=writable, updateable=writable)


def identity() -> FieldSchema:
    """Give the id of a record."""
    return FieldSchema(
        "Id",
        FieldType.ID,
        label="Record ID",
        length=18,
        nillable=False,
        createable=False,
        updateable=False,
        permissionable=False,
    )


def person_name() -> list[FieldSchema]:
    """Give the name of a person, whole and in its parts."""
    whole = "CASE WHEN {t}.FirstName IS NULL THEN {t}.LastName ELSE {t}.FirstName || ' ' || {t}.LastName END"
    return [
        FieldSchema("LastName", FieldType.STRING, length=80, nillable=False, compound="Name"),
        FieldSchema("FirstName", FieldType.STRING, length=40, compound="Name"),
        replace(picklist("Salutation", "Mr.|Ms.|Mrs.|Dr.|Prof."), compound="Name"),
        FieldSchema(
            "Name",
            FieldType.STRING,
            label="Full Name",
            length=121,
            nillable=False,
            createable=False,
            updateable=False,
            name_field=True,
            expression=whole,
        ),
    ]


def address(prefix: str) -> list[FieldSchema]:
    """Give an address, whole and in its parts; the prefix is such as ``Mailing`` or empty."""
    compound = f"{prefix}Address"
    parts: list[FieldSchema] = []
    for _, name, length in _ADDRESS_PARTS:
        kind = FieldType.TEXTAREA if name == "Street" else FieldType.STRING
        parts.append(FieldSchema(f"{prefix}{name}", kind, length=length, compound=compound))
    parts += [
        FieldSchema(f"{prefix}{name}", FieldType.DOUBLE, precision=18, scale=15, compound=compound)
        for name in ("Latitude", "Longitude")
    ]
    parts.append(
        FieldSchema(
            f"{prefix}GeocodeAccuracy",
            FieldType.PICKLIST,
            length=40,
            picklist=picklist_values(_ACCURACIES),
            restricted=True,
            compound=compound,
        )
    )
    members = [(key, f"{prefix}{name}") for key, name, _ in _ADDRESS_PARTS]
    members += [("latitude", f"{prefix}Latitude"), ("longitude", f"{prefix}Longitude")]
    members.append(("geocodeAccuracy", f"{prefix}GeocodeAccuracy"))
    listed = ", ".join(f"'{key}', {{t}}.{column}" for key, column in sorted(members))
    empty = ", ".join(f"{{t}}.{column}" for _, column in members)
    whole = FieldSchema(
        compound,
        FieldType.ADDRESS,
        createable=False,
        updateable=False,
        expression=f"CASE WHEN coalesce({empty}) IS NULL THEN NULL ELSE json_object({listed}) END",
        permissionable=True,
    )
    return [*parts, whole]


def audit(*, deleted: bool = True, modified: bool = True, stamp: bool = True) -> list[FieldSchema]:
    """Give what the org itself writes on every record.

    Args:
        deleted: Whether it may lie in the recycle bin.
        modified: Whether it may change.
        stamp: Whether it has a stamp of every change, those of the system included.
    """
    fields = [
        moment("CreatedDate", writable=False, nillable=False),
        reference("CreatedById", "User", writable=False, nillable=False),
    ]
    if deleted:
        fields.insert(0, flag("IsDeleted", writable=False, label="Deleted"))
    if modified:
        fields.append(moment("LastModifiedDate", writable=False, nillable=False))
        fields.append(reference("LastModifiedById", "User", writable=False, nillable=False))
    if stamp:
        fields.append(moment("SystemModstamp", writable=False, nillable=False))
    return fields


def owner() -> FieldSchema:
    """Give whom a record belongs to."""
    return reference("OwnerId", "Group|User", nillable=False)
