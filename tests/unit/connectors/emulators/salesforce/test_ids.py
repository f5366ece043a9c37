from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.salesforce.org.ids import long_id, make_id, suffix

SHORT = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)
NUMBERS = st.integers(0, 62**9 - 1)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("00D000000000062", "00D000000000062EAA"),  # D is the third of its five: 2 to the power of 2, the letter E
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaAAA"),
        ("AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA555"),
    ],
)
def test_the_suffix_says_which_letters_are_capitals(short: str, long: str) -> None:
    assert short + suffix(short) == long
    assert long_id(short) == long


@given(SHORT)
def test_an_id_of_18_characters_survives_the_loss_of_its_case(short: str) -> None:
    long = short + suffix(short)
    assert long_id(long) == long
    assert long_id(long.lower()) == long
    assert long_id(long.upper()) == long


@given(NUMBERS, NUMBERS)
def test_ids_sort_as_their_numbers_do(one: int, other: int) -> None:
    ids = [make_id("00Q", number) for number in (one, other)]
    assert (ids[0] < ids[1]) == (one < other)
    assert (ids[0] == ids[1]) == (one == other)


@given(NUMBERS)
def test_a_made_id_is_one(number: int) -> None:
    made = make_id("00T", number, instance="5g")
    assert len(made) == 18
    assert made.startswith("00T5g0")
    assert long_id(made) == made
    assert long_id(made[:15]) == made


@pytest.mark.parametrize("text", ["", "00Q", "00Q0000000000010", "00Q00000000000!", "00QHp0000000001ÄAA", "x" * 19])
def test_other_texts_are_no_ids(text: str) -> None:
    assert long_id(text) is None


def test_a_suffix_that_makes_a_digit_a_capital_is_wrong() -> None:
    assert long_id("000000000000000555") is None
    assert long_id("000000000000000-AA") is None


@pytest.mark.parametrize(("prefix", "number"), [("00Q", -1), ("00Q", 62**9), ("00", 1), ("00QQ", 1)])
def test_no_id_is_made_of_nonsense(prefix: str, number: int) -> None:
    with pytest.raises(ValueError, match="no id"):
        make_id(prefix, number)
