"""What never stands in a log: secrets at any level, and what identifies a person at INFO and above.

The rule comes first: a message is constant text, and its data are ids and numbers. This is the net below it, for
what an exception or another library says. It knows e-mail addresses, phone numbers and secrets by their looks, and
values by the name of their key. It cannot know a person's name that stands alone in a sentence; therefore the message
of an exception is shown only where its class is known to hold none.
"""

from __future__ import annotations

import copy
import logging
import re
import sqlite3
import traceback
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from numbers import Number

from hpro_sdk.errors import HproError

MASK = "[masked]"

_HIDDEN_KEY = (
    r"authorization|client[_-]?secret|assertion|(?:access|refresh|id|bearer|security|auth)[_-]?token|token|"
    r"password|passwd|pwd|h?api[_-]?key|secret|session[_-]?id|sid|private[_-]?key|set-cookie|cookie|credentials?"
)
_PERSONAL_KEY = (
    r"e[_-]?mails?|(?:e[_-]?)?mail[_-]?address|(?:mobile[_-]?|tele)?phones?(?:[_-]?number)?|mobile|fax|"
    r"(?:first|last|middle|full|given|family|sur|person|lead|contact|account|company|owner|sender)[_-]?name|"
    r"salutation|birth[_-]?date|street|address|text|body|prompt|subject|snippet|transcript"
)
_VALUE = r"""(?:\\?"(?:\\.|[^"\\])*\\?"|'(?:\\.|[^'\\])*'|{bare})"""


def _assignment(keys: str, bare: str) -> re.Pattern[str]:
    """Make a pattern for ``key=value`` and ``"key": "value"``."""
    value = _VALUE.replace("{bare}", bare)
    return re.compile(
        rf"""((?<![a-z0-9])(?:{keys})\\?["']?\s*(?:=>|[:=])\s*)(?!{re.escape(MASK)}){value}""", re.IGNORECASE
    )


_SECRETS = (
    # the value of a header may be two words, and those of a cookie many
    (_assignment("authorization", r"(?:(?:bearer|basic|token|oauth)\s+)?[^\s,;&)}\]]+"), rf"\1{MASK}"),
    (_assignment("set-cookie|cookie", r"[^\r\n]+"), rf"\1{MASK}"),
    (_assignment(_HIDDEN_KEY, r"[^\s,;&)}\]<]+"), rf"\1{MASK}"),
    (_assignment(rf"[a-z0-9_-]{{1,60}}[_-](?:{_HIDDEN_KEY})", r"[^\s,;&)}\]<]+"), rf"\1{MASK}"),
    (re.compile(rf"(<(?:\w+:)?(?:{_HIDDEN_KEY})(?:\s[^<>]*)?>)[^<]*", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\b(bearer\s+)(?!\[)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), MASK),  # a JSON web token
    (re.compile(r"\b00D\w{9,15}![\w.]+"), MASK),  # a Salesforce session
    (re.compile(r"\bpat-\w{2,4}-[0-9a-f-]{8,}", re.IGNORECASE), MASK),  # a HubSpot access token
    (re.compile(r"(://)[^\s/@:]+:[^\s/@]+(@)"), rf"\1{MASK}\2"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
)

_GAP = "[\\d\\s()./\u00a0\u2010-\u2015-]"
_PERSONAL = (
    (_assignment(_PERSONAL_KEY, r"[^\s,;&)}\]<][^,;&)}\]<\r\n]*"), rf"\1{MASK}"),
    (re.compile(rf"(<(?:\w+:)?(?:{_PERSONAL_KEY})>)[^<]*", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"[\w.!#$&'*+/?^`{|}~-]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE), MASK),
    (re.compile(rf"(?<![\w.:-])(?:\+|%2B)\d{_GAP}{{5,24}}\d(?!-?\w)", re.IGNORECASE), MASK),
    (re.compile(rf"(?<![\w.:-])\(?0\d{_GAP}{{5,24}}\d(?!-?\w)"), MASK),
    (re.compile(r"(?<![\w.:-])\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}(?!-?\w)"), MASK),
)
_FOUND_VALUES = (
    (re.compile(r"(\[parameters: ).*"), rf"\1{MASK}]"),  # of an SQL statement
    (re.compile(r"(\binput_value=).*?(?=, input_type=|$)", re.MULTILINE), rf"\1{MASK}"),  # of Pydantic
)

_KEY_IS_SECRET = re.compile(rf"(?:.*[_-])?(?:{_HIDDEN_KEY})", re.IGNORECASE)
_KEY_IS_PERSONAL = re.compile(rf"(?:.*[_-])?(?:{_PERSONAL_KEY})", re.IGNORECASE)
_KEY_IS_ID = re.compile(r"(?:.*_)?(?:id|ids|at)", re.IGNORECASE)

_DEEPEST = 8

_PLAIN_ERRORS = (
    HproError,  # by our own rule
    OSError,
    sqlite3.Error,
    ImportError,
    MemoryError,
    RecursionError,
    AttributeError,
    NameError,
    TypeError,
    ArithmeticError,
    KeyboardInterrupt,
    SystemExit,
)
"""Classes whose messages speak of files, types and tables, never of what a record holds."""


def mask_text(text: str, *, level: int) -> str:
    """Mask what must not be logged.

    Args:
        text: Any text.
        level: Of the record it is for.
    """
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    if level >= logging.INFO:
        for pattern, replacement in (*_FOUND_VALUES, *_PERSONAL):
            text = pattern.sub(replacement, text)
    return text


def masked_record(record: logging.LogRecord) -> logging.LogRecord:
    """Give a copy of a record with message, data and exception masked; the exception is text in it.

    Args:
        record: As logged; it stays as it is, for other handlers.
    """
    made = copy.copy(record)
    if isinstance(record.args, Mapping):
        made.args = {key: _argument(value, record.levelno) for key, value in record.args.items()}
    elif record.args:
        made.args = tuple(_argument(value, record.levelno) for value in record.args)
    if isinstance(record.msg, BaseException):
        made.msg, made.args = _message_of(record.msg, record.levelno), None
    made.msg, made.args = mask_text(made.getMessage(), level=record.levelno), None
    for name, value in data_of(record).items():
        setattr(made, name, _masked(name, value, record.levelno, 0))
    if record.exc_info and record.exc_info[1] is not None:
        text = "\n".join(_lines_of(record.exc_info[1], record.levelno, set()))
        made.exc_text = mask_text(text, level=record.levelno)
    elif record.exc_text:
        made.exc_text = mask_text(record.exc_text, level=record.levelno)
    made.exc_info = None
    return made


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def data_of(record: logging.LogRecord) -> dict[str, object]:
    """Give what came with a record as ``extra``.

    Args:
        record: Any record.
    """
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _argument(value: object, level: int) -> object:
    """Leave what ``%d`` and ``%f`` need as it is."""
    return value if isinstance(value, Number) else _masked("", value, level, 0)


def _masked(key: str, value: object, level: int, depth: int) -> object:
    is_number = value is None or isinstance(value, Number)
    if _KEY_IS_SECRET.fullmatch(key) and not is_number:
        return MASK
    if level >= logging.INFO and _KEY_IS_PERSONAL.fullmatch(key) and not (is_number and "phone" not in key):
        return value if value is None else MASK
    if is_number:
        return value
    if isinstance(value, BaseException):
        return mask_text(_message_of(value, level), level=level)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {str(name): _masked(str(name), item, level, depth + 1) for name, item in value.items()}
    if depth < _DEEPEST and isinstance(value, (list, tuple, AbstractSet)):
        return [_masked(key, item, level, depth + 1) for item in value]
    text = value if isinstance(value, str) else str(value)
    # An id may look like a phone number, and is what a log is read for.
    return mask_text(text, level=logging.DEBUG if _KEY_IS_ID.fullmatch(key) and "@" not in text else level)


def _message_of(exc: BaseException, level: int) -> str:
    name = type(exc).__qualname__
    is_plain = isinstance(exc, _PLAIN_ERRORS) or type(exc).__module__.partition(".")[0] == "sqlalchemy"
    if level < logging.INFO or is_plain:
        text = str(exc)
        return f"{name}: {text}" if text else name
    return f"{name}: {MASK}"


def _lines_of(exc: BaseException, level: int, seen: set[int]) -> Iterator[str]:
    """Give the traceback of an exception and of what led to it."""
    seen.add(id(exc))
    before, words = exc.__cause__, "The above exception was the direct cause of the following exception:"
    if before is None and not exc.__suppress_context__:
        before, words = exc.__context__, "During handling of the above exception, another exception occurred:"
    if before is not None and id(before) not in seen:
        yield from _lines_of(before, level, seen)
        yield f"\n{words}\n"
    if exc.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(exc.__traceback__)).rstrip("\n")
    yield _message_of(exc, level)
    if isinstance(exc, BaseExceptionGroup):
        for number, inner in enumerate(exc.exceptions, start=1):
            if id(inner) not in seen:
                yield f"\nException {number} of the group:"
                yield from _lines_of(inner, level, seen)
