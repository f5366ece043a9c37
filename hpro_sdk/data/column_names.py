"""What the name of a column suggests: an answer that would leak, or a person that would be memorised."""

from __future__ import annotations

import re

ID_NAMES = ("lead_id", "leadid", "id", "record_id", "contact_id", "opportunity_id", "prospect_id", "customer_id")
LABEL_NAMES = ("label", "converted", "is_won", "won", "outcome", "is_converted", "conversion", "target", "result", "y")
SPLIT_NAMES = ("split", "fold", "set", "partition")
TIME_NAMES = ("time", "as_of", "event_time", "snapshot_time", "snapshot_at", "snapshot_date", "timestamp")
ORDER_NAMES = ("event_time", "order", "row_order", "sequence", "time", "timestamp")
CREATED_NAMES = ("created_at", "created", "create_date", "createdate", "created_date", "createddate", "creation_date")
GROUP_NAMES = ("group_id", "group")
PERSON_NAMES = ("person_id", "individual_id")
ACCOUNT_NAMES = ("account_id", "company_id")
STAGE_NAMES = ("stage", "lead_stage", "funnel_stage", "deal_stage", "status", "lead_status")
TEXT_NAMES = ("text", "notes", "note", "transcript", "messages", "conversation", "comments", "interactions", "history")

_LEAKY_PARTS = ("outcome", "converted", "conversion", "closed", "label", "stage", "disposition", "won", "lost")
_LEAKY_WORDS = frozenset(
    {"win", "close", "closing", "status", "result", "target", "final", "modified", "updated", "reached"}
)
_HARMLESS = re.compile(r"womens?|wonder")
_PRIVATE_WORDS = frozenset({"email", "mail", "phone", "telephone", "mobile", "fax", "surname", "firstname", "lastname"})
_PERSON = frozenset({"first", "last", "full", "middle", "person", "contact", "lead", "customer", "owner", "given"})


def plain_name(name: str) -> str:
    """Write a column's name in small letters with ``_`` between its words: ``LeadStage`` is ``lead_stage``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return "_".join(re.findall(r"\w+", spaced.replace("_", " ").casefold()))


def looks_leaky(name: str) -> bool:
    """Whether a column seems to tell how the lead ended, or is written after that."""
    plain = _HARMLESS.sub("", plain_name(name))
    return any(part in plain for part in _LEAKY_PARTS) or not _LEAKY_WORDS.isdisjoint(plain.split("_"))


def looks_private(name: str) -> bool:
    """Whether a column seems to hold a person's name, e-mail address or phone number."""
    words = plain_name(name).replace("e_mail", "email").split("_")
    if not _PRIVATE_WORDS.isdisjoint(words):
        return True
    return "name" in words and (len(words) == 1 or not _PERSON.isdisjoint(words))
