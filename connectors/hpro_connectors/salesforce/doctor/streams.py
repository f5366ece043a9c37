"""Which objects can be read, how many rows the user sees of each, and which configured streams fall away."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from hpro_connectors.doctor import Finding
from hpro_connectors.salesforce.doctor.org_view import OrgView
from hpro_connectors.salesforce.schema.describing import LINKS_OF_MAILS, LINKS_OF_NOTES
from hpro_connectors.salesforce.settings import INTERACTION_STREAMS

AREA: Final = "interactions"

_TEXTS: Final = MappingProxyType(
    {
        "Task": ("Subject", "Description"),
        "Event": ("Subject", "Description"),
        "EmailMessage": ("Subject", "TextBody", "HtmlBody"),
        "Note": ("Title", "Body"),
        "ContentNote": ("Title", "TextPreview"),
    }
)
_HOW_TO_GET: Final = MappingProxyType(
    {
        "Task": "give the user the permission Access Activities",
        "Event": "give the user the permission Access Activities",
        "EmailMessage": "switch Enhanced Email on in Setup, and let the user read mails",
        "Note": "let the user read notes (an older edition of notes, which some orgs no longer have)",
        "ContentNote": "switch Notes on in Setup (Notes Settings), and share notes with the user",
    }
)


def check_streams(view: OrgView) -> Iterator[Finding]:
    """Look at each object whose texts are read.

    Args:
        view: Of the org.
    """
    named = view.settings.interactions
    for name in INTERACTION_STREAMS if named is None else named:
        if name not in view.schema.objects:
            yield _absent(name, is_named=named is not None)
            continue
        yield from _present(view, name)


def _absent(name: str, *, is_named: bool) -> Finding:
    remedy = f"To read it, {_HOW_TO_GET[name]}"
    if is_named:
        return Finding.problem(
            AREA,
            f"hpro.toml names {name} under interactions, and the user sees no such object; every pass stops at that.",
            f"{remedy}; or take it out of interactions.",
        )
    return Finding.warning(AREA, f"The user sees no object {name}: its texts are not read.", f"{remedy}.")


def _present(view: OrgView, name: str) -> Iterator[Finding]:
    if name == "ContentNote" and LINKS_OF_NOTES not in view.schema.objects:
        yield Finding.warning(
            AREA,
            f"The user sees no object {LINKS_OF_NOTES}, which says whom a ContentNote is about: these are not read.",
            "Let the user read files (Salesforce Files) and what links them.",
        )
        return
    hidden = [column for column in _TEXTS[name] if not view.schema.objects[name].has(column)]
    if hidden:
        yield Finding.warning(
            AREA,
            f"The user does not see {', '.join(hidden)} of {name}: what stands there is not read.",
            "Give the user read access to these fields (field-level security).",
        )
    if name == "EmailMessage" and LINKS_OF_MAILS not in view.schema.objects:
        yield Finding.warning(
            AREA,
            f"The user sees no object {LINKS_OF_MAILS}: a mail to several people belongs to the first of them alone, "
            "and one without a task beside it to nobody.",
            "Let the user read mails and whom they are about.",
        )
    rows = view.count(name)
    if rows == 0 and name == "ContentNote":
        yield Finding.ok(
            AREA,
            "ContentNote: 0 rows; there is none, or none is shared with the user.",
            "Notes are seen by those whom they are shared with: share them, or give the user Query All Files.",
        )
    else:
        counted = "too many rows to count" if rows is None else f"{rows:,} row{'' if rows == 1 else 's'}"
        yield Finding.ok(AREA, f"{name}: {counted}.")
