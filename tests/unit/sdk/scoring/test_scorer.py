"""The scorer around an engine: order, memory, one evaluation a prompt, and what it refuses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.errors import ModelFitError, NonFiniteScoreError, UnknownStageError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import Lead
from hpro_sdk.ranking import Bands
from hpro_sdk.rendering import FieldTemplate, RenderedPrompt, Template
from hpro_sdk.scoring.calibration import Calibration
from hpro_sdk.scoring.engine import Logits
from hpro_sdk.scoring.manifest import BaseModelOrigin, ScorerManifest, ScoreTokens
from hpro_sdk.scoring.scorer import CHUNK, Scorer

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
MANIFEST = ScorerManifest(
    template=Template(fields=(FieldTemplate(field="visits", label="visits", kind=FieldKind.NUMBER),), max_tokens=4096),
    funnel=Funnel(stages=("new", "offer"), values={"Offer sent": "offer"}),
    calibration=Calibration(convert_weight=1.0, rank_weight=0.5, bias=0.25),
    bands=Bands(edges=(2.0, 1.0, 0.0)),
    score_tokens=ScoreTokens(convert=1, rank=2),
    base=BaseModelOrigin(name="nano", licence="none"),
    training_report_digest="0" * 64,
)


class CountingEngine:
    """Scores a prompt by the number of its visits, and counts prompts."""

    def __init__(self, value: float | None = None) -> None:
        self.evaluated: list[str] = []
        self._value = value

    @property
    def tokenizer(self) -> CountingEngine:
        return self

    def encode(self, text: str) -> Sequence[int]:
        return list(text.encode())

    def token_text(self, token_id: int) -> str:
        return chr(token_id)

    def logits(self, prompts: Sequence[RenderedPrompt]) -> Logits:
        self.evaluated += [prompt.text for prompt in prompts]
        visits = [float(prompt.text.split("visits: ")[1].split()[0].replace("unknown", "0")) for prompt in prompts]
        return np.array([[visit if self._value is None else self._value, -visit] for visit in visits])


def lead(number: int, **given: Any) -> Lead:  # noqa: ANN401
    return Lead(lead_id=f"L{number}", fields={"visits": given.pop("visits", number)}, **given)


def scorer_with(engine: CountingEngine) -> Scorer:
    return Scorer(engine, MANIFEST, "hpro-test")


@given(st.lists(st.integers(0, 12), max_size=40))
def test_a_prompt_is_evaluated_once_and_equal_prompts_score_alike(visits: list[int]) -> None:
    engine = CountingEngine()
    scorer = scorer_with(engine)
    scored = list(scorer.score(lead(number, visits=value) for number, value in enumerate(visits)))
    assert scorer.model_calls == len(engine.evaluated) == len(set(visits))
    assert [item.lead_id for item in scored] == [f"L{number}" for number in range(len(visits))]
    assert len({(item.input_hash, item.rank_score) for item in scored}) == len(set(visits))


def test_equal_prompts_far_apart_are_still_evaluated_once() -> None:
    scorer = scorer_with(CountingEngine())
    scored = list(scorer.score(lead(number, visits=number % 3) for number in range(3 * CHUNK)))
    assert scorer.model_calls == 3
    assert len(scored) == 3 * CHUNK


def test_leads_stream_through() -> None:
    taken = 0

    def source() -> Iterator[Lead]:
        nonlocal taken
        for number in range(10 * CHUNK):
            taken += 1
            yield lead(number)

    first = next(iter(scorer_with(CountingEngine()).score(source())))
    assert first.lead_id == "L0"
    assert taken <= CHUNK


def test_numbers_follow_the_calibration() -> None:
    scored = next(iter(scorer_with(CountingEngine()).score([lead(4)], as_of=AS_OF)))
    assert scored.rank_score == pytest.approx(4.0 - 0.5 * 4.0 + 0.25)
    assert scored.probability == pytest.approx(1 / (1 + np.exp(-2.25)))
    assert scored.score == 100 * scored.probability
    assert scored.band == "A"
    assert (scored.model_id, scored.rank, scored.next_due_at) == ("hpro-test", None, None)


def test_age_words_make_a_lead_due() -> None:
    created = AS_OF - timedelta(hours=5)
    scored = next(iter(scorer_with(CountingEngine()).score([lead(1, created_at=created)], as_of=AS_OF)))
    assert scored.next_due_at == created + timedelta(days=1)


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["new", "offer", None])), max_size=30))
def test_no_lead_with_a_lower_rank_score_stands_above_another(drawn: list[tuple[int, str | None]]) -> None:
    leads = [lead(number, visits=visits, stage=stage) for number, (visits, stage) in enumerate(drawn)]
    ranked = scorer_with(CountingEngine()).rank(leads)
    assert [item.rank for item in ranked] == list(range(1, len(leads) + 1))
    for above, below in itertools.pairwise(ranked):
        assert above.rank_score >= below.rank_score
        assert above.score >= below.score
        assert above.band <= below.band
        assert above.rank_score > below.rank_score or above.lead_id < below.lead_id
    for stage in ("new", "offer"):
        inside = [item for item in ranked if item.stage == stage]
        assert [item.stage_rank for item in inside] == list(range(1, len(inside) + 1))
        assert all(item.stage_size == len(inside) for item in inside)
    assert all(item.stage_rank is None for item in ranked if item.stage is None)


def test_a_stage_is_read_through_the_funnel_of_the_model() -> None:
    scored = next(iter(scorer_with(CountingEngine()).score([lead(1, stage="Offer sent")])))
    assert scored.stage == "offer"
    with pytest.raises(UnknownStageError, match=r"Lead L1: The stage 'moon'.*Map it"):
        list(scorer_with(CountingEngine()).score([lead(1, stage="moon")]))


def test_a_model_scores_its_own_object_only() -> None:
    with pytest.raises(ModelFitError, match="'contact'; the model scores 'lead'") as caught:
        list(scorer_with(CountingEngine()).score([lead(1, object_type="contact")]))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_names_the_lead(value: float) -> None:
    with pytest.raises(NonFiniteScoreError, match="L7"):
        list(scorer_with(CountingEngine(value)).score([lead(7)]))


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        list(scorer_with(CountingEngine()).score([lead(1)], as_of=datetime(2026, 1, 1)))  # noqa: DTZ001
