from __future__ import annotations

import itertools
import math
import random
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hpro_sdk.errors import ConfigError, DataError, NonFiniteScoreError
from hpro_sdk.lead import Band, ScoredLead
from hpro_sdk.ranking import Bands, rank_leads, ranking_order, top_count

COARSE = st.integers(-3, 3).map(lambda number: number / 2)
FINITE = st.floats(-1e6, 1e6)


def scored_lead(
    lead_id: str, rank_score: float, stage: str | None = None, *, org_id: str = "local", object_type: str = "lead"
) -> ScoredLead:
    probability = 1 / (1 + math.exp(-rank_score))
    return ScoredLead(
        org_id=org_id,
        object_type=object_type,
        lead_id=lead_id,
        rank_score=rank_score,
        probability=probability,
        score=100 * probability,
        band=Band.D,
        stage=stage,
        model_id="m",
        scored_at=datetime(2026, 1, 1, tzinfo=UTC),
        input_hash="0",
    )


LEADS = st.lists(
    st.tuples(st.text(min_size=1, max_size=3), COARSE, st.sampled_from([None, "new", "meeting"])),
    unique_by=lambda lead: lead[0],
    max_size=8,
).map(lambda rows: [scored_lead(*row) for row in rows])


def test_order_is_best_first_and_ties_follow_the_lead_id_as_a_string() -> None:
    assert ranking_order([0.0, 2.0, 0.0, -0.0], ["9", "a", "10", "Z"]).tolist() == [1, 2, 0, 3]


def test_order_tells_ids_apart_that_numpy_does_not() -> None:
    assert ranking_order([0.0, 0.0], ["a\0", "a"]).tolist() == [1, 0]


def test_order_of_nothing_is_nothing() -> None:
    assert ranking_order([], []).tolist() == []


def test_order_keeps_the_input_order_of_equal_ids() -> None:
    assert ranking_order([1.0, 1.0, 1.0], ["b", "a", "a"]).tolist() == [1, 2, 0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_order_names_the_lead_whose_score_is_not_finite(bad: float) -> None:
    with pytest.raises(NonFiniteScoreError, match="lead b") as caught:
        ranking_order([1.0, bad], ["a", "b"])
    assert caught.value.context == {"lead_id": "b"}
    assert caught.value.hint


def test_order_refuses_other_lengths() -> None:
    with pytest.raises(ValueError, match=r"shape \(2,\).* 1 lead ids"):
        ranking_order([1.0, 2.0], ["a"])


@pytest.mark.parametrize(
    ("share", "n", "count"),
    [(0.01, 700, 7), (0.1, 30, 3), (0.001, 1849, 2), (0.001, 1, 1), (1, 5, 5), (0.1, 0, 0), (0.07, 100, 7)],
)
def test_top_count_rounds_up_the_exact_product(share: float, n: int, count: int) -> None:
    assert top_count(share, n) == count


@pytest.mark.parametrize("share", [0, -0.1, 1.01, math.nan])
def test_top_count_refuses_other_shares(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        top_count(share, 10)


@given(LEADS, st.randoms(use_true_random=False))
def test_no_lead_with_a_lower_rank_score_stands_above_another(leads: list[ScoredLead], rng: random.Random) -> None:
    ranked = rank_leads(leads)
    for above, below in itertools.pairwise(ranked):
        assert (-above.rank_score, above.lead_id) < (-below.rank_score, below.lead_id)
        assert above.probability >= below.probability
    assert [lead.rank for lead in ranked] == list(range(1, len(leads) + 1))
    shuffled = list(leads)
    rng.shuffle(shuffled)
    assert rank_leads(shuffled) == ranked


@given(LEADS)
def test_stage_ranks_count_within_a_stage(leads: list[ScoredLead]) -> None:
    ranked = rank_leads(leads)
    for stage in {lead.stage for lead in leads}:
        of_stage = [lead for lead in ranked if lead.stage == stage]
        size = None if stage is None else len(of_stage)
        places = [None] * len(of_stage) if stage is None else list(range(1, len(of_stage) + 1))
        assert [lead.stage_rank for lead in of_stage] == places
        assert {lead.stage_size for lead in of_stage} == {size}


def test_ranking_replaces_old_ranks_and_leaves_the_input_alone() -> None:
    stale = scored_lead("a", 1.0).model_copy(update={"rank": 7, "stage_rank": 7, "stage_size": 7})
    (fresh,) = rank_leads(iter([stale]))
    assert (fresh.rank, fresh.stage_rank, fresh.stage_size) == (1, None, None)
    assert stale.rank == 7


def test_equal_ids_of_two_objects_are_ordered_whatever_the_input_order() -> None:
    leads = [
        scored_lead("1", 0.0, object_type="lead"),
        scored_lead("1", 0.0, object_type="contact"),
        scored_lead("1", 0.0, org_id="a"),
    ]
    assert rank_leads(leads) == rank_leads(leads[::-1])


def test_ranking_refuses_a_score_that_is_not_finite() -> None:
    bad = scored_lead("b", 0.0).model_copy(update={"rank_score": math.nan})
    with pytest.raises(NonFiniteScoreError, match="lead b"):
        rank_leads([scored_lead("a", 0.0), bad])


@pytest.mark.parametrize(
    "edges", [(0.0, 1.0, -1.0), (1.0, 0.0, 0.5), (math.inf, 0.0, 0.0), (1.0, math.nan, 0.0), (1.0, 0.0)]
)
def test_bands_refuse_edges_that_rise_or_are_not_finite(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        Bands.model_validate({"edges": edges})


def test_an_edge_is_part_of_its_band() -> None:
    bands = Bands(edges=(2.0, 1.0, 0.0))
    scores = [2.5, 2.0, 1.9, 1.0, 0.0, -0.1]
    assert [bands.band_of(score) for score in scores] == [Band.A, Band.A, Band.B, Band.B, Band.C, Band.D]


@given(st.lists(FINITE, min_size=3, max_size=3), FINITE, FINITE)
def test_band_never_gets_worse_as_the_score_rises(edges: list[float], one: float, other: float) -> None:
    a, b, c = sorted(edges, reverse=True)
    bands = Bands(edges=(a, b, c))
    # "A" < "B" < "C" < "D": better bands sort first.
    assert bands.band_of(max(one, other)) <= bands.band_of(min(one, other))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_has_no_band(bad: float) -> None:
    with pytest.raises(NonFiniteScoreError):
        Bands(edges=(2.0, 1.0, 0.0)).band_of(bad)


def test_default_bands_hold_the_top_10_30_and_60_per_cent() -> None:
    scores = np.random.default_rng(0).permutation(1000) / 100
    bands = Bands.fit(scores)
    counts = {band: sum(bands.band_of(score) is band for score in scores) for band in Band}
    assert counts == {Band.A: 100, Band.B: 200, Band.C: 300, Band.D: 400}


@given(st.lists(COARSE, min_size=1, max_size=30))
def test_fitted_bands_hold_at_least_their_share_and_ties_go_up(scores: list[float]) -> None:
    bands = Bands.fit(scores)
    best_first = sorted(scores, reverse=True)
    for edge, share in zip(bands.edges, (0.1, 0.3, 0.6), strict=True):
        count = top_count(share, len(scores))
        assert sum(score >= edge for score in scores) >= count
        assert sum(score > edge for score in scores) < count
        assert edge in best_first


@pytest.mark.parametrize("shares", [(0.3, 0.1, 0.6), (0.0, 0.3, 0.6), (0.1, 0.3, 1.1)])
def test_fit_refuses_shares_that_fall_or_are_out_of_range(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError, match="shares"):
        Bands.fit([1.0, 2.0], shares)


def test_fit_refuses_no_scores_and_scores_that_are_not_finite() -> None:
    with pytest.raises(DataError, match="no validation scores"):
        Bands.fit([])
    with pytest.raises(NonFiniteScoreError, match="1 of 2"):
        Bands.fit([1.0, math.nan])


def test_bands_survive_json() -> None:
    bands = Bands.fit(np.random.default_rng(1).normal(size=77))
    assert Bands.model_validate_json(bands.model_dump_json()) == bands
