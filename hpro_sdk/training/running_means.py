"""Means of what was logged since the last validation point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping


class RunningMeans:
    """Sums and counts by name; rule accuracies are weighted by their pairs."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)
        self._right: dict[str, float] = defaultdict(float)
        self._pairs: dict[str, int] = defaultdict(int)

    def add(self, **values: float) -> None:
        """Add one value a name."""
        for name, value in values.items():
            self._sums[name] += value
            self._counts[name] += 1

    def add_rules(self, accuracy: Mapping[str, float], pairs: Mapping[str, int]) -> None:
        """Add one batch's share of pairs in the right order, by rule."""
        for name, count in pairs.items():
            self._pairs[name] += count
            self._right[name] += accuracy[name] * count if count else 0.0

    def mean(self, name: str) -> float:
        """Mean of a name; 0 when nothing was added."""
        return self._sums[name] / max(1, self._counts[name])

    def rule_accuracy(self) -> dict[str, float | None]:
        """Share of pairs in the right order by rule; ``None`` where no pair was seen."""
        return {name: self._right[name] / count if count else None for name, count in self._pairs.items()}
