"""Log records of commands: text for people, JSON lines for machines, always on stderr."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from hpro_sdk.cli.logging_setup import configure_logging, level_of

logger = logging.getLogger("hpro_sdk.tests")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_levels() -> None:
    assert [level_of(count) for count in range(4)] == [logging.WARNING, logging.INFO, logging.DEBUG, logging.DEBUG]


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(1)
    logger.info("leads scored", extra={"event": "scored", "leads": 3, "share": float("nan"), "path": object})
    logger.debug("not shown")
    out, err = capsys.readouterr()
    assert out == ""
    entry = json.loads(err)
    assert entry.pop("at").endswith("+00:00")
    assert entry == {
        "level": "info",
        "logger": "hpro_sdk.tests",
        "message": "leads scored",
        "event": "scored",
        "leads": 3,
        "share": "nan",
        "path": "<class 'object'>",
    }


def test_json_line_with_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(0)
    try:
        raise ValueError("odd")  # noqa: TRY301 - the record needs a live exception
    except ValueError:
        logger.exception("failed")
    exception = json.loads(capsys.readouterr().err)["exception"]
    assert exception.startswith("Traceback (most recent call last):")
    assert exception.endswith("ValueError: [masked]")


def test_text_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configure_logging(1)
    logger.info("lead scored", extra={"lead_id": "1\x1b[31m"})
    assert terminal.getvalue().endswith("info    lead scored lead_id=1\\x1b[31m\n")


def test_set_up_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(0)
    configure_logging(1)
    logger.info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_other_libraries_stay_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(2)
    logging.getLogger("urllib3").info("https://example.com/?token=1")
    assert capsys.readouterr().err == ""
