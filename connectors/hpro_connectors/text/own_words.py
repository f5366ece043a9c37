"""What a mail says itself: without the mails that it quotes and without signatures, in the usual languages."""

from __future__ import annotations

import re

_LONGEST_LINE = 400  # of what a mail program writes; a longer one is a person's
_HEADER_LINES = 6

_DATE = re.compile(r"[\d,]")  # "On Monday, Ann wrote:", but not "On the phone he wrote:"
_BY_A_PROGRAM = re.compile(r"@|\b(?:19|20)\d\d\b")
_INTRODUCTIONS = {
    "on ": re.compile(r"\bwrote\s?:$", re.IGNORECASE),
    "am ": re.compile(r"\bschrieb\b[^:]{0,200}:$", re.IGNORECASE),
    "le ": re.compile(r"\ba écrit\s?:$", re.IGNORECASE),
    "el ": re.compile(r"\bescribió\s?:$", re.IGNORECASE),
    "il ": re.compile(r"\bha scritto\s?:$", re.IGNORECASE),
    "em ": re.compile(r"\bescreveu\s?:$", re.IGNORECASE),
    "op ": re.compile(r"\bschreef\b[^:]{0,200}:$", re.IGNORECASE),
}
_DIVIDER = re.compile(
    r"-{2,10} ?(?:original message|ursprüngliche nachricht|message d['\u2019]origine|mensaje original"
    r"|messaggio originale|mensagem original|oorspronkelijk bericht) ?-{2,10}",
    re.IGNORECASE,
)
_SENDER = re.compile(r"\*?(?:from|von|de|da|van)\s?:\*?\s", re.IGNORECASE)
_OTHER_HEADER = re.compile(
    r"(?:^|[\s*])(?:sent|date|subject|gesendet|datum|betreff|envoyé|objet|enviado|fecha|asunto|inviato|oggetto|data"
    r"|assunto|verzonden|onderwerp)\s?:",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_-]{5,200}")
_MOBILE = re.compile(
    r"(?:sent from (?:my|mail for|yahoo|outlook|proton)\b.{0,80}|get outlook for\b.{0,40}"
    r"|(?:diese nachricht wurde )?von mein\w{1,4} \S.{0,60} gesendet\.?|gesendet (?:mit|von)\b.{0,80}"
    r"|envoyé (?:de|depuis) m\w{1,3} .{0,60}|enviado (?:desde|do) (?:mi|meu)\b.{0,60}|inviato da(?:l mio)? \S.{0,60}"
    r"|verzonden vanaf mijn\b.{0,60})",
    re.IGNORECASE,
)


def own_words(text: str, *, from_html: bool) -> str:
    """Leave out quoted mail and signatures.

    A line such as "On 3 March 2026, Ann wrote:" ends the text, unless quoted lines (">") follow it: then only they
    go, and an answer below them stays. Above everything else, where a person's own note may begin in the same way,
    it must hold an address or a year, or quoted lines must follow. "-- " on a line ends the text, as mail programs
    agreed on long ago.

    Args:
        text: Plain text.
        from_html: Whether it was HTML, where "-- " has lost its blank.

    Returns:
        The rest, line by line, without blank lines at either end.
    """
    lines = text.split("\n")
    kept: list[str] = []
    has_words = False
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if line.startswith(">"):
            at += 1
            continue
        introduction = _introduction_lines(lines, at)
        if introduction:
            following = next(
                (one.strip() for one in lines[at + introduction : at + introduction + 3] if one.strip()), ""
            )
            if following.startswith(">"):
                at += introduction
                continue
            if has_words or _BY_A_PROGRAM.search(" ".join(lines[at : at + introduction])):
                break
        if _DIVIDER.fullmatch(line) or (has_words and _is_header(lines, at)):
            while kept and (not kept[-1].strip() or _RULE.fullmatch(kept[-1].strip())):
                kept.pop()
            break
        if lines[at] == "-- " or (from_html and line == "--"):
            break
        if not (len(line) <= _LONGEST_LINE and _MOBILE.fullmatch(line)):
            kept.append(lines[at])
            has_words = has_words or bool(line)
        at += 1
    return _without_blank_ends(kept)


def _introduction_lines(lines: list[str], at: int) -> int:
    """Give over how many lines an introduction of a quoted mail runs, 0 when there is none."""
    line = lines[at].lstrip()
    ending = _INTRODUCTIONS.get(line[:3].lower())
    if ending is None:
        return 0
    joined = ""
    for count, part in enumerate(lines[at : at + 3], start=1):
        joined = f"{joined} {part.strip()}".strip()
        if len(joined) > _LONGEST_LINE:
            return 0
        if ending.search(joined) and _DATE.search(joined):
            return count
    return 0


def _is_header(lines: list[str], at: int) -> bool:
    """Say whether a copied mail head begins here: a sender, and soon a date or subject."""
    line = lines[at].strip()
    if len(line) > _LONGEST_LINE or not _SENDER.match(line):
        return False
    block = [line]
    for following in lines[at + 1 : at + _HEADER_LINES]:
        if not following.strip():
            break
        block.append(following[:_LONGEST_LINE])
    return any(_OTHER_HEADER.search(one) for one in block)


def _without_blank_ends(lines: list[str]) -> str:
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return "\n".join(lines[start:end]).rstrip()
