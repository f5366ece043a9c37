"""Bands with a margin: no lead flaps, and none is ever further from the model's own band than the margin."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from hpro_connectors.engine.bands import SteadyBands
from hpro_sdk.lead import Band
from hpro_sdk.ranking import Bands
from hpro_sdk.scoring.calibration import Calibration

CALIBRATION = Calibration(convert_weight=1.0, rank_weight=0.0, bias=0.0)
ORDER = list(Band)

log_odds = st.floats(-8, 8)


def bands_at(found: list[float]) -> Bands:
    low, middle, high = sorted(found)
    return Bands(edges=(high, middle, low))


edges = st.lists(log_odds, min_size=3, max_size=3).map(bands_at)
margins = st.floats(0, 20)
befores = st.none() | st.sampled_from(Band)


def score_of(rank_score: float) -> float:
    return float(CALIBRATION.score(rank_score))


def rank_score_of(score: float) -> float:
    """Give a rank score whose score is about this one."""
    low, high = -30.0, 30.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if score_of(middle) < score else (low, middle)
    return high


def band(steady: SteadyBands, rank_score: float, before: Band | None) -> Band:
    return steady.band_of(rank_score, score_of(rank_score), before)


@given(bands=edges, margin=margins, rank_score=log_odds, before=befores)
def test_a_band_is_the_models_own_or_the_edges_between_are_within_the_margin(
    bands: Bands, margin: float, rank_score: float, before: Band | None
) -> None:
    own = bands.band_of(rank_score)
    given_band = band(SteadyBands(bands, CALIBRATION, margin), rank_score, before)
    low, high = sorted((ORDER.index(own), ORDER.index(given_band)))
    for edge in bands.edges[low:high]:
        assert abs(score_of(edge) - score_of(rank_score)) <= margin + 1e-9
    if before is None:
        assert given_band is own
    else:  # on the way from the band before to the model's own, both included
        between = sorted((ORDER.index(before), ORDER.index(own)))
        assert between[0] <= ORDER.index(given_band) <= between[1]


def test_edges_that_are_one_as_scores_lead_to_no_band_beyond_the_models_own() -> None:
    almost_nought = -4.8e-143
    bands = Bands(edges=(0.0, almost_nought, -1.0))
    assert band(SteadyBands(bands, CALIBRATION, 1.0), almost_nought, Band.C) is Band.B


@given(bands=edges, rank_score=log_odds, before=befores)
def test_without_a_margin_bands_are_the_models_own(bands: Bands, rank_score: float, before: Band | None) -> None:
    assert band(SteadyBands(bands, CALIBRATION, 0.0), rank_score, before) is bands.band_of(rank_score)


@given(bands=edges, margin=margins, rank_score=log_odds, before=befores)
def test_a_band_settles_at_once(bands: Bands, margin: float, rank_score: float, before: Band | None) -> None:
    steady = SteadyBands(bands, CALIBRATION, margin)
    first = band(steady, rank_score, before)
    assert band(steady, rank_score, first) is first


@given(bands=edges, margin=margins, lower=log_odds, higher=log_odds, before=befores)
def test_of_two_leads_that_had_the_same_band_the_better_one_gets_no_worse_band(
    bands: Bands, margin: float, lower: float, higher: float, before: Band | None
) -> None:
    assume(lower <= higher)
    steady = SteadyBands(bands, CALIBRATION, margin)
    assert ORDER.index(band(steady, higher, before)) <= ORDER.index(band(steady, lower, before))


@given(bands=edges, margin=st.floats(0.1, 20), rank_score=log_odds, share=st.floats(0, 0.98))
def test_a_score_that_wobbles_by_less_than_an_edges_margin_changes_no_band_twice(
    bands: Bands, margin: float, rank_score: float, share: float
) -> None:
    steady = SteadyBands(bands, CALIBRATION, margin)
    places = [100.0, *(score_of(edge) for edge in bands.edges), 0.0]
    widths = [
        min(margin, 0.25 * min(places[n] - places[n + 1], places[n + 1] - places[n + 2])) for n in range(len(ORDER) - 1)
    ]
    assume(min(widths) > 0.01)
    wobble = share * min(widths)
    score = score_of(rank_score)
    other = rank_score_of(min(99.9, score + wobble))
    assume(abs(score_of(other) - score) <= min(widths) * 0.99)
    settled = band(steady, other, band(steady, rank_score, None))
    assert band(steady, rank_score, settled) is settled
    assert band(steady, other, settled) is settled


@given(base=st.floats(0.3, 5), gap=st.floats(0.01, 1.0), margin=margins)
def test_where_few_are_won_leads_reach_every_band_all_the_same(base: float, gap: float, margin: float) -> None:
    """Edges at 0.3 to 8 %: a margin of points would be wider than the bands."""
    scores = (base + 2 * gap, base + gap, base)
    bands = Bands(edges=(rank_score_of(scores[0]), rank_score_of(scores[1]), rank_score_of(scores[2])))
    steady = SteadyBands(bands, CALIBRATION, margin)
    middles = {
        Band.A: scores[0] + gap,
        Band.B: scores[1] + gap / 2,
        Band.C: scores[2] + gap / 2,
        Band.D: base / 2,
    }
    for before in Band:
        for wanted, score in middles.items():
            assert band(steady, rank_score_of(score), before) is wanted


def test_a_band_is_left_when_the_score_passes_the_edge_by_the_margin() -> None:
    bands = Bands(edges=(rank_score_of(80.0), rank_score_of(50.0), rank_score_of(20.0)))
    steady = SteadyBands(bands, CALIBRATION, 1.5)
    assert band(steady, rank_score_of(81.0), Band.B) is Band.B
    assert band(steady, rank_score_of(81.6), Band.B) is Band.A
    assert band(steady, rank_score_of(79.0), Band.A) is Band.A
    assert band(steady, rank_score_of(78.4), Band.A) is Band.B
    assert band(steady, rank_score_of(19.0), Band.A) is Band.C  # past two edges, but not far enough past the third
    assert band(steady, rank_score_of(18.0), Band.A) is Band.D
    assert band(steady, rank_score_of(51.0), None) is Band.B
