"""Learning a template's number edges and category lists from the training split."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.rendering.quantiles import learn_edges
from hpro_sdk.rendering.template import FieldTemplate, Template
from hpro_sdk.rendering.text import clean_text, mask_personal

MIN_CATEGORY_COUNT = 20
"""A category value seen less often is not stored: it may name a person, and says little."""
MAX_CATEGORIES = 200
MAX_CATEGORY_LENGTH = 60


def fit_template(template: Template, snapshots: Iterable[LeadSnapshot]) -> Template:
    """Give the template with number edges and category lists learnt.

    Args:
        template: Fields, labels and budgets; learnt parts are replaced.
        snapshots: Of the training split only.
    """
    numbers: dict[str, list[float]] = {f.field: [] for f in template.fields if f.kind is FieldKind.NUMBER}
    values: dict[str, Counter[str]] = {f.field: Counter() for f in template.fields if f.kind is FieldKind.CATEGORY}
    for snapshot in snapshots:
        for name, seen in numbers.items():
            value = snapshot.fields.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                with contextlib.suppress(OverflowError):  # shown as unknown too
                    seen.append(float(value))
        for name, counted in values.items():
            value = snapshot.fields.get(name)
            if value is not None:
                counted[clean_text(str(value))] += 1
    fitted = tuple(_fit_field(field, numbers, values) for field in template.fields)
    return template.model_copy(update={"fields": fitted})


def _fit_field(field: FieldTemplate, numbers: dict[str, list[float]], values: dict[str, Counter[str]]) -> FieldTemplate:
    if field.kind is FieldKind.NUMBER:
        return field.model_copy(update={"edges": learn_edges(numbers[field.field])})
    if field.kind is FieldKind.CATEGORY:
        frequent = [
            value
            for value, count in sorted(values[field.field].items(), key=lambda item: (-item[1], item[0]))
            if count >= MIN_CATEGORY_COUNT and 0 < len(value) <= MAX_CATEGORY_LENGTH and mask_personal(value) == value
        ]
        return field.model_copy(update={"categories": tuple(sorted(frequent[:MAX_CATEGORIES]))})
    return field
