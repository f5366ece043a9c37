"""Which prompts go into one decode."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.scoring.packing import BatchArrays, pack

lengths = st.lists(st.integers(1, 40), max_size=60)


@given(lengths, st.integers(1, 64), st.integers(1, 8))
def test_runs_cover_all_prompts_in_order_and_fit(drawn: list[int], max_tokens: int, max_sequences: int) -> None:
    runs = list(pack(drawn, max_tokens, max_sequences))
    assert [index for run in runs for index in run] == list(range(len(drawn)))
    for run in runs:
        assert 1 <= len(run) <= max_sequences
        assert len(run) == 1 or sum(drawn[index] for index in run) <= max_tokens


@given(lengths.filter(bool), st.integers(2, 64), st.integers(2, 8))
def test_no_two_neighbouring_runs_would_fit_together(drawn: list[int], max_tokens: int, max_sequences: int) -> None:
    runs = list(pack(drawn, max_tokens, max_sequences))
    for left, right in itertools.pairwise(runs):
        first = drawn[right.start]
        assert sum(drawn[index] for index in left) + first > max_tokens or len(left) == max_sequences


def test_a_batch_marks_only_last_tokens_and_counts_positions_from_what_is_shared() -> None:
    arrays = BatchArrays(max_tokens=16, max_sequences=4)
    arrays.fill([(9, 9, 9, 9, 9, 9, 9)], first_position=0, first_sequence=0)  # left over from the decode before
    batch = arrays.fill([(5, 6, 7), (8,), (3, 4)], first_position=10, first_sequence=1)
    total = batch.n_tokens
    assert total == 6
    assert np.ctypeslib.as_array(batch.token, (total,)).tolist() == [5, 6, 7, 8, 3, 4]
    assert np.ctypeslib.as_array(batch.pos, (total,)).tolist() == [10, 11, 12, 10, 10, 11]
    assert np.ctypeslib.as_array(batch.logits, (total,)).tolist() == [0, 0, 1, 1, 0, 1]
    assert [batch.seq_id[token][0] for token in range(total)] == [1, 1, 1, 2, 3, 3]
    assert np.ctypeslib.as_array(batch.n_seq_id, (total,)).tolist() == [1] * 6
