"""Which leads are open, which of them have another prompt now, and their new scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hpro_connectors.engine.settings import Progress
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.state import LeadToLookAt, Problem, StateStore, StoredLead, assemble_lead
from hpro_sdk.errors import DataError, NonFiniteScoreError, UnknownStageError
from hpro_sdk.lead import LeadSnapshot, OutcomeResult, ScoredLead
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.snapshots import take_snapshot

LOOK_BATCH = 256


@dataclass(slots=True)
class Scoring:
    """What scoring did; filled while it runs."""

    changed: int = 0
    due: int = 0
    scored: int = 0
    problems: list[Problem] = field(default_factory=list)


def settle_open_leads(store: StateStore, stages: StageNames) -> list[Problem]:
    """Decide which leads are open (neither won nor lost nor excluded, in a stage that is known).

    Args:
        store: The state; it remembers the decision.
        stages: The CRM's stages in the funnel's words.

    Returns:
        Leads whose stage nobody knows; they are not ranked.
    """
    opened: list[str] = []
    closed: list[str] = []
    problems: list[Problem] = []
    for lead in store.standings():
        try:
            result = stages.result_of(lead.stage) if lead.result is None else lead.result
            if lead.stage is not None and result is OutcomeResult.OPEN:
                stages.name_of(lead.stage)
            is_open = result is OutcomeResult.OPEN and not lead.excluded
        except UnknownStageError as exc:
            is_open = False
            if not lead.excluded:
                problems.append(Problem(lead_id=lead.lead_id, message=str(exc)))
        if is_open != lead.open:
            (opened if is_open else closed).append(lead.lead_id)
    if opened or closed:
        store.set_open(opened, closed)
    return problems


def score_leads(store: StateStore, scorer: Scorer, stages: StageNames, as_of: datetime, progress: Progress) -> Scoring:
    """Render every open lead whose prompt may be another one, and score those whose prompt or model is.

    Args:
        store: The state; scores go into it batch by batch.
        scorer: The model.
        stages: The CRM's stages in the funnel's words.
        as_of: The moment leads are looked at, and the time that new scores carry.
        progress: Told of leads under ``score``.

    Returns:
        Counts, and the leads that could not be scored; these keep an older score where they have one.
    """
    done = Scoring()
    candidates = store.leads_to_look_at(scorer.model_id, as_of)
    for start in range(0, len(candidates), LOOK_BATCH):
        batch = candidates[start : start + LOOK_BATCH]
        done.changed += sum(candidate.changed for candidate in batch)
        done.due += sum(not candidate.changed for candidate in batch)
        leads = {stored.record.key.lead_id: stored for stored in store.load([lead.lead_id for lead in batch])}
        same: dict[str, datetime | None] = {}
        different: list[LeadSnapshot] = []
        for candidate in batch:
            try:
                snapshot = _snapshot(leads[candidate.lead_id], stages, as_of)
                prompt = scorer.render(snapshot)
            except DataError as exc:
                done.problems.append(Problem(lead_id=candidate.lead_id, message=str(exc)))
                continue
            if _is_scored_by(candidate, prompt.input_hash, scorer.model_id):
                same[candidate.lead_id] = prompt.next_due_at
            else:
                different.append(snapshot)
        scored = [lead.model_copy(update={"scored_at": as_of}) for lead in _scored(scorer, different, done.problems)]
        store.store_scores(scored, same)
        done.scored += len(scored)
        progress("score", len(batch))
    return done


def _snapshot(stored: StoredLead, stages: StageNames, as_of: datetime) -> LeadSnapshot:
    return take_snapshot(assemble_lead(stored, stages.name_of), as_of)


def _is_scored_by(candidate: LeadToLookAt, input_hash: str, model_id: str) -> bool:
    return (candidate.input_hash, candidate.model_id) == (input_hash, model_id)


def _scored(scorer: Scorer, snapshots: Sequence[LeadSnapshot], problems: list[Problem]) -> Iterator[ScoredLead]:
    """Score snapshots together; only where one fails, each alone, so that the others go on."""
    try:
        yield from list(scorer.score_snapshots(snapshots))
    except NonFiniteScoreError:
        yield from _scored_alone(scorer, snapshots, problems)


def _scored_alone(scorer: Scorer, snapshots: Iterable[LeadSnapshot], problems: list[Problem]) -> Iterator[ScoredLead]:
    for snapshot in snapshots:
        try:
            yield from scorer.score_snapshots([snapshot])
        except NonFiniteScoreError as exc:
            problems.append(Problem(lead_id=snapshot.lead_id, message=str(exc)))
