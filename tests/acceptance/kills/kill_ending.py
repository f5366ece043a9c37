"""What must hold once a storm of kills is over: nothing lost, nothing stuck, the CRM shows what it should."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from kill_storm import Storm
from pydantic import BaseModel
from sqlalchemy import select

from hpro_connectors.config import load_config
from hpro_connectors.engine.bands import SteadyBands
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.engine.writing_rule import rank_moved
from hpro_connectors.fields import ScoreRow
from hpro_connectors.orgs.connecting import connected
from hpro_connectors.protocol import Backfill, FieldRecord, InteractionRecord, LeadRecord, StageRecord
from hpro_connectors.state import QueueRow, StateStore
from hpro_connectors.state.lease import Lease
from hpro_connectors.state.rows import StoredLead
from hpro_connectors.state.schema import LEADS, WRITES
from hpro_connectors.state.stage_entries import StageEntry, stages_entered
from hpro_connectors.state.upkeep import check_state
from hpro_sdk.lead import OutcomeResult
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.snapshots import take_snapshot

MARGIN, EPSILON = 1.5, 1.0  # the defaults of band_margin and score_epsilon


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
        self.stages: defaultdict[str, list[StageRecord]] = defaultdict(list)
        self.fields: Counter[tuple[str, str, datetime]] = Counter()
        crm = load_config(storm.crm.config).crm["main"]
        with connected(crm, writes=False) as connector:
            self.description = connector.describe()
            self.clock = storm.crm.clock()
            for stream in connector.streams():
                for page in connector.read(stream.name, Backfill(end=self.clock + timedelta(days=1))):
                    for record in page.upserts:
                        match record:
                            case LeadRecord():
                                self.leads[record.key.lead_id] = record
                            case InteractionRecord():
                                self.interactions[record.key.record_id] = record
                            case StageRecord():
                                self.stages[record.lead.lead_id].append(record)
                            case FieldRecord():
                                self.fields[record.lead.lead_id, record.field, record.at] += 1
            self.shown = connector.read_back(list(self.leads))
        self.of_person: defaultdict[str, set[str]] = defaultdict(set)
        for lead_id, record in self.leads.items():
            if record.person_id is not None:
                self.of_person[record.person_id].add(lead_id)
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
                self.survivors = set(connection.scalars(select(LEADS.c.merged_into).distinct()))
                self.journal = connection.execute(WRITES.select().order_by(WRITES.c.id)).all()

    def open_ids(self) -> Iterator[str]:
        """Give the leads that are to be ranked, as the org has them."""
        of_stage = {stage.name: stage.result for stage in self.description.stages}
        still_open = {None, OutcomeResult.OPEN}
        return (
            lead_id
            for lead_id, record in self.leads.items()
            if record.result in still_open
            and (record.stage is None or of_stage.get(record.stage) in still_open)
            and not record.excluded
        )

    def check_nothing_is_lost(self) -> None:
        """Each live record of the org is in the state, as it is."""
        _check_equal(
            {lead_id: _bare(record) for lead_id, record in self.leads.items()},
            {lead_id: _bare(one.record) for lead_id, one in self.stored.items()},
        )
        _check_equal(
            {
                f"{one.key.record_id} of {lead_id}": _unlinked(one)
                for one in self.interactions.values()
                for lead_id in self._leads_of(one)
            },
            {
                f"{one.record.key.record_id} of {lead_id}": _unlinked(one.record)
                for lead_id, lead in self.stored.items()
                for one in lead.interactions
            },
        )
        stages = Counter((name, one.stage, one.at) for name, lead in self.stored.items() for one in lead.stage_changes)
        fields = Counter((name, one.field, one.at) for name, lead in self.stored.items() for one in lead.field_changes)
        # more may be known: what a lead brought into a merge, which also tells what a creation of then is worth
        entered = Counter({one: n for one, n in self._stages_entered().items() if one[0] not in self.survivors})
        assert entered - stages == Counter()
        assert self.fields - fields == Counter()

    def _stages_entered(self) -> Counter[tuple[str, str, datetime]]:
        entered: Counter[tuple[str, str, datetime]] = Counter()
        for lead_id, records in self.stages.items():
            rows = sorted(records, key=lambda record: (record.at, record.key.record_id))
            entries = [StageEntry(record.stage, record.at, record.previous) for record in rows]
            entered += Counter((lead_id, one.stage, one.at) for one in stages_entered(entries))
        return entered

    def _leads_of(self, interaction: InteractionRecord) -> set[str]:
        """Give the live leads that an interaction belongs to, by themselves or by their person."""
        named = {key.lead_id for key in interaction.leads} & self.leads.keys()
        return named.union(*(self.of_person[person_id] for person_id in interaction.person_ids))

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
        told = {line.lead_id: line.result for line in self.journal}
        for lead_id, row in self.shown.items():
            wanted = self.queue.get(lead_id)
            if told.get(lead_id) == "skipped" and wanted is None:
                continue  # a CRM may take nothing more for a lead that ended: Salesforce, once it is converted
            shown = None if row == ScoreRow(lead=self.leads[lead_id].key) else row
            last = self.written.get(lead_id)
            assert shown == (None if last is None else last.row), lead_id
            assert last is None or not last.resend
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


def _unlinked(record: InteractionRecord) -> InteractionRecord:
    """Leave out by what it belongs to a lead: what belonged to the lead belongs to its person once there is one."""
    return record.model_copy(update={"leads": (), "person_ids": ()})


def _check_equal(expected: Mapping[str, BaseModel], found: Mapping[str, BaseModel]) -> None:
    """Say of each record what is not as expected."""
    told = []
    for name in sorted(expected.keys() | found.keys()):
        one, other = expected.get(name), found.get(name)
        if one is None or other is None:
            told.append(f"{name}: {'is there too much' if one is None else 'is missing'}")
        elif one != other:
            values, others = one.model_dump(), other.model_dump()
            told.append(f"{name}: {[(key, values[key], others[key]) for key in values if values[key] != others[key]]}")
    assert not told, "\n".join(told)


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


def check_ending(storm: Storm, scorer: Scorer, epsilon: float) -> None:
    """Check both sides, and that one more pass does nothing."""
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
