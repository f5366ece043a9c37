"""Dividing examples into train, valid and test, so that nothing in training tells about the test."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpro_sdk.data.field_values import Split
from hpro_sdk.errors import DataError
from hpro_sdk.lead import TrainingExample

TRAIN_SHARE = 0.7
"""Share of the rows (the oldest, where there is time) to learn from."""

VALID_SHARE = 0.1
"""Share of the rows to choose and calibrate on; what remains, the newest, is for the test."""

_ENOUGH_HINT = "Give more rows, or a column with train, valid and test (key split of the mapping)."


@dataclass(frozen=True, slots=True)
class SplitRow:
    """What splitting needs to know of a row.

    Attributes:
        lead_id: The lead; a group of its own where it has no other.
        group: Rows of equal group stay together.
        position: Place in time, larger is newer; ``None``: not told.
    """

    lead_id: str
    group: str | None = None
    position: int | float | None = None

    @property
    def group_key(self) -> tuple[str, str]:
        """The group, or the lead itself; a group and a lead of equal name are two things."""
        return ("lead", self.lead_id) if self.group is None else ("group", self.group)


def split_by_time(rows: Sequence[SplitRow]) -> list[Split]:
    """Put the oldest 70 % in train, the next 10 % in valid and the newest 20 % in test.

    A group goes wholly to the side of its newest row, so valid and test may be a little larger. Rows of equal
    position are ordered by lead id.

    Args:
        rows: All with a position.

    Returns:
        The split of each row.

    Raises:
        ValueError: A row has no position.
    """
    keyed: list[tuple[int | float, str, int]] = []
    for index, row in enumerate(rows):
        if row.position is None:
            raise ValueError(f"row {index + 1} has no position in time")
        keyed.append((row.position, row.lead_id, index))
    newest: dict[tuple[str, str], Split] = {}
    for rank, (_, _, index) in enumerate(sorted(keyed)):
        newest[rows[index].group_key] = _side((rank + 0.5) / len(rows))  # a later rank overwrites an earlier one
    return [newest[row.group_key] for row in rows]


def split_by_hash(rows: Sequence[SplitRow], *, seed: int = 0) -> list[Split]:
    """Split 70 / 10 / 20 by a hash of the group, or of the lead's id; the same in every run and order.

    Args:
        rows: In any order.
        seed: Another number gives another split.

    Returns:
        The split of each row.
    """
    return [_side(_fraction(f"{seed}\0" + "\0".join(row.group_key))) for row in rows]


def require_whole_groups(examples: Iterable[TrainingExample], *, source: str = "The data") -> None:
    """Check that no group stands in two splits.

    Args:
        examples: Those without a group are passed over.
        source: What the message calls the data.

    Raises:
        DataError: A group does; the message names it.
    """
    splits: dict[str, str] = {}
    for example in examples:
        if example.group is not None:
            first = splits.setdefault(example.group, example.split)
            if first != example.split:
                raise DataError(
                    f"{source}: the group {example.group!r} stands both in {first} and in {example.split}.",
                    hint="Give all rows of a group the same split, or leave split out of the mapping.",
                    group=example.group,
                )


def require_trainable(examples: Sequence[TrainingExample], *, source: str = "The data") -> None:
    """Check that there is something to learn from and to validate on.

    Args:
        examples: All splits.
        source: What the message calls the data.

    Raises:
        DataError: Train or valid is empty or has one result only.
    """
    results = Counter((example.split, example.outcome.won) for example in examples)
    for split, name in (("train", "training"), ("valid", "validation")):
        won, other = results[split, True], results[split, False]
        if won + other == 0:
            raise DataError(f"{source} has no {name} rows.", hint=_ENOUGH_HINT, split=split)
        if not won or not other:
            only = "won" if won else "lost"
            raise DataError(
                f"{source}: all {won + other} {name} rows have the same result, {only}.",
                hint=f"{_ENOUGH_HINT} Both won and lost leads are needed.",
                split=split,
            )


def _side(fraction: float) -> Split:
    if fraction < TRAIN_SHARE:
        return "train"
    return "valid" if fraction < TRAIN_SHARE + VALID_SHARE else "test"


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48
