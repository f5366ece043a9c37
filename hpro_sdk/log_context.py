"""Fields that every log record of a stretch of work carries, such as the id of the run.

A field belongs to the thread (or task) that entered the context: another thread enters one of its own. The commands'
logging set-up puts the fields on records; without it they go nowhere.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType

_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("hpro_log_fields", default=MappingProxyType({}))
_TAKEN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


@contextlib.contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Put fields on every record of our loggers that is made inside; an inner context adds to an outer one.

    Args:
        **fields: Such as ``run_id="..."`` and ``crm="main"``; a record's own ``extra`` of that name wins.

    Raises:
        ValueError: A name is one that log records have already, such as ``name``.
    """
    if taken := sorted(_TAKEN & set(fields)):
        raise ValueError(f"log records have {', '.join(taken)} already")
    token = _FIELDS.set(MappingProxyType({**_FIELDS.get(), **fields}))
    try:
        yield
    finally:
        _FIELDS.reset(token)


def log_fields() -> Mapping[str, object]:
    """Give the fields of the contexts that this thread is in."""
    return _FIELDS.get()
