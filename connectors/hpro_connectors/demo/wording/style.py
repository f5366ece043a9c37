"""How people type: telegram style, typing errors, emoji, HTML, quoted mail, signatures.

None of it says anything about the lead that its meanings do not say.
"""

from __future__ import annotations

import html
import random

from hpro_connectors.demo.simulator.org_effects import Rep

_EMOJI = ("🙂", "👍", "📞", "🤔", "☕", "📅", "🚗", "✅")
_SHORT = (
    (" and ", " & "),
    (" with ", " w/ "),
    ("customer", "cust."),
    ("tomorrow", "tmrw"),
    ("because", "bc"),
    ("appointment", "appt"),
    ("the ", ""),
)
_MONTHS = ("Jan", "Mar", "May", "Jun", "Sep", "Nov")
_MOBILE = ("Sent from my iPhone", "Sent from my mobile device", "Gesendet von meinem iPhone")


def sentence(clause: str) -> str:
    """Make a clause a sentence."""
    text = clause[:1].upper() + clause[1:]
    return text if text.endswith(("?", "!", ".")) else f"{text}."


def mistype(text: str, rate: float, draw: random.Random) -> str:
    """Swap, drop or double characters, ``rate`` of them."""
    if rate <= 0:
        return text
    typed: list[str] = []
    skip = False
    for position, char in enumerate(text):
        if skip:
            skip = False
            continue
        if char.isalpha() and draw.random() < rate:
            error = draw.randrange(3)
            if error == 0 and position + 1 < len(text):
                typed.extend((text[position + 1], char))
                skip = True
            elif error == 1:
                typed.extend((char, char))
            # else the character is left out
        else:
            typed.append(char)
    return "".join(typed)


def rep_text(sentences: list[str], rep: Rep, draw: random.Random) -> str:
    """Type sentences as a rep does."""
    terse = draw.random() < rep.terse
    text = " ".join(sentences)
    if terse:
        for long, short in _SHORT:
            text = text.replace(long, short)
        text = "; ".join(part.rstrip(".") for part in text.split(". "))
    text = mistype(text, rep.typos, draw)
    if draw.random() < rep.emoji:
        text = f"{text} {draw.choice(_EMOJI)}"
    if rep.html:
        return f"<p>{html.escape(text)}</p><p>&nbsp;</p>"
    return text


def lead_mail(body: str, quoted: str | None, rep: Rep, draw: random.Random) -> str:
    """Write a lead's mail: plain or HTML, often with what it answers below, sometimes signed by the telephone."""
    body = mistype(body, draw.choice((0.0, 0.0, 0.0, 0.003, 0.012)), draw)
    as_html = draw.random() < 0.4
    parts = [body]
    if draw.random() < 0.15:
        parts.append(draw.choice(_MOBILE))
    if as_html:
        text = "<div>" + "<br>".join(html.escape(part) for part in parts) + "</div>"
        if quoted:
            text += f"<div>{_attribution(rep, draw)}</div><blockquote>{html.escape(quoted)}</blockquote>"
        return f"<html><body>{text}</body></html>"
    if quoted:
        parts.append(f"\n{_attribution(rep, draw)}\n> {quoted}")
    return "\n".join(parts)


def _attribution(rep: Rep, draw: random.Random) -> str:
    """The line that mail programs put above what they quote."""
    weekday = draw.choice(("Mon", "Tue", "Wed", "Thu", "Fri"))
    clock = f"{draw.randrange(8, 18):02}:{draw.randrange(60):02}"
    return f"On {weekday}, {draw.randrange(1, 29)} {draw.choice(_MONTHS)} 2026 at {clock}, {rep.name} wrote:"
