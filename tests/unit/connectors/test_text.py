from __future__ import annotations

import sys
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hpro_connectors.text import clean_crm_text

HTML_PIECES = [
    "<div>",
    "</div>",
    "<p>",
    "<table><tr><td colspan=99999>",
    "</td>",
    "<ul><li>",
    '<blockquote type="cite">',
    "</blockquote>",
    '<p style="margin-top:99999em">',
    "<script>",
    "<!--",
    "&nbsp;",
    "&#0;",
    "&#xD800;",
    '<div class="gmail_quote">',
    '<?xml version="1.0" encoding="utf-16"?>',
    "<a href='x",
    "word",
    "\n",
    "-- \n",
    "> ",
    "On 3 May 2026 Ann wrote:\n",
    "From: x\nSent: y\n",
]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Called him.\r\nWants a quote.\r\n", "Called him.\nWants a quote."),
        ("  indented\n\n\n  kept", "  indented\n\n\n  kept"),
        ("if a < b and c > d, write to <ann@example.org>", "if a < b and c > d, write to <ann@example.org>"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("a\x00b\x07c\ud800d\ufeff\x85e", "abcd\ne"),
        ("<p>One</p><p>Two &amp; three</p>", "One\n\nTwo & three"),
        ("<div>Hello <b>Ann</b>,</div><div><br></div><div>yes</div>", "Hello Ann,\n\nyes"),
        ("<ul><li>one</li><li>two</li></ul>", "  * one\n  * two"),
        ("<table><tr><td>Seats</td><td>25</td></tr><tr><td>Price</td><td>10</td></tr></table>", "Seats 25\nPrice 10"),
        ("<style>p {}</style><script>x()</script><title>t</title><p>Text</p>", "Text"),
        ('<span style="display:none">preview</span>Text<br>', "Text"),
        ('<p style="margin-top: 90000em">near</p>', "near"),
        ("<div>" * 3000 + "deep", "deep"),
    ],
)
def test_text_is_kept_and_markup_is_not(raw: str, clean: str) -> None:
    assert clean_crm_text(raw) == clean


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 3 Jan 2026 at 10:12, Ann <ann@example.org> wrote:\n> old\n> words",
        "On Mon, 3 Jan 2026 at 10:12, A Very Long Name\n<ann@example.org> wrote:\nold words",
        "On Mon, 3 Jan 2026 at 10:12,\nA Very Long Name\n<ann@example.org> wrote:\n\nold words",
        "On Monday, Ann wrote:\n> old words",
        "Am 03.01.2026 um 10:12 schrieb Max Muster <max@example.org>:\nold words",
        "Am Mo., 3. Jan. 2026 schrieb Max:\n\n> old words",
        "Le lun. 3 janv. 2026 à 10:12, Luc <luc@example.org> a écrit :\nold words",
        "El lun, 3 ene 2026 a las 10:12, Ana (<ana@example.org>) escribió:\nold words",
        "Il giorno 3 gen 2026 alle 10:12 Ugo ha scritto:\nold words",
        "Em 3 de jan. de 2026, Ana escreveu:\nold words",
        "Op 3 jan. 2026 om 10:12 schreef Jan <jan@example.org>:\nold words",
        "-----Original Message-----\nFrom: Ann\nold words",
        "-----Ursprüngliche Nachricht-----\nold words",
        "-----Message d\u2019origine-----\nold words",
        "________________________________\nFrom: Ann\nSent: Monday\nTo: Bob\nSubject: Re\n\nold words",
        "Von: Max Gesendet: Montag, 3. Januar An: Ich\nold words",
        "De : Luc\nEnvoyé : lundi\nObjet : x\n\nold words",
        "*From:* Ann\n*Date:* Monday\nold words",
        "> old words",
    ],
)
def test_quoted_mail_is_cut(quoted: str) -> None:
    assert clean_crm_text(f"We take it.\n\n{quoted}\n") == "We take it."
    assert clean_crm_text(f"We take it.\r\n\r\n{quoted}\r\n") == "We take it."


@pytest.mark.parametrize(
    "quoted",
    [
        '<div class="gmail_quote"><div>On 3 Jan 2026 Ann wrote:</div><blockquote>old</blockquote></div>',
        '<blockquote type="cite"><div>old</div></blockquote>',
        '<div id="appendonsend"></div><hr><div>From: Ann</div><div>old</div>',
        '<div class="gmail_signature">Ann<br>CEO</div>',
        "<div>--&nbsp;</div><div>Ann</div>",
        "<div>Sent from my iPhone</div>",
    ],
)
def test_quoted_mail_and_signatures_in_html_are_cut(quoted: str) -> None:
    assert clean_crm_text(f"<div>We take it.</div>{quoted}") == "We take it."


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 3 Jan 2026 at 10:12, Ann wrote:\nold words",
        "\n\nOn Monday, 10:12, Ann <ann@example.org> wrote:\nold words",
        "On Monday, 10:12, Ann\n<ann@example.org> wrote:\nold words",
        "On Monday, 3 pm, Ann wrote:\n\n> old words",
    ],
)
def test_a_mail_that_only_quotes_says_nothing_itself(quoted: str) -> None:
    assert clean_crm_text(quoted) == ""


def test_an_answer_below_the_quoted_lines_stays() -> None:
    raw = "On 3 Jan 2026, Ann wrote:\n> Do you take it?\n\nYes, we do.\n"
    assert clean_crm_text(raw) == "Yes, we do."
    assert clean_crm_text("<blockquote type=cite><p>Do you?</p></blockquote><p>Yes.</p>") == "Yes."


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnn Example\n+49 30 1234",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verzonden vanaf mijn Samsung",
    ],
)
def test_signatures_are_cut(signature: str) -> None:
    assert clean_crm_text(f"We take it.\n\n{signature}") == "We take it."


@pytest.mark.parametrize(
    "note",
    [
        "On the phone he wrote:\nsend a quote",
        "On 3 May he called and wrote down our price: 25",
        "From: the fair\nHe liked it",
        "From: ann@example.org\nSent: today\nSubject: offer\n\nA mail that was logged as it is",
        "first\n--\nsecond part of a note",
        "Op zich interested",
        "On Monday, 3 pm we met and she wrote:\nplease call me next week",
        "On Monday, 3 pm we met\nand she wrote:\n\nplease call me",
        "Am 3. Mai kam er vorbei und schrieb dazu:\nzu teuer",
    ],
)
def test_what_only_resembles_a_quote_stays(note: str) -> None:
    assert clean_crm_text(note) == note


@given(st.text())
@example("<p>" + "&#1114112;")
def test_any_text_can_be_cleaned(raw: str) -> None:
    _check_clean(clean_crm_text(raw))


@given(st.lists(st.sampled_from(HTML_PIECES) | st.text(max_size=5), max_size=40).map("".join))
def test_any_html_can_be_cleaned(raw: str) -> None:
    _check_clean(clean_crm_text(raw))


def _check_clean(text: str) -> None:
    text.encode()  # no halves of surrogate pairs
    assert not any(ord(char) < 32 and char not in "\n\t" for char in text)
    assert text == text.rstrip()
    assert not text.startswith("\n")


@given(st.lists(st.from_regex(r"[a-z][a-z ,.!?]{0,30}[a-z]", fullmatch=True), min_size=1, max_size=8))
def test_plain_words_stay_word_for_word(lines: list[str]) -> None:
    lines = [f"w {line}" for line in lines]
    assert clean_crm_text("\n".join(lines)) == "\n".join(lines)


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a ",
        " style='",
        "<b>",
        "<div>x",
        "<ul><li>x",
        "<table><tr><td>x",
        "<!--",
        "<script>",
        "<script></script    ",
        "<a gmail_quote ",
        ">\n",
        "On 1\n",
        "From: x\n",
        "Am 1 schrieb ",
        "&#60;",
        "sent from my ",
        "-----\n",
        " ",
        "\n",
        "a",
        "(",
    ],
)
def test_hostile_text_takes_time_in_proportion(piece: str) -> None:
    for opening in ("<p>", ""):
        raw = opening + piece * (400_000 // len(piece))
        begun = time.process_time()
        clean_crm_text(raw)
        # Measured at most 0.3 s; anything quadratic takes minutes.
        assert time.process_time() - begun < 10


def test_nesting_beyond_the_recursion_limit_keeps_the_words() -> None:
    depth = sys.getrecursionlimit() * 3
    assert clean_crm_text("<b>" * depth + "word" + "</b>" * depth) == "word"
