"""JSON, tables and progress as commands print them."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.cli.output import print_json, print_table, progress, terminal_safe, to_json
from hpro_sdk.lead import Band, Lead, StageChange


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@given(st.text(alphabet=st.characters()))
def test_terminal_safe_leaves_nothing_that_acts(text: str) -> None:
    safe = terminal_safe(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in safe)
    safe.encode()


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_terminal_safe_leaves_plain_text_alone(text: str) -> None:
    assert terminal_safe(text) == text


def test_terminal_safe_shows_what_it_escapes() -> None:
    assert terminal_safe("a\x1b[2Jb\u202ec\nd") == "a\\x1b[2Jb\\u202ec\\nd"
    assert terminal_safe("a\n\tb\rc", keep_lines=True) == "a\n\tb\\rc"
    assert terminal_safe("Müller 🚗 李") == "Müller 🚗 李"


class Colour(StrEnum):
    RED = "red"


def test_to_json_takes_what_commands_hold() -> None:
    at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    value = {
        Colour.RED: Colour.RED,
        "set": {"b", "a"},
        "path": Path("a/b"),
        "numpy": [np.int64(3), np.float32(0.5)],
        "tuple": (1, None, True),
        "lead": Lead(lead_id="1", stage_changes=(StageChange(stage="new", at=at),)),
        "band": Band.A,
    }
    back = json.loads(to_json(value))
    assert back["red"] == "red"
    assert back["set"] == ["a", "b"]
    assert back["path"] == "a/b"
    assert back["numpy"] == [3, 0.5]
    assert back["tuple"] == [1, None, True]
    assert back["lead"]["stage_changes"] == [{"stage": "new", "at": "2030-01-02T03:04:05+00:00"}]
    assert back["band"] == "A"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float32("nan")])
def test_to_json_knows_no_nan(value: float) -> None:
    assert to_json({"x": value}, indent=None) == '{"x": null}'


def test_to_json_refuses_what_it_cannot_write() -> None:
    with pytest.raises(TypeError, match="a bytes has no form in JSON"):
        to_json(b"x")


@given(st.text(alphabet=st.characters()))
def test_to_json_keeps_every_text(text: str) -> None:
    written = to_json([text], indent=None)
    assert json.loads(written) == [text]
    assert not any(127 <= ord(char) < 160 for char in written)
    written.encode()


def test_print_json_is_utf8(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print_json({"name": "Müller"})
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == '{\n  "name": "Müller"\n}\n'.encode()


ROWS = [["1", 0.5, None], ["2\x1b[31m", 0.25, "a\tb"]]


def test_table_is_plain_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["lead", "score", "note"], ROWS, title="Leads")
    assert capsys.readouterr().out == "lead\tscore\tnote\n1\t0.5\t\n2\\x1b[31m\t0.25\ta\\tb\n"


def test_table_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "dumb")
    print_table(["lead", "score", "[b]note[/b]"], ROWS, title="Leads")
    drawn = terminal.getvalue()
    assert "Leads" in drawn
    assert "[b]note[/b]" in drawn
    assert "\\x1b[31m" in drawn


def test_table_without_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["lead"], [])
    assert capsys.readouterr().out == "lead\n"


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("scoring", total=2) as advance:
        advance(2)
    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("scoring", total=2) as advance:
        advance(1)
    assert "scoring" in terminal.getvalue()
    assert capsys.readouterr().out == ""
