"""One thing that an examination saw, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Self

from hpro_connectors.errors import AuthError, RetriableError
from hpro_sdk.errors import HproError
from hpro_sdk.lead import Frozen


class Level(StrEnum):
    """How bad a finding is.

    ``OK``: as it should be. ``WARNING``: HPRO works, and something is lost or near its limit. ``PROBLEM``: something
    prevents reading or writing until a person changes it. ``FATAL``: there is no sign-in, or the CRM cannot be reached.
    """

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    FATAL = "fatal"


_FROM_BEST_TO_WORST: Final = (Level.OK, Level.WARNING, Level.PROBLEM, Level.FATAL)
_EXIT_CODES: Final = {Level.OK: 0, Level.WARNING: 3, Level.PROBLEM: 2, Level.FATAL: 1}


class Finding(Frozen):
    """One thing that was seen; it holds no secret and nothing that a lead or a rep wrote.

    Attributes:
        area: What was looked at, in a word or two.
        level: How bad it is.
        seen: What was seen, in one or two sentences.
        remedy: What to do; empty where nothing is to be done.
    """

    area: str
    level: Level
    seen: str
    remedy: str = ""

    @classmethod
    def ok(cls, area: str, seen: str, remedy: str = "") -> Self:
        """Say that something is as it should be.

        Args:
            area: What was looked at.
            seen: What was seen.
            remedy: What may be done next.
        """
        return cls(area=area, level=Level.OK, seen=seen, remedy=remedy)

    @classmethod
    def warning(cls, area: str, seen: str, remedy: str) -> Self:
        """Say that something is lost, or near its limit.

        Args:
            area: What was looked at.
            seen: What was seen, and what it means.
            remedy: What to do.
        """
        return cls(area=area, level=Level.WARNING, seen=seen, remedy=remedy)

    @classmethod
    def problem(cls, area: str, seen: str, remedy: str) -> Self:
        """Say that something prevents reading or writing.

        Args:
            area: What was looked at.
            seen: What was seen, and what it prevents.
            remedy: What to do.
        """
        return cls(area=area, level=Level.PROBLEM, seen=seen, remedy=remedy)

    @classmethod
    def fatal(cls, area: str, seen: str, remedy: str) -> Self:
        """Say that there is no sign-in, or that the CRM cannot be reached.

        Args:
            area: What was looked at.
            seen: What was seen.
            remedy: What to do.
        """
        return cls(area=area, level=Level.FATAL, seen=seen, remedy=remedy)

    @classmethod
    def of_error(cls, area: str, error: HproError) -> Self:
        """Make a finding of a check that failed.

        Args:
            area: What was looked at.
            error: Why it failed. No sign-in and no answer are fatal; everything else is a problem.
        """
        is_fatal = isinstance(error, AuthError | RetriableError)
        level = Level.FATAL if is_fatal else Level.PROBLEM
        return cls(area=area, level=level, seen=error.message, remedy=error.hint or "")


def worst_of(findings: Iterable[Finding]) -> Level:
    """Give the level of the worst of some findings.

    Args:
        findings: Any number; none is fine.
    """
    return max((finding.level for finding in findings), key=_FROM_BEST_TO_WORST.index, default=Level.OK)


def exit_code_of(findings: Iterable[Finding]) -> int:
    """Give the exit code that findings stand for.

    Args:
        findings: Of one or more examinations.

    Returns:
        0 fine, 1 no sign-in or unreachable, 2 something prevents reading or writing, 3 only warnings.
    """
    return _EXIT_CODES[worst_of(findings)]
