"""Which leads are open: decided once for all leads that stand alike, not lead by lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, ColumnElement, Connection, and_, case, func, literal, or_, select, update

from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.state.schema import LEADS
from hpro_sdk.lead import OutcomeResult


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether leads are scored; all live leads that stand so are treated alike.

    Attributes:
        stage: The CRM's own value.
        result: Where the CRM says so beside the stage.
        excluded: Whether people asked for them not to be scored.
    """

    stage: str | None
    result: OutcomeResult | None
    excluded: bool


def standings(connection: Connection, exclude_field: str | None) -> list[Standing]:
    """Give how live leads stand, each way once.

    Args:
        connection: Within a transaction.
        exclude_field: A boolean field that keeps a lead from being scored.
    """
    excluded = _excluded(exclude_field).label("excluded")
    rows = connection.execute(
        select(LEADS.c.stage, LEADS.c.result, excluded)
        .where(LEADS.c.deleted_at.is_(None))
        .distinct()
        .order_by(LEADS.c.stage, LEADS.c.result, excluded)
    )
    return [
        Standing(row.stage, None if row.result is None else OutcomeResult(row.result), bool(row.excluded))
        for row in rows
    ]


def set_open(connection: Connection, standing_open: Sequence[Standing], exclude_field: str | None) -> None:
    """Remember which leads are open: those that stand in one of some ways; every other live lead is not.

    Args:
        connection: Within a transaction.
        standing_open: How open leads stand.
        exclude_field: As for :func:`standings`.
    """
    is_open: ColumnElement[bool] = literal(value=False, type_=Boolean)
    if standing_open:
        is_open = case((or_(*(_stands(way, exclude_field) for way in standing_open)), True), else_=False)
    connection.execute(
        update(LEADS).where(LEADS.c.deleted_at.is_(None), LEADS.c.open.is_distinct_from(is_open)).values(open=is_open)
    )


def leads_standing(connection: Connection, standing: Standing, exclude_field: str | None, limit: int) -> list[str]:
    """Give some of the leads that stand in one way, by id."""
    wanted = (
        select(LEADS.c.lead_id)
        .where(LEADS.c.deleted_at.is_(None), _stands(standing, exclude_field))
        .order_by(LEADS.c.lead_id)
        .limit(limit)
    )
    return list(connection.scalars(wanted))


def count_standing(connection: Connection, standing: Standing, exclude_field: str | None) -> int:
    """Count the leads that stand in one way."""
    wanted = select(func.count()).select_from(LEADS)
    return connection.scalar(wanted.where(LEADS.c.deleted_at.is_(None), _stands(standing, exclude_field))) or 0


def _stands(way: Standing, exclude_field: str | None) -> ColumnElement[bool]:
    return and_(
        LEADS.c.stage.is_not_distinct_from(way.stage),
        LEADS.c.result.is_not_distinct_from(None if way.result is None else way.result.value),
        _excluded(exclude_field).is_(way.excluded),
    )


def _excluded(exclude_field: str | None) -> ColumnElement[bool]:
    if exclude_field is None:
        return LEADS.c.excluded
    if '"' in exclude_field:
        raise SchemaDriftError(
            f"{exclude_field!r} cannot be the name of a field.", hint="Correct exclude_field in hpro.toml."
        )
    by_field = func.json_extract(LEADS.c.record, f'$.fields."{exclude_field}"') == 1
    return case((or_(LEADS.c.excluded, by_field), True), else_=False)
