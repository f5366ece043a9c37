"""What `hpro doctor` prints: one table a CRM, its remedies beneath the findings, or JSON."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator

import click

from hpro_connectors.cli.problems import count_words
from hpro_connectors.doctor import Level, exit_code_of
from hpro_connectors.orgs.doctor import Checkup
from hpro_sdk.cli.output import terminal_safe

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red", Level.FATAL: "red"}
_NARROWEST, _WIDEST = 60, 120
_LABELS = {Level.OK: "Next: "}
_TO_DO = "To do: "
_COMMAND = re.compile(r"`[^`]*`")
_HARD_SPACE = "\N{NO-BREAK SPACE}"


def output_width() -> int:
    """Give how wide lines may be: as the terminal is, within reason."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST), _WIDEST)


def checkup_lines(name: str, checkup: Checkup, width: int) -> Iterator[str]:
    """Give the table of a CRM, line by line; colours are for terminals only.

    Args:
        name: Of its table in the configuration.
        checkup: What was found.
        width: Characters of a line.
    """
    org = "" if checkup.identity is None else f", {checkup.identity.name} ({checkup.identity.org_id})"
    yield terminal_safe(f"{name}{org}")
    of_level = max(len(level.value) for level in Level)
    of_area = max((len(finding.area) for finding in checkup.findings), default=0)
    indent = " " * (of_level + of_area + 6)
    for finding in checkup.findings:
        level = click.style(f"{finding.level.value:<{of_level}}", fg=_COLOURS[finding.level])
        text = _wrapped(finding.seen, width - len(indent))
        if finding.remedy:
            label = _LABELS.get(finding.level, _TO_DO)
            rest = _wrapped(finding.remedy, width - len(indent) - len(label))
            text += [f"{label if place == 0 else ' ' * len(label)}{line}" for place, line in enumerate(rest)]
        yield f"  {level}  {terminal_safe(finding.area):<{of_area}}  {text[0]}"
        yield from (f"{indent}{line}" for line in text[1:])
    yield _verdict(checkup)


def checkup_json(checkup: Checkup) -> dict[str, object]:
    """Give an examined CRM for programs.

    Args:
        checkup: What was found.
    """
    return {
        "exit_code": exit_code_of(checkup.findings),
        "org": checkup.identity,
        "findings": checkup.findings,
    }


def _verdict(checkup: Checkup) -> str:
    counts = Counter(finding.level for finding in checkup.findings)
    if counts[Level.FATAL]:
        return "There is no way into the CRM."
    parts = [count_words(counts[level], level.value) for level in (Level.PROBLEM, Level.WARNING) if counts[level]]
    return f"{' and '.join(parts)}." if parts else "All is fine."


def _wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines, and no command, which people copy."""
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", _HARD_SPACE), terminal_safe(text))
    lines = textwrap.wrap(whole, width, break_on_hyphens=False) or [""]
    return [line.replace(_HARD_SPACE, " ") for line in lines]
