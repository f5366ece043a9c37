"""A fault script: which request goes wrong, and how, down to the socket.

Requests that fit a rule are counted from 1. A rule is about the nth of them and so many after it, or about a share of
them drawn with a seed. The first rule that is due is played; the others count the request all the same.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Self

from hpro_connectors.emulators.http.journal import Labels, check_pattern
from hpro_connectors.emulators.http.messages import Request, Response


class FaultKind(StrEnum):
    """How a request goes wrong.

    ``ANSWER``: it is not carried out and answered with something else. ``ANSWER_AFTER``: the same, but it was carried
    out. ``RESET_BEFORE``, ``RESET_AFTER``: the connection is reset, before or after it was carried out.
    ``HANG_BEFORE``, ``HANG_AFTER``: no answer comes until the client gives up. ``TRUNCATED``: half of the right answer
    comes, and the connection ends. ``ACTION``: something happens in the emulated CRM first, such as that sessions end;
    then the request is carried out as usual.
    """

    ANSWER = "answer"
    ANSWER_AFTER = "answer_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    TRUNCATED = "truncated"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: What goes wrong.
        name: How the journal calls it.
        answer: What is answered instead; of ``ANSWER`` and ``ANSWER_AFTER``.
        action: What happens in the emulated CRM; of ``ACTION``.
    """

    kind: FaultKind
    name: str = ""
    answer: Response | None = None
    action: str = ""

    @classmethod
    def answering(cls, answer: Response, name: str = "", *, applied: bool = False) -> Self:
        """Answer something else.

        Args:
            answer: What; with its body in one piece.
            name: How the journal calls it.
            applied: Whether the request is carried out all the same.
        """
        kind = FaultKind.ANSWER_AFTER if applied else FaultKind.ANSWER
        return cls(kind, name or f"{answer.status}", answer)

    @classmethod
    def reset(cls, *, applied: bool = False) -> Self:
        """Reset the connection.

        Args:
            applied: Whether the request was carried out before.
        """
        return cls(FaultKind.RESET_AFTER if applied else FaultKind.RESET_BEFORE)

    @classmethod
    def hang(cls, *, applied: bool = False) -> Self:
        """Answer nothing, until the client gives up.

        Args:
            applied: Whether the request was carried out before.
        """
        return cls(FaultKind.HANG_AFTER if applied else FaultKind.HANG_BEFORE)

    @classmethod
    def truncated(cls) -> Self:
        """Send half of the answer."""
        return cls(FaultKind.TRUNCATED)

    @classmethod
    def acting(cls, action: str) -> Self:
        """Let something happen in the emulated CRM first.

        Args:
            action: One of the emulator's.
        """
        return cls(FaultKind.ACTION, action, action=action)

    @property
    def label(self) -> str:
        """How the journal calls it."""
        return self.name or self.kind.value


@dataclass(slots=True)
class FaultRule:
    """When faults are played.

    Attributes:
        faults: One of them is drawn each time; with one, it is that one.
        path: A regular expression that is searched in the path.
        method: Only requests of this method.
        text: A regular expression that is searched in the query, as the journal has it.
        nth: From which fitting request on.
        times: In so many fitting requests, one after the other; ``None`` is from then on.
        share: Of the fitting requests, instead of ``nth`` and ``times``; 0 to 1.
        seed: Of the draws.
        played: How often one was.
    """

    faults: tuple[Fault, ...]
    path: str = ""
    method: str | None = None
    text: str | None = None
    nth: int = 1
    times: int | None = 1
    share: float | None = None
    seed: int = 0
    played: int = 0
    _seen: int = field(default=0, init=False, repr=False)
    _random: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a rule that could never be played, or not be looked at."""
        for pattern in (self.path, self.text or ""):
            check_pattern(pattern)
        if not self.faults:
            raise ValueError("a rule needs a fault")
        if self.nth < 1 or (self.times is not None and self.times < 1):
            raise ValueError("nth and times are counted from 1")
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError("share is above 0 and at most 1")
        self._random = Random(self.seed)

    def fits(self, request: Request, labels: Labels) -> bool:
        """Say whether the rule is about a request.

        Args:
            request: It.
            labels: What it is about.
        """
        return (
            self.method in {None, request.method}
            and re.search(self.path, request.path) is not None
            and (self.text is None or (labels.text is not None and re.search(self.text, labels.text) is not None))
        )

    def due(self) -> bool:
        """Count a fitting request, and say whether a fault is due in it."""
        self._seen += 1
        if self.share is not None:
            return self._random.random() < self.share
        return self._seen >= self.nth and (self.times is None or self._seen < self.nth + self.times)

    def draw(self) -> Fault:
        """Take the fault of this time."""
        self.played += 1
        return self.faults[0] if len(self.faults) == 1 else self._random.choice(self.faults)


class FaultScript:
    """The rules of an emulator. Safe to use from several threads."""

    def __init__(self, rules: Iterable[FaultRule] = ()) -> None:
        self._lock = threading.Lock()
        self._rules = list(rules)

    @property
    def rules(self) -> tuple[FaultRule, ...]:
        """All of them, in the order in which they were added."""
        with self._lock:
            return tuple(self._rules)

    def add(
        self,
        *faults: Fault,
        path: str = "",
        method: str | None = None,
        text: str | None = None,
        nth: int = 1,
        times: int | None = 1,
        share: float | None = None,
        seed: int = 0,
    ) -> FaultRule:
        """Add a rule; see :class:`FaultRule` for the arguments.

        Returns:
            The rule, which knows how often it was played.

        Raises:
            ValueError: It could never be played.
        """
        rule = FaultRule(faults, path, method, text, nth, times, share, seed)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Take all rules away."""
        with self._lock:
            self._rules.clear()

    def draw(self, request: Request, labels: Labels) -> Fault | None:
        """Say what goes wrong with a request.

        Args:
            request: It.
            labels: What it is about.

        Returns:
            The fault, or ``None``.
        """
        with self._lock:
            due = [rule for rule in self._rules if rule.fits(request, labels) and rule.due()]
            return due[0].draw() if due else None
