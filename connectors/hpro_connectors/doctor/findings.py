"""Collecting the findings of an examination, check by check."""

from __future__ import annotations

from collections.abc import Iterable

from hpro_connectors.doctor.finding import Finding, Level
from hpro_sdk.errors import HproError


class Findings:
    """The findings so far; after a fatal one nothing more is asked, since every answer would be the same.

    Attributes:
        found: The findings, in the order in which they were made.
    """

    def __init__(self) -> None:
        self.found: list[Finding] = []

    @property
    def ended(self) -> bool:
        """Whether one is fatal."""
        return any(finding.level is Level.FATAL for finding in self.found)

    def prevents(self, *areas: str) -> bool:
        """Tell whether a finding in some areas prevents reading or writing.

        Args:
            *areas: Which; none named: any.
        """
        return any(
            finding.level in {Level.PROBLEM, Level.FATAL} and (not areas or finding.area in areas)
            for finding in self.found
        )

    def attempt(self, area: str, check: Iterable[Finding]) -> bool:
        """Carry a check out, unless one before was fatal.

        Args:
            area: What it looks at, for the finding that it becomes when it fails.
            check: Yields findings, and begins when it is asked for the first one.

        Returns:
            Whether it came to its end.
        """
        if self.ended:
            return False
        try:
            self.found.extend(check)
        except HproError as exc:
            finding = Finding.of_error(area, exc)
            if all(one.seen != finding.seen for one in self.found):  # two checks may stumble over the same thing
                self.found.append(finding)
            return False
        return True
