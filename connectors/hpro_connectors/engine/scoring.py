"""Which leads are open, which of them have another prompt now, and their new scores."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hpro_connectors.engine.settings import Progress
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.state import LeadToLookAt, Problem, StateStore, StoredLead, assemble_lead
from hpro_sdk.errors import DataError, HproError, NonFiniteScoreError, UnknownStageError
from hpro_sdk.lead import LeadSnapshot, OutcomeResult, ScoredLead
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.snapshots import take_snapshot

LOOK_BATCH = 64
"""Leads that are held and scored together; small, so that progress shows."""


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
                problems.append(_problem(lead.lead_id, exc))
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
        Counts, and the leads that could not be scored; these keep an older score where they have one. A prompt for
        which the model gave no number is not evaluated again by the same model.
    """
    done = Scoring()
    progress("score", 0)
    candidates = store.leads_to_look_at(scorer.model_id, as_of)
    for start in range(0, len(candidates), LOOK_BATCH):
        batch = candidates[start : start + LOOK_BATCH]
        done.changed += sum(candidate.changed for candidate in batch)
        done.due += sum(not candidate.changed for candidate in batch)
        leads = {stored.record.key.lead_id: stored for stored in store.load([lead.lead_id for lead in batch])}
        same: dict[str, datetime | None] = {}
        failed: dict[str, str] = {}
        different: list[LeadSnapshot] = []
        hashes: dict[str, str] = {}
        for candidate in batch:
            try:
                snapshot = _snapshot(leads[candidate.lead_id], stages, as_of)
                prompt = scorer.render(snapshot)
            except DataError as exc:
                done.problems.append(_problem(candidate.lead_id, exc))
                continue
            if _is_scored_by(candidate, prompt.input_hash, scorer.model_id):
                same[candidate.lead_id] = prompt.next_due_at
            elif candidate.failed_hash == prompt.input_hash:
                failed[candidate.lead_id] = prompt.input_hash
            else:
                different.append(snapshot)
                hashes[candidate.lead_id] = prompt.input_hash
        scored = [lead.model_copy(update={"scored_at": as_of}) for lead in _scored(scorer, different)]
        failed |= {lead_id: hashes[lead_id] for lead_id in hashes.keys() - {lead.lead_id for lead in scored}}
        done.problems += [_problem(lead_id, _no_number(lead_id)) for lead_id in sorted(failed)]
        store.store_scores(scored, same, failed, scorer.model_id)
        done.scored += len(scored)
        progress("score", len(batch))
    return done


def _snapshot(stored: StoredLead, stages: StageNames, as_of: datetime) -> LeadSnapshot:
    return take_snapshot(assemble_lead(stored, stages.name_of), as_of)


def _is_scored_by(candidate: LeadToLookAt, input_hash: str, model_id: str) -> bool:
    return (candidate.input_hash, candidate.model_id) == (input_hash, model_id)


def _scored(scorer: Scorer, snapshots: Sequence[LeadSnapshot]) -> Iterator[ScoredLead]:
    """Score snapshots together; only where one fails, each alone, so that the others go on."""
    try:
        yield from list(scorer.score_snapshots(snapshots))
    except NonFiniteScoreError:
        for snapshot in snapshots:
            with contextlib.suppress(NonFiniteScoreError):
                yield from scorer.score_snapshots([snapshot])


def _problem(lead_id: str, error: HproError) -> Problem:
    return Problem(lead_id=lead_id, code=type(error).__name__, message=str(error))


def _no_number(lead_id: str) -> NonFiniteScoreError:
    return NonFiniteScoreError(
        f"The model gave lead {lead_id} a score that is not a number.", hint="Correct what is unusual in the record."
    )
