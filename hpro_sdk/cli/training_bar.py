"""The progress bar of a training, for every command that trains."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hpro_sdk.cli.output import progress

if TYPE_CHECKING:
    from hpro_sdk.training.trainer import ProgressListener, TrainingProgress


@contextlib.contextmanager
def training_bar() -> Iterator[ProgressListener]:
    """A bar that opens with the first step, when the number of steps is known."""
    with contextlib.ExitStack() as stack:
        advance: Callable[[int], None] | None = None
        done = 0

        def listen(state: TrainingProgress) -> None:
            nonlocal advance, done
            if advance is None:
                advance = stack.enter_context(progress("Training", total=state.steps))
            advance(state.step - done)
            done = state.step

        yield listen
