"""What an interrupted run needs to go on, kept in ``<out>.partial`` until the checkpoint is complete."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from hpro_sdk._files import replacing
from hpro_sdk.errors import ConfigError, TrainingError
from hpro_sdk.training.report import ValidationPoint

STATE_FILE = "state.pt"

StateDict = dict[str, Any]


@dataclass
class RunState:
    """Where a run stands.

    Attributes:
        fingerprint: Of data, template, configuration and seed; a state of another run is refused.
        step: Optimiser steps done.
        seconds: Wall-clock seconds of training so far, all parts of the run together.
        model: Weights being trained.
        average: Their moving average.
        optimizer: State of AdamW.
        best: Averaged weights at the best validation point.
        history: All validation points.
    """

    fingerprint: str
    step: int = 0
    seconds: float = 0.0
    model: StateDict = field(default_factory=dict)
    average: StateDict = field(default_factory=dict)
    optimizer: StateDict = field(default_factory=dict)
    best: StateDict = field(default_factory=dict)
    history: list[ValidationPoint] = field(default_factory=list)


class RunFolder:
    """The folder of an unfinished run, beside the checkpoint it will become.

    Args:
        out: The checkpoint folder to be.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.path = out.with_name(f"{out.name}.partial")

    def check(self) -> None:
        """Refuse, before hours of training are spent, what could not be written at its end; makes nothing yet.

        Raises:
            ConfigError: The checkpoint exists, or its folder is missing or cannot be written.
        """
        if self.out.exists():
            raise ConfigError(f"{self.out} exists already.", hint="Name another folder, or remove this one.")
        if not self.out.parent.is_dir():
            raise ConfigError(f"The folder {self.out.parent} does not exist.", hint="Create it, or name another one.")
        if not os.access(self.out.parent, os.W_OK):
            raise ConfigError(f"The folder {self.out.parent} cannot be written.", hint="Check its permissions.")

    def load(self, fingerprint: str) -> RunState | None:
        """Give the state to go on from, if there is one.

        Raises:
            ConfigError: It belongs to other data or settings.
            TrainingError: It cannot be read.
        """
        file = self.path / STATE_FILE
        if not file.exists():
            return None
        try:
            # weights_only: the file is data, and must not be able to run code.
            content = torch.load(file, map_location="cpu", weights_only=True)
            history = [ValidationPoint.model_validate(point) for point in content.pop("history")]
            state = RunState(**content, history=history)
        except (OSError, RuntimeError, ValueError, TypeError, KeyError, EOFError, pickle.UnpicklingError) as exc:
            raise TrainingError(
                f"{file} is damaged, so the run cannot go on.", hint=f"Remove {self.path} to start anew."
            ) from exc
        if state.fingerprint != fingerprint:
            raise ConfigError(
                f"{self.path} holds an unfinished run on other data or settings.",
                hint="Run it with the settings it began with, remove it to start anew, or name another --out.",
            )
        return state

    def save(self, state: RunState) -> None:
        """Write the state in one step, so that a kill at any moment leaves the last one whole."""
        content = {**vars(state), "history": [point.model_dump(mode="json") for point in state.history]}
        self.path.mkdir(exist_ok=True)
        with replacing(self.path / STATE_FILE) as temporary:
            torch.save(content, temporary)

    def place(self, write: Callable[[Path], None]) -> None:
        """Write the finished checkpoint inside this folder, move it to ``out``, and remove the rest.

        Args:
            write: Writes a checkpoint into the folder it is given, which does not exist yet.

        Raises:
            OSError: Writing failed; the run's state is kept and ``out`` does not appear.
        """
        self.path.mkdir(exist_ok=True)
        finished = self.path / "checkpoint"
        shutil.rmtree(finished, ignore_errors=True)
        write(finished)
        finished.rename(self.out)
        shutil.rmtree(self.path, ignore_errors=True)
