"""What becomes of an exception that is not one of ours: retriable when reading, fatal when writing.

A read can be repeated, so whatever a vendor's library throws at us while reading counts as a failed answer. Of a write
that failed in an unknown way nobody knows what it did, so it is never repeated. Three kinds stay what they are, so that
they are neither retried nor taken for the CRM's fault:

* errors of HPRO, which say themselves what should be done;
* an exhausted memory or a full disk, which no second try helps against and which the command line explains;
* in reads, what only a mistake in the program raises (:data:`MISTAKES`): it stops the run at once, with its traceback.
"""

from __future__ import annotations

import errno
from typing import Final

from hpro_connectors.errors import FatalError, ServerError
from hpro_sdk.errors import HproError

MISTAKES: Final = (AssertionError, AttributeError, ImportError, NameError, NotImplementedError, TypeError)
"""Mistakes in a program. ``KeyError`` and ``ValueError`` are not among them: an answer cut short raises those."""

_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def typed(exc: Exception, method: str, stream: str | None, *, writes: bool) -> Exception:
    """Give the error to raise for an exception: the exception itself, or one of ours to be raised from it.

    Only the type of an unknown exception is named: its words may quote a record.

    Args:
        exc: What a connector raised.
        method: Which method of the connector.
        stream: Which stream was read.
        writes: Whether the method changes the CRM.
    """
    if isinstance(exc, HproError | MemoryError) or (isinstance(exc, OSError) and exc.errno in _DISK_FULL):
        return exc
    kind = type(exc).__name__
    if writes:
        return FatalError(
            f"The connector failed in a way that HPRO does not know, in {method} ({kind}); the CRM may have taken "
            "some of it.",
            hint="Run again with -v, and report what it shows; what was not confirmed is sent again.",
        )
    if isinstance(exc, MISTAKES):
        return exc
    return ServerError(
        f"The connector failed in a way that HPRO does not know, in {method}{f' of {stream}' if stream else ''} "
        f"({kind}).",
        hint="Try again later; if it comes back, run with -v and report what it shows.",
        stream=stream,
    )
