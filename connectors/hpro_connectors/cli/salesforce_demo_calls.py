"""What the requests that an emulated Salesforce got were for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from hpro_connectors.emulators.http.journal import JournalEntry

_PURPOSES = {
    "sign-in": re.compile(r"^/services/oauth2/"),
    "fields": re.compile(r"/tooling/"),
    "describe": re.compile(r"/describe/?$"),
    "bulk query": re.compile(r"/jobs/query"),
    "query": re.compile(r"/query(?:All)?(?:/|$)"),
    "deletions": re.compile(r"/deleted/?$"),
    "permissions": re.compile(r"/sobjects/(?:PermissionSet|ObjectPermissions|FieldPermissions)|/composite/permissions"),
    "write": re.compile(r"/composite/|/jobs/ingest"),
}


def count_calls(entries: Iterable[JournalEntry]) -> dict[str, int]:
    """Count requests by what they were for.

    Args:
        entries: Of the emulator's journal.
    """
    return dict(Counter(_purpose(entry) for entry in entries))


def _purpose(entry: JournalEntry) -> str:
    return next((purpose for purpose, pattern in _PURPOSES.items() if pattern.search(entry.path)), "other")
