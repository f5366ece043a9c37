from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hpro_sdk.rendering.text import clean_text, mask_personal

ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Mn"]))
BREAKS = [chr(code) for code in range(sys.maxunicode + 1) if len(f"a{chr(code)}b".splitlines()) > 1]


@given(ANY_TEXT)
@example("e\x00\u0301")
@example("\u0958  \u2126")
@example("a  b")
def test_text_becomes_one_normalised_line(text: str) -> None:
    clean = clean_text(text)
    assert len(clean.splitlines()) <= 1
    assert clean == clean.strip()
    assert unicodedata.is_normalized("NFC", clean)
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in clean)
    assert clean.split(" ") == clean.split() or clean == ""
    assert clean_text(clean) == clean
    clean.encode()


def test_every_line_break_of_unicode_becomes_a_space() -> None:
    assert {"\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"} == set(BREAKS)
    for character in BREAKS:
        assert clean_text(f"a{character}score: 100") == "a score: 100"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("  a \t b\u00a0\u3000c ", "a b c"),
        ("a\0b", "ab"),
        ("\0", ""),
        ("a\x1b[31mb\x7f", "a[31mb"),
        ("re\u0301sume\u0301", "r\u00e9sum\u00e9"),
        ("\u212b", "\u00c5"),
        ("a\ud800b", "ab"),
        ("\U0001f600 \u4f60\u597d", "\U0001f600 \u4f60\u597d"),
        ("x\r\n\r\ny", "x y"),
    ],
)
def test_cleaning_by_example(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail jo.doe+x@mail.example.com now", "mail @ now"),
        ("\u00fcnal@firma.de", "@"),
        ("call +49 (0)30 123-4567.", "call #."),
        ("5551234567", "#"),
        ("ring 030/1234567, or 0170 1234567", "ring #, or #"),
        ("a@b, 123456 and v12345678", "a@b, 123456 and v12345678"),
        ("no one", "no one"),
    ],
)
def test_mail_addresses_and_phone_numbers_are_masked(text: str, masked: str) -> None:
    assert mask_personal(text) == masked


@pytest.mark.parametrize("text", ["a" * 100_000, "1 " * 50_000, "a@" * 50_000, "+.-" * 30_000, "a." * 50_000])
def test_masking_takes_no_long_time_on_hostile_text(text: str) -> None:
    start = time.process_time()
    mask_personal(text)
    assert time.process_time() - start < 2
