"""Fields whose value or mere presence nearly gives the outcome away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from hpro_sdk.lead import FieldValue
from hpro_sdk.leaks.finding import MIN_AUC, MIN_OF_EACH_RESULT, BoolArray, LeakFinding, Results, tells
from hpro_sdk.metrics import auc

FIELD_REMEDY = "take it out of the mapping, or show the value it had at the time."
STAGE_REMEDY = "give the stage each lead was in at the time, or take the stage out of the mapping."


def find_value_leak(
    place: str, values: Sequence[FieldValue], moments: Sequence[datetime], results: Results, remedy: str
) -> LeakFinding | None:
    """Look at one field, or at the stage, whatever its kind.

    Args:
        place: What it is called.
        values: One per lead.
        moments: ``as_of`` of each lead, by which dates are turned into ages.
        results: Outcomes of the same leads.
        remedy: What to do about it.

    Returns:
        The strongest suspicion, or ``None``.
    """
    held = np.array([not _is_empty(value) for value in values], dtype=np.bool_)
    found: list[tuple[float, str]] = [(_presence_auc(held, results), "whether it is filled in")]
    found.extend((_number_auc(numbers, results), "its value") for numbers in _numbers(values, moments))
    found.append((_category_auc(values, held, results), "its value"))
    strongest, what = max(found, key=lambda one: one[0])
    if strongest >= MIN_AUC:
        message = (
            f"The {place} alone tells won leads from the others by {what} (AUC {strongest:.3f}), so it was probably "
            f"set after the outcome; {remedy}"
        )
        return LeakFinding(place, "auc", strongest, float(held.mean()), message)
    return _one_sided_presence(place, held, results, remedy)


def _is_empty(value: FieldValue) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _presence_auc(held: BoolArray, results: Results) -> float:
    ranked = auc(held, results.won)
    return max(ranked, 1 - ranked)


def _one_sided_presence(place: str, held: BoolArray, results: Results, remedy: str) -> LeakFinding | None:
    holders = np.bincount(results.cells[held], minlength=4).reshape(2, 2, 1).astype(np.int64)
    for won, word in ((True, "won"), (False, "not won")):
        if tells(holders, results.totals, won=won)[0]:
            right = results.won == won
            precision, share = float(right[held].mean()), float(held[right].mean())
            message = (
                f"The {place} is filled in for {share:.0%} of the leads that were {word}, and {precision:.1%} of those "
                f"with it were {word}, so it was probably set after the outcome; {remedy}"
            )
            return LeakFinding(place, "precision", precision, share, message)
    return None


def _number_auc(numbers: NDArray[np.float64], results: Results) -> float:
    held = ~np.isnan(numbers)
    won = results.won[held]
    if min(won.sum(), (~won).sum()) < MIN_OF_EACH_RESULT:
        return 0.0
    ranked = auc(numbers[held], won)
    return max(ranked, 1 - ranked)


def _numbers(values: Sequence[FieldValue], moments: Sequence[datetime]) -> Iterator[NDArray[np.float64]]:
    """Give a column as numbers, NaN where there is none: numbers as they are, dates as moments and as ages."""
    numbers = np.array([_number(value) for value in values], dtype=np.float64)
    yield numbers
    dates = np.array([_seconds(value) for value in values], dtype=np.float64)
    yield dates
    yield np.array([moment.timestamp() for moment in moments], dtype=np.float64) - dates


def _number(value: FieldValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    try:
        return float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return float("nan")


def _seconds(value: FieldValue) -> float:
    if not isinstance(value, str) or not value[:4].isdecimal():  # most texts are no dates, and are told so quickly
        return float("nan")
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        return float("nan")
    return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()


def _category_auc(values: Sequence[FieldValue], held: BoolArray, results: Results) -> float:
    """AUC of ranking each half by the share of won leads that each value has in the other half; the smaller one."""
    codes_by_value: dict[object, int] = {None: 0}
    codes = np.array(
        [
            codes_by_value.setdefault((type(value), value), len(codes_by_value)) if is_held else 0
            for value, is_held in zip(values, held.tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    smallest = 1.0
    for half in (results.second_half, ~results.second_half):
        other = ~half
        if min(results.won[half].sum(), (~results.won[half]).sum()) == 0 or not other.any():
            return 0.0
        size = np.bincount(codes[other], minlength=len(codes_by_value))
        won = np.bincount(codes[other][results.won[other]], minlength=len(codes_by_value))
        means = (won + results.won[other].mean()) / (size + 1)  # one lead of the common mean: a value seen once is weak
        smallest = min(smallest, auc(means[codes[half]], results.won[half]))
    return smallest
