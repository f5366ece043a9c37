from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hpro_sdk.rendering.quantiles import QUANTILE_WORDS, format_number, learn_edges, quantile_word

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SAMPLES = st.lists(FINITE | st.integers(-3, 3).map(float), min_size=1, max_size=40)


@given(SAMPLES)
@example([-1.7e308, 1.7e308] * 3)
def test_learnt_edges_are_nine_finite_numbers_that_do_not_decrease(values: list[float]) -> None:
    edges = learn_edges(values)
    assert len(edges) == 9
    assert all(math.isfinite(edge) for edge in edges)
    assert list(edges) == sorted(edges)


def test_no_values_give_no_edges() -> None:
    assert learn_edges([]) == ()


def test_each_word_stands_for_a_tenth_of_the_leads() -> None:
    values = [float(value) for value in range(1000)]
    edges = learn_edges(values)
    assert Counter(quantile_word(value, edges) for value in values) == dict.fromkeys(QUANTILE_WORDS, 100)
    assert edges[0] == pytest.approx(99.9)


@given(SAMPLES, FINITE, FINITE)
def test_a_word_never_gets_lower_as_the_value_rises(sample: list[float], one: float, other: float) -> None:
    edges = learn_edges(sample)
    low, high = (QUANTILE_WORDS.index(quantile_word(value, edges)) for value in sorted((one, other)))
    assert low <= high


@pytest.mark.parametrize(
    ("zeros", "word"),
    [(1.0, "lower middle"), (0.9, "lower middle"), (0.55, "low"), (0.05, "lowest")],
)
def test_a_value_that_many_share_gets_the_word_of_their_middle(zeros: float, word: str) -> None:
    many = round(1000 * zeros)
    edges = learn_edges([0.0] * many + [float(value) for value in range(1, 1001 - many)])
    assert quantile_word(0.0, edges) == word


def test_what_is_beyond_all_edges_gets_the_outer_words() -> None:
    edges = tuple(float(edge) for edge in range(9))
    assert (quantile_word(-1e9, edges), quantile_word(1e9, edges)) == ("lowest", "highest")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (7.0, "7"),
        (-7.0, "-7"),
        (0.5, "0.5"),
        (0.10, "0.1"),
        (1530.0, "1530"),
        (1534.9, "1530"),
        (999.6, "1000"),
        (100.4, "100"),
        (0.00012345, "0.000123"),
        (0.0000999951, "0.0001"),
        (0.00001, "1e-05"),
        (9_990_000.0, "9990000"),
        (9_999_999.0, "1e+07"),
        (2e9, "2e+09"),
        (-1.2345e-308, "-1.23e-308"),
    ],
)
def test_a_number_is_written_plainly_where_that_is_short(value: float, text: str) -> None:
    assert format_number(value) == text


@given(FINITE.filter(lambda value: 1e-300 < abs(value) < 1.7e308))
def test_a_written_number_is_the_number_to_three_digits(value: float) -> None:
    text = format_number(value)
    assert len(text) <= len("-1.23e-308")
    assert float(text) == pytest.approx(value, rel=0.005)
