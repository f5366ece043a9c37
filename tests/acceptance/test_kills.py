"""A pass that is killed again and again, over an org whose writes fail, while its people work on: nothing is lost."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hpro_connectors.config import load_config
from hpro_connectors.demo import org_admin
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.filling import set_clock
from hpro_connectors.demo.generated_org import advance, create_generated_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_schema import SCORE_COLUMNS
from hpro_connectors.demo.org_scores import existing_score_columns
from hpro_connectors.demo.simulation import VISITS
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.engine.bands import SteadyBands
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.engine.writing_rule import rank_moved
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import Backfill, FieldRecord, InteractionRecord, LeadRecord, StageRecord
from hpro_connectors.state import QueueRow, StateStore
from hpro_connectors.state.dead_letters import DeadLetterStatus
from hpro_connectors.state.lease import Lease
from hpro_connectors.state.rows import StoredLead
from hpro_connectors.state.schema import WRITES
from hpro_connectors.state.upkeep import check_state
from hpro_sdk.lead import OutcomeResult
from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.snapshots import take_snapshot

WORKER = Path(__file__).with_name("kill_worker.py")
READING = ("lead", "interaction", "stage_history", "field_history")
PHASES = ("read", "score", "write")
KILLS_A_DAY = 10
FAULTS_A_PASS = 3
MARGIN, EPSILON = 1.5, 1.0  # the defaults of band_margin and score_epsilon


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
        folder: Empty.
        leads: How many arrive in the org's first year.
        scorer: As kill_worker.py names it.
        seed: Of the company, the faults, the people and the kills.
    """

    def __init__(self, folder: Path, leads: int, scorer: str, seed: int) -> None:
        self.folder = folder
        self.org = folder / "org.sqlite"
        self.config = folder / "hpro.toml"
        self.scorer = scorer
        self.random = Random(seed)
        self.figures = Figures()
        self.processes = 0
        self.lines: Counter[str] = Counter()
        self.span = 1.0
        self.changes = 5 + leads // 250
        create_generated_org(self.org, TEST_DRIVE, seed, leads)
        self.config.write_text(
            '[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n[writing]\nbatch_rows = 7\n', encoding="utf-8"
        )
        self.state = load_config(self.config).crm["main"].state
        self.cursors: dict[str, datetime] = {}

    def start(self, rate: float, config: Path | None = None) -> subprocess.Popen[str]:
        """Start a process; each one's clock is two hours ahead of the one before, so that all that waits is due."""
        self.processes += 1
        arguments = (config or self.config, self.notes, self.scorer, self.processes, rate, 2 * self.processes)
        return subprocess.Popen(
            [sys.executable, WORKER, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def notes(self) -> Path:
        """Where processes note what must not happen."""
        return self.folder / "notes.txt"

    def measure(self) -> None:
        """Run one whole pass over a copy, to know how long it takes and what it says."""
        other = self.folder / "measured"
        other.mkdir()
        (other / "org.sqlite").write_bytes(self.org.read_bytes())
        (other / "hpro.toml").write_text(self.config.read_text(encoding="utf-8"), encoding="utf-8")
        with self.start(0, other / "hpro.toml") as process:
            self._follow(process, None)
        assert process.returncode == 0

    def run(self) -> dict[str, Any]:
        """Run one whole pass without faults; give its report."""
        with self.start(0) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        report: dict[str, Any] = json.loads(out.splitlines()[-1].removeprefix("ended "))
        return report

    def blow(self, kills: int) -> None:
        """Kill processes in the middle of their passes; let a day pass after every tenth, and people work meanwhile."""
        while self.figures.kills < kills:
            if not self._kill_one():
                self.people_work(self.changes)
            elif self.figures.kills % KILLS_A_DAY == 0:
                with Org.open(self.org) as org:
                    advance(org, 1)
                self.figures.days += 1

    def _kill_one(self) -> bool:
        phase = None if self.figures.kills % 2 else PHASES[self.figures.kills // 2 % len(PHASES)]
        with self.start(min(0.15, FAULTS_A_PASS / (1 + self.lines["write"]))) as process:
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
        if phase is not None:
            line = self.random.randint(1, 1 + self.lines[phase])
            last = self._follow(process, (phase, line))
            if last == "ended":
                return None
            delay = self.random.uniform(0, 0.02)
        else:
            assert process.stdout is not None
            last = process.stdout.readline().strip()  # begin
            delay = self.random.uniform(0, self.span)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        said = [] if process.stdout is None else process.stdout.read().split("\n")
        last = ([_phase(line) for line in said if line] or [last])[-1]
        return last if process.returncode < 0 else None

    def _follow(self, process: subprocess.Popen[str], until: tuple[str, int] | None) -> str:
        """Listen until a phase was told of so often; give the last word, ``ended`` where there is no more."""
        assert process.stdout is not None
        heard: Counter[str] = Counter()
        began = time.monotonic()
        for line in process.stdout:
            word = _phase(line)
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
        with Org.open(self.org, writable=False) as org, StateStore.open(self.state) as store:
            for stream in READING:
                cursor = store.cursor(stream).cursor
                if cursor is not None:
                    assert self.cursors.get(stream, cursor) <= cursor <= org.clock()
                    self.cursors[stream] = cursor

    def people_work(self, changes: int) -> None:
        """Let people change this and that by hand."""
        random = self.random
        with Org.open(self.org) as org:
            with org.reading() as connection:
                rows = connection.execute("SELECT lead_id, is_deleted, merged_into FROM lead").fetchall()
                stages = [row[0] for row in connection.execute("SELECT name FROM stage")]
                has_ours = bool(existing_score_columns(connection))
            live = [row["lead_id"] for row in rows if not row["is_deleted"]]
            gone = [row["lead_id"] for row in rows if row["is_deleted"] and row["merged_into"] is None]
            for lead_id in random.sample(live, changes):
                match random.choice(("visits", "note", "stage", "score", "delete", "undelete", "merge", "exclude")):
                    case "visits":
                        org_admin.edit_field(org, lead_id, VISITS, random.randint(0, 30))
                    case "note":
                        org_admin.add_note(org, lead_id, f"called again about offer {random.randint(1, 10_000)}")
                    case "stage":
                        org_admin.move_stage(org, lead_id, random.choice(stages))
                    case "score" if has_ours:  # one of the fields that are ours
                        org_admin.edit_field(org, lead_id, SCORE_COLUMNS["score"], random.randint(0, 100))
                    case "delete":
                        org_admin.delete_lead(org, lead_id)
                        live.remove(lead_id)
                    case "undelete" if gone:
                        org_admin.undelete_lead(org, gone.pop(random.randrange(len(gone))))
                    case "merge":
                        live.remove(lead_id)
                        org_admin.merge_leads(org, lead_id, random.choice(live))
                    case "exclude":
                        org_admin.exclude_lead(org, lead_id, excluded=random.random() < 0.7)
        self.figures.changes += changes

    def settle(self) -> None:
        """Turn the faults off, try again what was refused, and let passes run until they have read their own writes."""
        with StateStore.open(self.state) as store:
            store.dead_letters.set_status(DeadLetterStatus.REPLAY)
        self.run()
        with Org.open(self.org) as org:
            set_clock(org, org.clock() + timedelta(seconds=1))
        self.run()


def _phase(line: str) -> str:
    word = line.split(" ", 1)[0].strip()
    return "read" if word in READING else word


class Ending:
    """Both sides at the end.

    Args:
        storm: Settled.
        scorer: The same that its processes used.
    """

    def __init__(self, storm: Storm, scorer: Scorer) -> None:
        self.scorer = scorer
        self.leads: dict[str, LeadRecord] = {}
        self.interactions: dict[str, InteractionRecord] = {}
        self.stages: Counter[tuple[str, str, datetime]] = Counter()
        self.fields: Counter[tuple[str, str, datetime]] = Counter()
        with Org.open(storm.org, writable=False) as org:
            connector = DemoConnector(org)
            self.description = connector.describe()
            self.clock = org.clock()
            for stream in READING:
                for page in connector.read(stream, Backfill(end=self.clock + timedelta(days=1))):
                    for record in page.upserts:
                        match record:
                            case LeadRecord():
                                self.leads[record.key.lead_id] = record
                            case InteractionRecord():
                                self.interactions[record.key.record_id] = record
                            case StageRecord():
                                self.stages[record.lead.lead_id, record.stage, record.at] += 1
                            case FieldRecord():
                                self.fields[record.lead.lead_id, record.field, record.at] += 1
            self.shown = connector.read_back(list(self.leads))
        with StateStore.open(storm.state) as store:
            self.check = check_state(store)
            self.stored: dict[str, StoredLead] = {}
            ids = store.lead_ids()
            for start in range(0, len(ids), 200):
                self.stored |= {one.record.key.lead_id: one for one in store.load(ids[start : start + 200])}
            self.written = store.written_rows()
            self.queue = {row.lead_id: row for row in store.queue()}
            one = next(iter(self.leads.values())).key
            self.scores = {row.scored.lead_id: row.scored for row in store.current_scores(one.org_id, one.object_type)}
            self.waiting = store.outbox.size()
            self.dead = store.dead_letters.count()
            names = StageNames(self.description, scorer.manifest)
            self.prompts = [
                (snapshot, scorer.render(snapshot))
                for lead_id in self.open_ids()
                if (lead := store.lead(lead_id, names.name_of)) is not None
                for snapshot in [take_snapshot(lead, self.clock)]
            ]
            with store.transactions.reading() as connection:
                self.journal = connection.execute(WRITES.select().order_by(WRITES.c.id)).all()

    def open_ids(self) -> Iterator[str]:
        """Give the leads that are to be ranked, as the org has them."""
        return (
            lead_id
            for lead_id, record in self.leads.items()
            if record.result in {None, OutcomeResult.OPEN} and not record.excluded
        )

    def check_nothing_is_lost(self) -> None:
        """Each live record of the org is in the state, as it is."""
        assert {lead_id: _bare(record) for lead_id, record in self.leads.items()} == {
            lead_id: _bare(one.record) for lead_id, one in self.stored.items()
        }
        known = {one.record.key.record_id: one.record for lead in self.stored.values() for one in lead.interactions}
        assert known == self.interactions
        stages = Counter((name, one.stage, one.at) for name, lead in self.stored.items() for one in lead.stage_changes)
        fields = Counter((name, one.field, one.at) for name, lead in self.stored.items() for one in lead.field_changes)
        assert not self.stages - stages, "more may be known: what a lead brought into a merge"
        assert not self.fields - fields

    def check_scores(self, epsilon: float) -> dict[str, float]:
        """Scores are those of now, computed anew; give them."""
        anew = {one.lead_id: one for one in self.scorer.score_rendered(self.prompts)}
        assert anew.keys() == self.scores.keys() == self.queue.keys()
        steady = SteadyBands(self.scorer.manifest.bands, self.scorer.manifest.calibration, MARGIN)
        for lead_id, now in anew.items():
            kept = self.scores[lead_id]
            assert abs(kept.score - now.score) <= epsilon, lead_id
            if epsilon == 0:
                assert kept.rank_score == now.rank_score
                assert steady.band_of(now.rank_score, now.score, kept.band) is kept.band
        return {lead_id: kept.rank_score for lead_id, kept in self.scores.items()}

    def check_ranks(self, rank_scores: dict[str, float]) -> None:
        """Ranks are those of all open leads, overall and by stage."""
        order = sorted(rank_scores, key=lambda lead_id: (-rank_scores[lead_id], lead_id))
        stages = {snapshot.lead_id: snapshot.stage for snapshot, _ in self.prompts}
        in_stage: Counter[str | None] = Counter()
        sizes = Counter(stages.values())
        for rank, lead_id in enumerate(order, start=1):
            in_stage[stages[lead_id]] += 1
            row = self.queue[lead_id]
            place = (rank, stages[lead_id], in_stage[stages[lead_id]], sizes[stages[lead_id]])
            assert (row.rank, row.stage, row.stage_rank, row.stage_size) == place

    def check_crm(self) -> None:
        """The CRM shows what was written last, and that is what should be shown."""
        for lead_id, row in self.shown.items():
            shown = None if row == ScoreRow(lead=self.leads[lead_id].key) else row
            last = self.written.get(lead_id)
            assert shown == (None if last is None else last.row), lead_id
            assert last is None or not last.resend
            wanted = self.queue.get(lead_id)
            if wanted is None:
                assert shown is None or shown.rank is shown.stage_rank is None
                continue
            assert shown is not None, lead_id
            self._check_row(shown, wanted)

    def _check_row(self, shown: ScoreRow, wanted: QueueRow) -> None:
        assert (shown.band, shown.trend) == (wanted.band, wanted.trend)
        assert shown.score is not None
        assert abs(float(shown.score) - wanted.score) <= EPSILON + 0.005
        assert not rank_moved(wanted.rank, shown.rank)
        assert not rank_moved(wanted.stage_rank, shown.stage_rank)


def _bare(record: LeadRecord) -> LeadRecord:
    return record.model_copy(update={"shown": None})


def _tell(storm: Storm, ending: Ending) -> None:
    figures, seen = storm.figures, dict[str, str]()
    resent = 0
    for line in ending.journal:
        resent += seen.get(line.lead_id) == line.new
        seen[line.lead_id] = line.new
    results = Counter(line.result or "no answer" for line in ending.journal)
    print(  # noqa: T201 - with -s
        f"\n{len(ending.leads)} live leads, {storm.processes} processes: {figures.kills} killed "
        f"({', '.join(f'{count} after {phase}' for phase, count in sorted(figures.killed_in.items()))}), "
        f"{figures.ended} passes ended, {figures.failed} failed; {figures.days} days, {figures.changes} edits; "
        f"{len(ending.journal)} rows sent ({', '.join(f'{count} {what}' for what, count in sorted(results.items()))}), "
        f"{resent} of them resent."
    )


def _check(storm: Storm, scorer: Scorer, epsilon: float) -> None:
    ending = Ending(storm, scorer)
    _tell(storm, ending)
    ending.check_nothing_is_lost()
    ending.check_ranks(ending.check_scores(epsilon))
    ending.check_crm()
    assert (ending.waiting, ending.dead) == (0, 0)
    assert not storm.notes.exists(), storm.notes.read_text(encoding="utf-8")
    assert ending.check.problems == ()
    quiet = storm.run()
    assert (quiet["model_calls"], quiet["scored"], quiet["written"], quiet["cleared"]) == (0, 0, 0, 0)
    assert quiet["unchanged"] == quiet["open_leads"] == len(ending.queue)
    with Lease.acquire(storm.state, now=lambda: datetime.now(UTC)):
        pass


@pytest.mark.soak
def test_row_42_killed_anywhere_nothing_is_lost_and_nothing_is_stuck(tmp_path: Path, soak_share: float) -> None:
    scorer: Scorer = runpy.run_path(str(WORKER))["exact_scorer"]()
    storm = Storm(tmp_path, round(5_000 * soak_share), "exact", seed=11)
    storm.measure()
    storm.blow(round(200 * soak_share))
    storm.settle()
    _check(storm, scorer, epsilon=0.0)


@pytest.mark.soak
@pytest.mark.skipif(not bundled_model_path().is_file(), reason="the bundled model is not here")
def test_the_bundled_model_comes_to_the_same_scores(tmp_path: Path, soak_share: float) -> None:
    storm = Storm(tmp_path, max(80, round(400 * soak_share)), "bundled", seed=5)
    storm.measure()
    storm.blow(max(4, round(40 * soak_share)))
    storm.settle()
    _check(storm, Scorer.load(bundled_model_path(), threads=1), epsilon=EPSILON)
