"""SIGTERM and SIGINT as requests to stop: the first politely, the second at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SAID = b"A second signal: leaving at once.\n"


@contextmanager
def stop_requests(first: Callable[[str], None], exit_now: Callable[[int], object]) -> Iterator[None]:
    """Handle both signals while the body runs; in the main thread.

    Args:
        first: Told the name of the first signal. Called at any point of the main thread: it must take no lock, as
            ``queue.SimpleQueue.put`` takes none.
        exit_now: Leaves the process at once; called with 128 and the number of the second signal, as shells count.
    """
    asked = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os.write(2, _SAID)  # logging takes locks, which the main thread may hold
            exit_now(128 + number)
        asked = True
        first(signal.Signals(number).name)

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
