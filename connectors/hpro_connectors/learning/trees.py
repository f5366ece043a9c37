"""Gradient-boosted trees on what is known of a lead in numbers: the baseline that a model must be compared with.

They see every field that the model sees, the stage, ages, and counts of interactions; of texts they see nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from hpro_sdk._extras import require_extra
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import FieldValue, InteractionKind, LeadSnapshot, Speaker, TrainingExample
from hpro_sdk.metrics import auc
from hpro_sdk.rendering import FieldTemplate, Template

Scores = NDArray[np.float64]

_ROUNDS = 300
_MOST_CATEGORIES = 200
_RECENT = timedelta(days=30)
_UNKNOWN = float("nan")


def rank_by_trees(
    train: Sequence[TrainingExample],
    valid: Sequence[TrainingExample],
    test: Sequence[TrainingExample],
    *,
    template: Template,
    funnel: Funnel,
    seed: int = 0,
) -> Scores:
    """Learn trees and rank the test side; they are given as many rounds as rank the validation side best.

    Args:
        train: What is learnt from.
        valid: What the number of rounds is chosen on.
        test: What is ranked.
        template: Which fields are looked at.
        funnel: Orders the stages.
        seed: Of the trees.

    Returns:
        Log-odds of the test side. Shape ``(len(test),)``.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    ensemble = require_extra("train", "sklearn.ensemble", "Comparing with gradient-boosted trees")
    columns = Columns(template, funnel, [example.snapshot for example in train])
    table = columns.table(train)
    told = ~np.isnan(table).all(axis=0)  # the library takes no column without a single value
    trees = ensemble.HistGradientBoostingClassifier(
        max_iter=_ROUNDS,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=20,
        early_stopping=False,
        categorical_features=np.array(columns.categorical, dtype=np.bool_)[told],
        random_state=seed,
    )
    trees.fit(table[:, told], _won(train))
    won = _won(valid)
    of_valid = trees.staged_decision_function(columns.table(valid)[:, told])
    best = int(np.argmax([auc(scores.ravel(), won) for scores in of_valid]))
    for round_number, scores in enumerate(trees.staged_decision_function(columns.table(test)[:, told])):
        if round_number == best:
            return np.asarray(scores, dtype=np.float64).ravel()
    raise AssertionError("there are as many rounds for the test side as for the validation side")


class Columns:
    """What the trees see of a snapshot, as numbers.

    Args:
        template: Which fields.
        funnel: Orders the stages.
        training: Snapshots that tell the common values of categories.

    Attributes:
        categorical: Which columns hold numbers of categories.
    """

    def __init__(self, template: Template, funnel: Funnel, training: Sequence[LeadSnapshot]) -> None:
        self._fields = [field for field in template.fields if field.kind is not FieldKind.TEXT]
        self._depths = {stage: float(depth) for depth, stage in enumerate(funnel.stages, 1)}
        self._codes: dict[str, dict[str, float]] = {
            field.field: _common_values(field.field, training)
            for field in self._fields
            if field.kind is FieldKind.CATEGORY
        }
        self.categorical = [field.kind is FieldKind.CATEGORY for field in self._fields]
        self.categorical += [False] * (self._width_of_rest(training))

    def table(self, examples: Sequence[TrainingExample]) -> Scores:
        """Give a row per example. Shape ``(n, columns)``."""
        rows = [self._row(example.snapshot) for example in examples]
        return np.array(rows, dtype=np.float64).reshape(len(examples), len(self.categorical))

    def _width_of_rest(self, snapshots: Sequence[LeadSnapshot]) -> int:
        return len(self._rest(snapshots[0])) if snapshots else 0

    def _row(self, snapshot: LeadSnapshot) -> list[float]:
        fields = [self._number(field, snapshot.fields.get(field.field), snapshot.as_of) for field in self._fields]
        return [*fields, *self._rest(snapshot)]

    def _rest(self, snapshot: LeadSnapshot) -> list[float]:
        """Stage, ages and interactions."""
        interactions = snapshot.interactions
        kinds = Counter(interaction.kind for interaction in interactions)
        speakers = Counter(interaction.speaker for interaction in interactions)
        moments = [one.occurred_at for one in interactions if one.occurred_at is not None]
        seconds = [one.call_seconds for one in interactions if one.call_seconds is not None]
        return [
            self._depths.get(snapshot.stage or "", 0.0),
            _days(snapshot.created_at, snapshot.as_of),
            _days(snapshot.stage_entered_at, snapshot.as_of),
            _days(max(moments, default=None), snapshot.as_of),
            float(len(interactions)),
            float(sum(moment > snapshot.as_of - _RECENT for moment in moments)),
            float(max(seconds, default=0)),
            float(sum(seconds)),
            float(sum(len(interaction.text) for interaction in interactions)),
            *(float(kinds[kind]) for kind in InteractionKind),
            *(float(speakers[speaker]) for speaker in Speaker),
        ]

    def _number(self, field: FieldTemplate, value: FieldValue, as_of: datetime) -> float:
        if value is None:
            return _UNKNOWN
        match field.kind:
            case FieldKind.CATEGORY:
                return _code(self._codes[field.field], str(value))
            case FieldKind.DATE:
                return _days(_moment(value), as_of)
            case FieldKind.FLAG:
                return float(str(value).strip().lower() in {"true", "yes", "1"})
            case _:
                return _finite(value)


def _won(examples: Sequence[TrainingExample]) -> NDArray[np.bool_]:
    return np.array([example.outcome.won for example in examples], dtype=np.bool_)


def _common_values(name: str, snapshots: Sequence[LeadSnapshot]) -> dict[str, float]:
    counts = Counter(str(value) for snapshot in snapshots if (value := snapshot.fields.get(name)) is not None)
    return {value: float(code) for code, (value, _) in enumerate(counts.most_common(_MOST_CATEGORIES))}


def _code(codes: Mapping[str, float], value: str) -> float:
    return codes.get(value, _UNKNOWN)


def _moment(value: FieldValue) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _days(moment: datetime | None, as_of: datetime) -> float:
    return _UNKNOWN if moment is None else (as_of - moment).total_seconds() / 86_400


def _finite(value: FieldValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _UNKNOWN
    try:
        return float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return _UNKNOWN
