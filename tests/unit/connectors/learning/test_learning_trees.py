"""The trees that a model is compared with: they learn what numbers tell, and see no text."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import numpy as np

from hpro_connectors.learning.trees import Columns, rank_by_trees
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import FieldValue, Interaction, LeadSnapshot, Outcome, OutcomeResult, TrainingExample
from hpro_sdk.metrics import auc
from hpro_sdk.rendering import FieldTemplate, Template

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
FUNNEL = Funnel(stages=("new", "offer"))
TEMPLATE = Template(
    fields=(
        FieldTemplate(field="visits", label="visits", kind=FieldKind.NUMBER),
        FieldTemplate(field="source", label="source", kind=FieldKind.CATEGORY),
        FieldTemplate(field="asked", label="asked", kind=FieldKind.FLAG),
        FieldTemplate(field="met", label="met", kind=FieldKind.DATE),
        FieldTemplate(field="wish", label="wish", kind=FieldKind.TEXT),
    )
)


def example(number: int, fields: dict[str, FieldValue], *, won: bool = False, text: str = "") -> TrainingExample:
    note = Interaction(interaction_id=f"i{number}", text=text, occurred_at=AS_OF - timedelta(days=3))
    return TrainingExample(
        snapshot=LeadSnapshot(
            as_of=AS_OF,
            lead_id=f"L{number}",
            created_at=AS_OF - timedelta(days=number % 50),
            stage="offer" if number % 3 else "new",
            fields=fields,
            interactions=(note,),
        ),
        outcome=Outcome(result=OutcomeResult.WON if won else OutcomeResult.LOST),
        split="train",
    )


def drawn(count: int, seed: int) -> list[TrainingExample]:
    draw = random.Random(seed)
    made: list[TrainingExample] = []
    for number in range(count):
        visits, referred = draw.randrange(20), draw.random() < 0.3
        won = draw.random() < 0.05 + 0.4 * (visits > 10) + 0.4 * referred
        made.append(example(number, {"visits": visits, "source": "friend" if referred else "web"}, won=won))
    return made


def test_trees_learn_what_numbers_and_categories_tell() -> None:
    test = drawn(400, 3)
    scores = rank_by_trees(drawn(900, 1), drawn(300, 2), test, template=TEMPLATE, funnel=FUNNEL)
    assert auc(scores, [one.outcome.won for one in test]) > 0.75


def test_the_same_seed_gives_the_same_ranking() -> None:
    parts = (drawn(200, 1), drawn(100, 2), drawn(50, 3))
    first, second = (rank_by_trees(*parts, template=TEMPLATE, funnel=FUNNEL, seed=4) for _ in range(2))
    assert np.array_equal(first, second)


def test_values_that_do_not_fit_are_unknown() -> None:
    strange: dict[str, FieldValue] = {"visits": "many", "source": "never seen", "asked": None, "met": "2026", "wish": 1}
    fitting: dict[str, FieldValue] = {"visits": 3, "source": "web", "asked": True, "met": "2026-05-30T00:00:00+00:00"}
    columns = Columns(TEMPLATE, FUNNEL, [example(0, fitting).snapshot])
    odd, even = columns.table([example(1, strange), example(2, fitting)])
    assert np.isnan(odd[:4]).all()
    assert even[:4].tolist() == [3.0, 0.0, 1.0, 2.0]


def test_a_number_too_long_for_a_float_is_unknown() -> None:
    columns = Columns(TEMPLATE, FUNNEL, [example(0, {}).snapshot])
    assert np.isnan(columns.table([example(1, {"visits": 10**400})])[0, 0])


def test_words_change_nothing_but_the_length_of_text() -> None:
    columns = Columns(TEMPLATE, FUNNEL, [example(0, {}).snapshot])
    rows = columns.table([example(1, {"wish": "a"}, text="signed!"), example(1, {"wish": "b"}, text="nothing")])
    assert np.array_equal(rows[0], rows[1], equal_nan=True)
