"""Kendall's tau-b against its definition, pair by pair."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_quantize.parity import kendall_tau

PAIRS = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=30)


def by_definition(pairs: list[tuple[int, int]]) -> float:
    concordant = discordant = tied_first = tied_second = 0
    for (a, b), (c, d) in itertools.combinations(pairs, 2):
        tied_first += a == c
        tied_second += b == d
        concordant += (a - c) * (b - d) > 0
        discordant += (a - c) * (b - d) < 0
    total = math.comb(len(pairs), 2)
    return (concordant - discordant) / math.sqrt((total - tied_first) * (total - tied_second))


@given(PAIRS)
def test_it_is_what_its_definition_says(pairs: list[tuple[int, int]]) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert kendall_tau(first, second) == float(len(set(first)) == len(set(second)) == 1)
    else:
        assert kendall_tau(first, second) == pytest.approx(by_definition(pairs), abs=1e-12)


def test_the_ends_of_the_scale() -> None:
    assert kendall_tau([1, 2, 3], [10, 20, 30]) == pytest.approx(1.0)
    assert kendall_tau([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
