"""Logging of the commands: set up once per process, on stderr; libraries never configure it.

Text on a terminal, one JSON object per line otherwise. A message is constant text and its data are in ``extra``,
so that JSON lines can be searched by field.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import sys
from datetime import UTC, datetime
from typing import IO, Literal

from hpro_sdk.cli.output import terminal_safe
from hpro_sdk.cli.redaction import data_of, masked_record
from hpro_sdk.log_context import log_fields

OUR_LOGGERS = ("hpro_sdk", "hpro_connectors", "hpro_quantize")


def level_of(verbosity: int) -> int:
    """Give the level of our own loggers: warnings, with ``-v`` information, with ``-vv`` everything."""
    return {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)


def configure_logging(
    verbosity: int, *, log_format: Literal["auto", "text", "json"] = "auto", level: str = "warning"
) -> None:
    """Send log records to stderr; calling it again replaces what the last call set up.

    Every record is masked first, see :mod:`hpro_sdk.cli.redaction`, and those of our loggers carry the fields of
    :func:`~hpro_sdk.log_context.log_context`. Other libraries stay at warnings whatever ``verbosity`` is: their debug
    records hold addresses and bodies of requests.

    Args:
        verbosity: How often ``-v`` was given.
        log_format: ``auto`` is text on a terminal and JSON lines otherwise.
        level: ``warning``, ``info`` or ``debug``: the least level of our loggers that is shown, where ``verbosity``
            does not show more.
    """
    handler = _StderrHandler()
    as_text = sys.stderr.isatty() if log_format == "auto" else log_format == "text"
    handler.addFilter(_ContextFilter())
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known, _StderrHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OUR_LOGGERS:
        logging.getLogger(name).setLevel(min(level_of(verbosity), logging.getLevelNamesMapping()[level.upper()]))


class TextFormatter(logging.Formatter):
    """A line for people: time, level, message, and the data as ``name=value``; for records that were masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record; control characters are made visible."""
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        data = "".join(f" {name}={value}" for name, value in data_of(record).items())
        line = terminal_safe(f"{time} {record.levelname.lower():7} {record.getMessage()}{data}")
        if record.exc_text:
            line += "\n" + terminal_safe(record.exc_text, keep_lines=True)
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object per line: at, level, logger, message, then the data; for records that were masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: _plain(value) for name, value in data_of(record).items() if name not in entry}
        if record.exc_text:
            entry["exception"] = record.exc_text
        return json.dumps(entry)


class _StderrHandler(logging.StreamHandler[IO[str]]):
    """Writes masked records to what ``sys.stderr`` is at the time, so that a progress bar can step aside."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        try:
            masked = masked_record(record)
        except Exception:  # noqa: BLE001 - a record that cannot be masked must neither be shown nor end the work
            self.handleError(record)
        else:
            super().emit(masked)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say that a record was lost; what logging itself would print holds the record's arguments."""
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"A log record of {record.name}, line {record.lineno}, could not be written.\n")


class _ContextFilter(logging.Filter):
    """Puts the fields of :func:`~hpro_sdk.log_context.log_context` on records of our loggers."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] in OUR_LOGGERS:
            for name, value in log_fields().items():
                if not hasattr(record, name):
                    setattr(record, name, value)
        return True


def _plain(value: object) -> object:
    """Give a value that JSON can write."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value)
