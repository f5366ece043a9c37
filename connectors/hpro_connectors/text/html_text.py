"""HTML of mails and notes as plain text, without the mail that it quotes."""

from __future__ import annotations

import html
import re

from inscriptis import get_text  # type: ignore[import-untyped]
from inscriptis.css_profiles import STRICT_CSS_PROFILE  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]

# Beyond these libxml2 drops text without a word, and indented lists grow faster than their source.
_MAX_DEPTH = 40
_MAX_TAGS = 20_000

_SPACES = re.compile(r"\s+")

_TAG_NAMES = (
    "a|abbr|address|article|b|big|blockquote|body|br|center|code|dd|div|dl|dt|em|font|footer|form|h[1-6]|head|header"
    "|hr|html|i|img|ins|del|li|link|main|meta|o:p|ol|p|pre|s|script|section|small|span|strike|strong|style|sub|sup"
    "|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul"
)
_HTML_TAG = re.compile(rf"<(?:!doctype|!--|/?(?:{_TAG_NAMES})(?=[\s/>])[^<>]*>)", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9:]*)([^<>]*)>", re.IGNORECASE)
_NO_TEXT = re.compile(
    r"<!--.*?(?:-->|\Z)|<![^<>]*>|<(script|style|title)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_ATTRIBUTES_READ = 2_000
_HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none", re.IGNORECASE)
_QUOTE = re.compile(
    r"\b(?:gmail_quote|gmail_signature|moz-cite-prefix|moz-signature|yahoo_quoted|protonmail_quote)\b", re.IGNORECASE
)
_REST_IS_QUOTE = re.compile(r"\b(?:divRplyFwdMsg|appendonsend)\b", re.IGNORECASE)
_CITE = re.compile(r"\bcite\b", re.IGNORECASE)

_BLOCKS = re.compile(
    r"address|article|blockquote|br|center|d[dtl]|div|footer|form|h[1-6]|header|hr|li|main|[ou]l|p|pre|section"
)
_WITHOUT_DEPTH = re.compile(r"area|base|br|col|d[dt]|hr|img|input|li|link|meta|p|wbr")
# Tables lay mails out; their cells padded to columns would be longer than the text, without any bound.
_RENAMED = {"table": "div", "tbody": "div", "thead": "div", "tfoot": "div", "tr": "div", "td": "span", "th": "span"}


def looks_like_html(text: str) -> bool:
    """Say whether a text holds at least one tag that HTML knows; ``<anna@example.org>`` is none.

    Args:
        text: Any text.
    """
    return _HTML_TAG.search(text) is not None


def html_to_text(source: str) -> str:
    """Turn HTML into text, in time in proportion to its length; never fails.

    Every attribute is dropped on the way, because CSS lengths can ask for millions of blank lines; what is hidden,
    quoted or a signature by its attributes is left out.

    Args:
        source: HTML or a part of it, without halves of surrogate pairs.
    """
    source = _NO_TEXT.sub("", source)
    tame: list[str] = []
    plain: list[str] = []
    depth = deepest = tags = end = 0
    skipped_tag, skipped_depth = "", 0
    for match in _TAG.finditer(source):
        if not skipped_tag:
            _add_text(source[end : match.start()], tame, plain)
        end = match.end()
        closing, name, attributes = match[1], match[2].lower(), match[3][:_ATTRIBUTES_READ]
        tags += 1
        if skipped_tag:
            if name == skipped_tag:
                skipped_depth += -1 if closing else 1
                skipped_tag = skipped_tag if skipped_depth else ""
            continue
        if not closing and _REST_IS_QUOTE.search(attributes):
            end = len(source)
            break
        if not closing and _is_left_out(name, attributes):
            if not _WITHOUT_DEPTH.fullmatch(name):
                skipped_tag, skipped_depth = name, 1
            continue
        if not _WITHOUT_DEPTH.fullmatch(name):
            depth = max(0, depth - 1) if closing else depth + 1
            deepest = max(deepest, depth)
        cell_end = " " if closing and name in {"td", "th"} else ""
        name = _RENAMED.get(name, name)
        tame.append(f"<{closing}{name}>{cell_end}")
        plain.append("\n" if _BLOCKS.fullmatch(name) else cell_end)
    if not skipped_tag:
        _add_text(source[end:], tame, plain)
    if deepest <= _MAX_DEPTH and tags <= _MAX_TAGS:
        try:
            return str(get_text("".join(tame), ParserConfig(css=STRICT_CSS_PROFILE)))
        except Exception:  # noqa: BLE001, S110 - whatever the parser trips over, the tags can still be left out
            pass
    return html.unescape("".join(plain))


def _add_text(text: str, tame: list[str], plain: list[str]) -> None:
    tame.append(text)
    plain.append(_SPACES.sub(" ", text))


def _is_left_out(name: str, attributes: str) -> bool:
    if _QUOTE.search(attributes) or _HIDDEN.search(attributes):
        return True
    return name == "blockquote" and _CITE.search(attributes) is not None
