"""Passes over an org, in processes of their own that are killed in the middle, while people work in the org."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Protocol

from hpro_connectors.config import load_config
from hpro_connectors.state import StateStore
from hpro_connectors.state.dead_letters import DeadLetterStatus

WORKER = Path(__file__).with_name("kill_worker.py")
PHASES = ("read", "score", "write")
KILLS_A_DAY = 10


class CrmUnderKills(Protocol):
    """A CRM in a folder: its org, the configuration that names it, and the people who work in it.

    Attributes:
        config: The hpro.toml.
    """

    config: Path

    def clock(self) -> datetime:
        """What time it is in the org."""
        ...

    def streams(self) -> tuple[str, ...]:
        """What is read of it."""
        ...

    def advance(self, days: int) -> None:
        """Let simulated days go by."""
        ...

    def let_writes_be_read(self) -> None:
        """Let so much time go by that whatever was written is read by the next pass."""
        ...

    def people_work(self, random: Random, changes: int) -> None:
        """Let people change this and that by hand."""
        ...

    def begin(self, number: int, writes: int | None) -> float:
        """Make ready for a process.

        Args:
            number: Of the process.
            writes: How many writes a pass of late had; ``None``: nothing shall fail.

        Returns:
            Chance that the process itself lets a write fail.
        """
        ...

    def environment(self, number: int) -> Mapping[str, str]:
        """Give what a process needs beside what every process has."""
        ...


@dataclass
class Figures:
    """What happened meanwhile."""

    kills: int = 0
    ended: int = 0
    failed: int = 0
    days: int = 0
    changes: int = 0
    killed_in: Counter[str] = field(default_factory=Counter)


class Storm:
    """An org, its state, and processes that work on them until they are killed.

    Args:
        crm: With its configuration.
        scorer: As kill_worker.py names it.
        seed: Of the people and the kills.
        changes: How much people change at a time.
    """

    def __init__(self, crm: CrmUnderKills, scorer: str, seed: int, changes: int) -> None:
        self.crm = crm
        self.scorer = scorer
        self.random = Random(seed)
        self.figures = Figures()
        self.processes = 0
        self.lines: Counter[str] = Counter()
        self.span = 1.0
        self.changes = changes
        self.state = load_config(crm.config).crm["main"].state
        self.notes = crm.config.with_name("notes.txt")
        self.cursors: dict[str, datetime] = {}

    def start(self, *, fails: bool, crm: CrmUnderKills | None = None) -> subprocess.Popen[str]:
        """Start a process; each one's clock is two hours ahead of the one before, so that all that waits is due."""
        self.processes += 1
        used = crm or self.crm
        rate = used.begin(self.processes, self.lines["write"] if fails else None)
        arguments = (used.config, self.notes, self.scorer, self.processes, rate, 2 * self.processes)
        return subprocess.Popen(
            [sys.executable, WORKER, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **used.environment(self.processes)},
        )

    def measure(self, other: CrmUnderKills) -> None:
        """Run one whole pass over a CRM that is like this one, to know how long it takes and what it says."""
        with self.start(fails=False, crm=other) as process:
            self._follow(process, None)
            said = "" if process.stderr is None else process.stderr.read()
        assert process.returncode == 0, said

    def run(self) -> dict[str, Any]:
        """Run one whole pass without faults; give its report."""
        with self.start(fails=False) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        report: dict[str, Any] = json.loads(out.splitlines()[-1].removeprefix("ended "))
        return report

    def blow(self, kills: int) -> None:
        """Kill processes in the middle of their passes; let a day pass after every tenth, and people work meanwhile."""
        while self.figures.kills < kills:
            if not self._kill_one():
                self.people_work()
            elif self.figures.kills % KILLS_A_DAY == 0:
                self.crm.advance(1)
                self.figures.days += 1

    def _kill_one(self) -> bool:
        phase = None if self.figures.kills % 2 else PHASES[self.figures.kills // 2 % len(PHASES)]
        with self.start(fails=True) as process:
            killed_in = self._kill(process, phase)
            said = "" if process.stderr is None else process.stderr.read()
        assert "Traceback" not in said, said
        self._check_cursors()
        if killed_in is None:
            assert process.returncode in {0, 1}, said
            self.figures.failed += process.returncode
            self.figures.ended += not process.returncode
            return False
        self.figures.kills += 1
        self.figures.killed_in[killed_in] += 1
        return True

    def _kill(self, process: subprocess.Popen[str], phase: str | None) -> str | None:
        """Kill a process at a random moment, or after a random line of a phase; give where, or that it had ended."""
        began = time.monotonic()
        if phase is not None:
            line = self.random.randint(1, 1 + self.lines[phase])
            last = self._follow(process, (phase, line))
            if last == "ended":
                return None
            delay = self.random.uniform(0, 0.02)
        else:
            assert process.stdout is not None
            last = process.stdout.readline().strip()  # begin
            began = time.monotonic()
            delay = self.random.uniform(0, self.span)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        if phase is None and process.returncode == 0:
            self.span = time.monotonic() - began
        said = [] if process.stdout is None else process.stdout.read().split("\n")
        last = ([self._phase(line) for line in said if line] or [last])[-1]
        return last if process.returncode < 0 else None

    def _follow(self, process: subprocess.Popen[str], until: tuple[str, int] | None) -> str:
        """Listen until a phase was told of so often; give the last word, ``ended`` where there is no more."""
        assert process.stdout is not None
        heard: Counter[str] = Counter()
        began = time.monotonic()
        for line in process.stdout:
            word = self._phase(line)
            if word == "begin":
                began = time.monotonic()
            heard[word] += 1
            if until is not None and heard[until[0]] >= until[1]:
                return word
        if heard["ended"]:
            self.lines, self.span = heard, time.monotonic() - began
        process.wait()
        return "ended"

    def _check_cursors(self) -> None:
        """No cursor goes back, or past the org's clock."""
        if not self.state.exists():
            return
        clock = self.crm.clock()
        with StateStore.open(self.state) as store:
            for stream in self.crm.streams():
                cursor = store.cursor(stream).cursor
                if cursor is not None:
                    assert self.cursors.get(stream, cursor) <= cursor <= clock
                    self.cursors[stream] = cursor

    def people_work(self) -> None:
        """Let people change this and that by hand."""
        self.crm.people_work(self.random, self.changes)
        self.figures.changes += self.changes

    def settle(self) -> None:
        """Turn the faults off, try again what was refused, and let passes run until they have read their own writes."""
        with StateStore.open(self.state) as store:
            store.dead_letters.set_status(DeadLetterStatus.REPLAY)
        self.run()
        self.crm.let_writes_be_read()
        self.run()

    def _phase(self, line: str) -> str:
        word = line.split(" ", 1)[0].strip()
        return "read" if word in self.crm.streams() else word


MakeCrm = Callable[[Path], CrmUnderKills]
"""Makes a CRM in an empty folder; the same one each time."""
