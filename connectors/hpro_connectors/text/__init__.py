"""Text as a CRM holds it, to text as a person wrote it: no HTML, no quoted mail, no signature."""

from __future__ import annotations

import html
import re

from hpro_connectors.text.html_text import html_to_text, looks_like_html
from hpro_connectors.text.own_words import own_words

__all__ = ["clean_crm_text"]

_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters, halves of surrogate pairs (no database takes them), and marks without width.
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\u200b\u2060\ufffe\uffff]")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n{3,}")


def clean_crm_text(raw: str) -> str:
    """Give what a person wrote in a text of a CRM.

    HTML becomes plain text; quoted mail, signatures, NUL bytes and control characters go; lines stay lines. Takes
    time in proportion to the length, and never fails.

    Args:
        raw: Any text.

    Returns:
        The text, without blank lines at either end; empty when nothing of one's own is in it.
    """
    text = _visible(raw)
    is_html = looks_like_html(text)
    if is_html:
        lines = _visible(html_to_text(text)).split("\n")
        text = _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines))
    elif _ENTITY.search(text):
        text = _visible(html.unescape(text))
    return own_words(text, from_html=is_html)


def _visible(text: str) -> str:
    return _INVISIBLE.sub("", _LINE_END.sub("\n", text)).replace("\xa0", " ")
