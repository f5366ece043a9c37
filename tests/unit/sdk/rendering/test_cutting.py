from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hpro_sdk.rendering.cutting import CUT_MARK, fit_text
from hpro_sdk.rendering.text import clean_text
from hpro_sdk.rendering.tokenizer import Encoder

LINES = st.text(max_size=400).map(clean_text) | st.text("ab \u4f60\U0001f600", max_size=2000).map(clean_text)
BUDGETS = st.integers(8, 200)


@given(text=LINES, budget=BUDGETS)
@example(text="", budget=8)
@example(text="\U0001f600" * 500, budget=8)
def test_a_text_stays_within_its_budget(tokenizer: Encoder, text: str, budget: int) -> None:
    fitted = fit_text(text, budget, tokenizer)
    assert len(fitted.token_ids) <= budget
    assert list(fitted.token_ids) == list(tokenizer.encode(fitted.text))
    assert fitted.text[0] == " "
    assert fitted.text[-1] == "\n"
    assert "\n" not in fitted.text[:-1]


@given(text=LINES, budget=BUDGETS)
def test_only_a_text_that_does_not_fit_is_cut(tokenizer: Encoder, text: str, budget: int) -> None:
    fitted = fit_text(text, budget, tokenizer)
    whole = f" {text}\n"
    assert fitted.was_cut == (len(tokenizer.encode(whole)) > budget)
    if not fitted.was_cut:
        assert fitted.text == whole


@given(text=LINES, budget=BUDGETS)
@example(text="ab " * 600 + "ab", budget=100)
def test_a_cut_text_keeps_its_beginning_and_its_end_and_shows_the_cut(
    tokenizer: Encoder, text: str, budget: int
) -> None:
    fitted = fit_text(text, budget, tokenizer)
    if not fitted.was_cut:
        return
    head, mark, tail = fitted.text.partition(f" {CUT_MARK}")
    assert mark
    head, tail = head.strip(), tail.strip()
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) < len(text)


@pytest.mark.parametrize("filler", ["word ", "\u4f60", "\U0001f600", "-" * 7])
def test_two_thirds_of_what_stays_are_the_beginning_and_the_room_is_used(tokenizer: Encoder, filler: str) -> None:
    text = f"BEGIN {filler * 3000} END"
    fitted = fit_text(text, 240, tokenizer)
    head, _, tail = fitted.text.partition(CUT_MARK)
    assert head.startswith(" BEGIN ")
    assert tail.endswith(" END\n")
    assert 1.5 < len(head) / len(tail) < 3
    assert len(fitted.token_ids) > 120


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f600" * 100_000,
        "a" * 100_000,
        "a b " * 25_000,
        "\u0301" * 100_000,
        ("a" * 50 + " ") * 2000,
        "9" * 100_000,
    ],
)
@pytest.mark.parametrize("budget", [8, 64, 4096])
def test_hostile_text_is_cut_quickly(tokenizer: Encoder, text: str, budget: int) -> None:
    start = time.process_time()
    fitted = fit_text(text, budget, tokenizer)
    assert time.process_time() - start < 2
    assert fitted.was_cut
    assert len(fitted.token_ids) <= budget


def test_a_long_text_is_shortened_before_it_is_tokenised(byte_tokenizer: Encoder) -> None:
    longest = 0

    class Watching:
        def encode(self, text: str) -> list[int]:
            nonlocal longest
            longest = max(longest, len(text))
            return list(byte_tokenizer.encode(text))

    fit_text("a" * 1_000_000, 16, Watching())
    assert longest < 500
