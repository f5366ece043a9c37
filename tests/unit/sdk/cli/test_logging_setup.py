"""Log records of commands: text for people, JSON lines for machines, always on stderr."""

from __future__ import annotations

import io
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from hpro_sdk.cli.logging_setup import configure_logging, level_of
from hpro_sdk.log_context import log_context

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


@pytest.mark.parametrize(
    ("verbosity", "level", "shown"),
    [(0, "warning", 1), (0, "info", 2), (1, "warning", 2), (1, "debug", 3), (2, "warning", 3)],
)
def test_the_more_talkative_of_flag_and_configuration_wins(
    verbosity: int, level: str, shown: int, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(verbosity, level=level)
    logger.warning("a warning")
    logger.info("information")
    logger.debug("a detail")
    assert len(capsys.readouterr().err.splitlines()) == shown


def test_a_format_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(0, log_format="text")
    logger.warning("as text")
    assert capsys.readouterr().err.endswith("warning as text\n")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configure_logging(0, log_format="json")
    logger.warning("as JSON")
    assert json.loads(terminal.getvalue())["message"] == "as JSON"


def test_records_carry_the_fields_of_their_context(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(1)
    with log_context(run_id="r-1", crm="main", stream="Lead"):
        logger.info("inside", extra={"stream": "Task"})
        logging.getLogger("urllib3").warning("of another library")
    logger.info("outside")
    inside, other, outside = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (inside["run_id"], inside["crm"], inside["stream"]) == ("r-1", "main", "Task")
    assert "run_id" not in other
    assert "run_id" not in outside


def test_records_of_threads_carry_the_fields_of_their_own_context(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(1)

    def work(number: int) -> None:
        with log_context(run_id=f"r-{number}"):
            logger.info("working", extra={"number": number})

    with log_context(run_id="of the main thread"), ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(20)))
    entries = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(entries) == 20
    assert all(entry["run_id"] == f"r-{entry['number']}" for entry in entries)


def test_data_in_json_keep_their_shape(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(1)
    logger.info("counted", extra={"counts": {"read": 3, "shares": (0.5, float("inf"))}})
    assert json.loads(capsys.readouterr().err)["counts"] == {"read": 3, "shares": [0.5, "inf"]}
