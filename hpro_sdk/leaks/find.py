"""The search for leaks in a training split."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from hpro_sdk.lead import FieldValue, TrainingExample
from hpro_sdk.leaks.fields import FIELD_REMEDY, STAGE_REMEDY, find_value_leak
from hpro_sdk.leaks.finding import MIN_OF_EACH_RESULT, LeakFinding, Results
from hpro_sdk.leaks.words import find_word_leaks

_WORDS_OF_A_TEXT = 3
"""From this mean number of words on, a field is read as a text too, and not only as a category."""


def find_leaks(examples: Sequence[TrainingExample]) -> list[LeakFinding]:
    """Find what alone nearly gives the outcome away in the training split.

    Each field, whatever its kind, by its value and by whether it is filled in; the stage; words and pairs of words
    in interactions and in text fields. Two halves of the leads share no group: words, and a presence that tells one
    result, must be suspicious in both, and a category is ranked in each half by what the other one shows, so that ids
    and rare words do not look like leaks. A number, a date, and presence that ranks all leads are judged on all of
    them at once.

    Args:
        examples: Of all splits; only those of ``train`` are looked at.

    Returns:
        Fields first, then the stage, then words; empty when ``train`` has too few won leads, or too few others.
    """
    training = [example for example in examples if example.split == "train"]
    won = np.array([example.outcome.won for example in training], dtype=np.bool_)
    if min(int(won.sum()), int((~won).sum())) < MIN_OF_EACH_RESULT:
        return []
    results = Results(won, np.array([_is_in_second_half(example) for example in training], dtype=np.bool_))
    snapshots = [example.snapshot for example in training]
    moments = [snapshot.as_of for snapshot in snapshots]
    findings: list[LeakFinding | None] = []
    text_findings: list[LeakFinding] = []
    for name in dict.fromkeys(name for snapshot in snapshots for name in snapshot.fields):
        values = [snapshot.fields.get(name) for snapshot in snapshots]
        finding = find_value_leak(f"field {name!r}", values, moments, results, FIELD_REMEDY)
        findings.append(finding)
        if finding is None and _is_text(values):
            texts = ((value,) if isinstance(value, str) else () for value in values)
            text_findings.extend(find_word_leaks(texts, results, f" in field {name!r}"))
    stages = [snapshot.stage for snapshot in snapshots]
    findings.append(find_value_leak("stage", stages, moments, results, STAGE_REMEDY))
    interactions = (tuple(interaction.text for interaction in snapshot.interactions) for snapshot in snapshots)
    return [
        *(finding for finding in findings if finding is not None),
        *find_word_leaks(interactions, results),
        *text_findings,
    ]


def _is_in_second_half(example: TrainingExample) -> bool:
    """By a hash of the group, or of the lead; the same in every run and order."""
    key = ("\0".join(example.snapshot.key)) if example.group is None else f"\0group\0{example.group}"
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 1


def _is_text(values: Sequence[FieldValue]) -> bool:
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    return bool(texts) and sum(text.count(" ") + 1 for text in texts) >= _WORDS_OF_A_TEXT * len(texts)
