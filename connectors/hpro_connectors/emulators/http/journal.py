"""A journal of what an emulator was asked, for assertions such as "the second pass wrote nothing"."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

KEPT = 200_000
"""The newest so many entries are kept."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a request is about, in the words of the emulated CRM.

    Attributes:
        object_name: The CRM's object, such as ``Lead``.
        text: The query, where there is one.
        user: Who asked.
    """

    object_name: str | None = None
    text: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request and how it was answered. Bodies and headers are not kept.

    Attributes:
        number: Counted from 1 since the emulator came up.
        method: ``GET`` and the like.
        path: Without the query.
        query: Decoded.
        status: ``None`` when the client got no answer.
        labels: What it was about.
        fault: The fault that was played, if there was one.
    """

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    status: int | None
    labels: Labels = field(default_factory=Labels)
    fault: str | None = None

    @property
    def object_name(self) -> str | None:
        """The CRM's object it was about."""
        return self.labels.object_name

    @property
    def text(self) -> str | None:
        """The query it asked."""
        return self.labels.text

    def as_json(self) -> dict[str, object]:
        """The entry as JSON can hold it."""
        return asdict(self)


def check_pattern(pattern: str) -> None:
    """Refuse what cannot be searched for.

    Args:
        pattern: A regular expression.

    Raises:
        ValueError: It is none.
    """
    try:
        re.compile(pattern)
    except re.error as exc:
        raise ValueError(f"{pattern!r} is no regular expression: {exc}") from exc


class RequestJournal:
    """The requests of an emulator, oldest first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[JournalEntry] = deque(maxlen=KEPT)

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        """All that are kept, in the order in which they were answered."""
        with self._lock:
            return tuple(self._entries)

    def add(self, entry: JournalEntry) -> None:
        """Note a request.

        Args:
            entry: How it was answered.
        """
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget all of it; numbers go on."""
        with self._lock:
            self._entries.clear()

    def matching(
        self,
        path: str = "",
        *,
        method: str | None = None,
        object_name: str | None = None,
        text: str | None = None,
        after: int = 0,
    ) -> tuple[JournalEntry, ...]:
        """The entries that fit all that is given.

        Args:
            path: A regular expression that is searched in the path.
            method: ``GET`` and the like.
            object_name: The CRM's object.
            text: A regular expression that is searched in the query.
            after: Only entries with a higher number.

        Raises:
            ValueError: It is no regular expression.
        """
        for pattern in (path, text or ""):
            check_pattern(pattern)
        return tuple(
            entry
            for entry in self.entries
            if entry.number > after
            and re.search(path, entry.path)
            and method in {None, entry.method}
            and object_name in {None, entry.object_name}
            and (text is None or (entry.text is not None and re.search(text, entry.text)))
        )
