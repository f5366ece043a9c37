"""Progress of a pass on stderr: one bar after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from hpro_connectors.engine import Progress
from hpro_sdk.cli.output import progress

_WORDS = {
    "lead": "Reading leads",
    "interaction": "Reading interactions",
    "stage_history": "Reading stage changes",
    "field_history": "Reading field changes, then scoring",
    "score": "Rendering and scoring leads",
    "write": "Writing scores",
}


@contextlib.contextmanager
def pass_bars() -> Iterator[Progress]:
    """Show what a pass is doing; nothing when stderr is not a terminal.

    Yields:
        The listener to give to the pass.
    """
    with contextlib.ExitStack() as stack:
        shown: str | None = None
        advance: Callable[[int], None] = _nothing

        def listen(what: str, done: int) -> None:
            nonlocal shown, advance
            if what != shown:
                stack.close()
                advance = stack.enter_context(progress(_WORDS.get(what, f"Reading {what}")))
                shown = what
            advance(done)

        yield listen


def _nothing(_done: int) -> None:
    pass
