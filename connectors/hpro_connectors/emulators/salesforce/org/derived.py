"""What the org itself fills in when a record is written: whether a task is closed, how likely an opportunity is."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState

Values = dict[str, StoredValue]

_PREVIEW_LENGTH = 255
_BREAK = re.compile(r"<(?:br|/p|/div|/li)\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")

NEEDED = {
    "Task": ("Status", "CompletedDateTime", "WhoId", "WhatId"),
    "Event": (
        "StartDateTime",
        "ActivityDateTime",
        "ActivityDate",
        "EndDateTime",
        "DurationInMinutes",
        "WhoId",
        "WhatId",
    ),
    "Opportunity": ("StageName", "Amount", "Probability", "IsClosed"),
    "ContentNote": ("Content",),
}
"""Fields of the stored record that :func:`derive` looks at, by object."""


def derive(
    state: OrgState, one: ObjectSchema, values: Values, before: Mapping[str, StoredValue] | None, at: int
) -> None:
    """Fill in what follows from what is written.

    Args:
        state: The org.
        one: Of which object the record is.
        values: What is written; what follows is added.
        before: The fields of :data:`NEEDED` as they were, or ``None`` for a new record.
        at: When, in seconds since 1970.
    """
    deriving = _DERIVING.get(one.name)
    if deriving is not None:
        deriving(state, values, before or {}, at)


def touch_parents(state: OrgState, one: ObjectSchema, values: Mapping[str, StoredValue]) -> None:
    """Let the records that an activity is about know its date; that is no change of theirs."""
    day = values.get("ActivityDate")
    if not one.is_activity or not isinstance(day, str):
        return
    for link in ("WhoId", "WhatId"):
        parent_id = values.get(link)
        parent = state.schema.object_of_id(parent_id) if isinstance(parent_id, str) else None
        if parent is not None and "LastActivityDate" in parent.fields:
            state.database.run(
                f'UPDATE "{parent.name}" SET LastActivityDate = ?'  # noqa: S608 - a name of our own
                " WHERE Id = ? AND (LastActivityDate IS NULL OR LastActivityDate < ?)",
                (day, parent_id, day),
            )


def text_of_html(content: bytes) -> str:
    """Give the text of a note's HTML, as its preview shows it."""
    text = _TAG.sub("", _BREAK.sub("\n", content.decode("utf-8", "replace")))
    return html.unescape(text).strip()


def _task(state: OrgState, values: Values, before: Mapping[str, StoredValue], at: int) -> None:
    status = values.get("Status", before.get("Status"))
    closed = status == "Completed"
    values["IsClosed"] = int(closed)
    if not closed:
        values["CompletedDateTime"] = None
    elif values.get("CompletedDateTime", before.get("CompletedDateTime")) is None:
        values["CompletedDateTime"] = at
    _links(state, values, before)


def _event(state: OrgState, values: Values, before: Mapping[str, StoredValue], _: int) -> None:
    def current(name: str) -> StoredValue:
        return values.get(name, before.get(name))

    start = values.get("StartDateTime") or values.get("ActivityDateTime") or current("StartDateTime")
    if isinstance(start, int):
        minutes = current("DurationInMinutes")
        end = current("EndDateTime")
        only_longer = isinstance(values.get("DurationInMinutes"), int) and "EndDateTime" not in values
        if only_longer or not isinstance(end, int):
            end = start + 60 * (minutes if isinstance(minutes, int) else 60)
        values["StartDateTime"] = values["ActivityDateTime"] = start
        values["EndDateTime"] = end
        values["DurationInMinutes"] = max(0, (end - start) // 60)
        values["ActivityDate"] = _day(start)
        values["EndDate"] = _day(end)
    elif values.get("ActivityDate") is not None:
        values["EndDate"] = values["ActivityDate"]
    _links(state, values, before)


def _links(state: OrgState, values: Values, before: Mapping[str, StoredValue]) -> None:
    if before and "WhoId" not in values and "WhatId" not in values:
        return
    who, what = (values.get(name, before.get(name)) for name in ("WhoId", "WhatId"))
    values["WhoCount"] = int(who is not None)
    values["WhatCount"] = int(what is not None)
    account: StoredValue = None
    if isinstance(what, str) and what.startswith("001"):
        account = what
    elif isinstance(what, str) and what.startswith("006"):
        account = _account_of(state, "Opportunity", what)
    elif isinstance(who, str) and who.startswith("003"):
        account = _account_of(state, "Contact", who)
    values["AccountId"] = account


def _account_of(state: OrgState, object_name: str, record_id: str) -> StoredValue:
    if object_name not in state.schema:
        return None
    found = state.database.find(object_name, record_id, ["AccountId"])
    return None if found is None else found["AccountId"]


def _opportunity(state: OrgState, values: Values, before: Mapping[str, StoredValue], at: int) -> None:
    if values.get("StageName") is not None and values["StageName"] != before.get("StageName"):
        row = state.database.row(
            "SELECT IsClosed, IsWon, DefaultProbability, ForecastCategory, ForecastCategoryName"
            " FROM OpportunityStage WHERE MasterLabel = ?",
            (values["StageName"],),
        )
        closed, won, probability, category, category_name = row or (0, 0, None, "Pipeline", "Pipeline")
        values.update({"IsClosed": closed, "IsWon": won, "LastStageChangeDate": at if before else None})
        for name, value in (
            ("Probability", probability),
            ("ForecastCategory", category),
            ("ForecastCategoryName", category_name),
        ):
            if values.get(name) is None:
                values[name] = value
    amount, probability = (values.get(name, before.get(name)) for name in ("Amount", "Probability"))
    if isinstance(amount, int | float) and isinstance(probability, int | float):
        values["ExpectedRevenue"] = round(amount * probability / 100, 2)
    else:
        values["ExpectedRevenue"] = None


def _content_note(_: OrgState, values: Values, before: Mapping[str, StoredValue], __: int) -> None:
    content = values.get("Content", before.get("Content"))
    raw = content if isinstance(content, bytes) else b""
    values.update(
        {
            "FileType": "SNOTE",
            "FileExtension": "snote",
            "ContentSize": len(raw),
            "TextPreview": text_of_html(raw)[:_PREVIEW_LENGTH] or None,
        }
    )


def _day(seconds: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=seconds // 86_400)).isoformat()


_DERIVING: dict[str, Callable[[OrgState, Values, Mapping[str, StoredValue], int], None]] = {
    "Task": _task,
    "Event": _event,
    "Opportunity": _opportunity,
    "ContentNote": _content_note,
}
