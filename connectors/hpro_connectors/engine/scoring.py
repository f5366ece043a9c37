"""Which leads are open, which of them have another prompt now, and their new scores."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hpro_connectors.engine.bands import SteadyBands
from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.state import LeadToLookAt, Problem, Standing, StateStore, StoredLead, assemble_lead
from hpro_connectors.state.pass_report import MAX_PROBLEMS
from hpro_sdk.errors import DataError, HproError, NonFiniteScoreError, UnknownStageError
from hpro_sdk.lead import LeadSnapshot, OutcomeResult, ScoredLead
from hpro_sdk.rendering.prompt import RenderedPrompt
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.snapshots import take_snapshot

LOOK_BATCH = 64
"""Leads that are held and scored together; small, so that progress shows."""

FIRST_BATCH = 8
"""Nobody knows yet how fast the model is: at 3 s a lead even this one leaves a stop its time."""

_LONGEST_BATCH_S = 5.0
"""A stop is asked for between batches, and a process that was told to stop has 25 s."""

_Rendered = tuple[LeadSnapshot, RenderedPrompt]


@dataclass(slots=True)
class Scoring:
    """What scoring did; filled while it runs.

    Attributes:
        changed: Leads looked at because something of them changed.
        due: Leads looked at without a change.
        scored: Leads that got a new score.
        render_s: Seconds of loading and rendering.
        score_s: Seconds in the model, storing included.
        complete: Whether all leads were looked at.
        problem_count: How many leads could not be scored.
        problems: The first thousand of them.
    """

    changed: int = 0
    due: int = 0
    scored: int = 0
    render_s: float = 0.0
    score_s: float = 0.0
    complete: bool = True
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add_problem(self, lead_id: str, error: HproError) -> None:
        """Note a lead that could not be scored."""
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(lead_id=lead_id, code=type(error).__name__, message=str(error)))


def settle_open_leads(store: StateStore, stages: StageNames, settings: PassSettings, done: Scoring) -> None:
    """Decide which leads are open (neither won nor lost nor excluded, in a stage that is known).

    Args:
        store: The state; it remembers the decision.
        stages: The CRM's stages in the funnel's words.
        settings: They name the field that excludes leads.
        done: Gets the leads whose stage nobody knows as problems; they are not ranked.
    """
    is_open: list[Standing] = []
    for standing in store.standings(settings.exclude_field):
        if standing.excluded:
            continue
        try:
            result = stages.result_of(standing.stage) if standing.result is None else standing.result
            if standing.stage is not None and result is OutcomeResult.OPEN:
                stages.name_of(standing.stage)
        except UnknownStageError as exc:
            count, lead_ids = store.leads_standing(standing, settings.exclude_field, MAX_PROBLEMS)
            for lead_id in lead_ids:
                done.add_problem(lead_id, exc)
            done.problem_count += count - len(lead_ids)
            continue
        if result is OutcomeResult.OPEN:
            is_open.append(standing)
    store.set_open(is_open, settings.exclude_field)


def score_leads(
    store: StateStore,
    scorer: Scorer,
    stages: StageNames,
    as_of: datetime,
    *,
    settings: PassSettings,
    progress: Progress,
    done: Scoring,
) -> None:
    """Render every open lead whose prompt may be another one, and score those whose prompt or model is.

    Leads that could not be scored keep an older score where they have one. A prompt for which the model gave no number
    is not evaluated again by the same model.

    Args:
        store: The state; scores go into it batch by batch.
        scorer: The model.
        stages: The CRM's stages in the funnel's words.
        as_of: The moment leads are looked at, and the time that new scores carry.
        settings: Margin of the bands, clock, stop.
        progress: Told of leads under ``score``.
        done: Filled while it runs.
    """
    progress("score", 0)
    bands = SteadyBands(scorer.manifest.bands, scorer.manifest.calibration, settings.band_margin)
    candidates = store.leads_to_look_at(scorer.model_id, as_of)
    start, size = 0, FIRST_BATCH
    while start < len(candidates):
        if settings.stop():
            done.complete = False
            return
        batch = candidates[start : start + size]
        start += len(batch)
        done.changed += sum(candidate.changed for candidate in batch)
        done.due += sum(not candidate.changed for candidate in batch)
        with _timing(settings.clock) as seconds:
            look = _render(store, scorer, stages, as_of, batch=batch, done=done)
        done.render_s += seconds()
        with _timing(settings.clock) as seconds:
            before = {one.lead_id: one.band for one in batch if one.model_id == scorer.model_id}
            scored = [
                lead.model_copy(
                    update={
                        "scored_at": as_of,
                        "band": bands.band_of(lead.rank_score, lead.score, before.get(lead.lead_id)),
                    }
                )
                for lead in _scored(scorer, look.different)
            ]
            wanted = {snapshot.lead_id: prompt.input_hash for snapshot, prompt in look.different}
            failed = look.failed | {name: wanted[name] for name in wanted.keys() - {lead.lead_id for lead in scored}}
            for lead_id in sorted(failed):
                done.add_problem(lead_id, _no_number(lead_id))
            store.store_scores(scored, look.same, failed, scorer.model_id)
        done.score_s += seconds()
        size = _next_size(size, seconds())
        done.scored += len(scored)
        progress("score", len(batch))


def _next_size(size: int, took_s: float) -> int:
    """Give how many leads to look at next: fewer where a model is so slow that a stop would have to wait for it."""
    if took_s > _LONGEST_BATCH_S:
        return max(1, int(size * _LONGEST_BATCH_S / took_s))
    return min(LOOK_BATCH, 2 * size)


@dataclass(slots=True)
class _Look:
    """What leads look like now, against what they were scored by."""

    same: dict[str, datetime | None] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    different: list[_Rendered] = field(default_factory=list)


def _render(
    store: StateStore,
    scorer: Scorer,
    stages: StageNames,
    as_of: datetime,
    *,
    batch: Sequence[LeadToLookAt],
    done: Scoring,
) -> _Look:
    look = _Look()
    leads = {stored.record.key.lead_id: stored for stored in store.load([lead.lead_id for lead in batch])}
    for candidate in batch:
        try:
            snapshot = _snapshot(leads[candidate.lead_id], stages, as_of)
            prompt = scorer.render(snapshot)
        except DataError as exc:
            done.add_problem(candidate.lead_id, exc)
            continue
        if (candidate.input_hash, candidate.model_id) == (prompt.input_hash, scorer.model_id):
            look.same[candidate.lead_id] = prompt.next_due_at
        elif candidate.failed_hash == prompt.input_hash:
            look.failed[candidate.lead_id] = prompt.input_hash
        else:
            look.different.append((snapshot, prompt))
    return look


def _snapshot(stored: StoredLead, stages: StageNames, as_of: datetime) -> LeadSnapshot:
    return take_snapshot(assemble_lead(stored, stages.name_of), as_of)


def _scored(scorer: Scorer, rendered: Sequence[_Rendered]) -> Iterator[ScoredLead]:
    """Score leads together; only where one fails, each alone, so that the others go on."""
    try:
        yield from list(scorer.score_rendered(rendered))
    except NonFiniteScoreError:
        for one in rendered:
            with contextlib.suppress(NonFiniteScoreError):
                yield from scorer.score_rendered([one])


def _no_number(lead_id: str) -> NonFiniteScoreError:
    return NonFiniteScoreError(
        f"The model gave lead {lead_id} a score that is not a number.", hint="Correct what is unusual in the record."
    )


@contextlib.contextmanager
def _timing(clock: Callable[[], float]) -> Iterator[Callable[[], float]]:
    """Give a function that tells how many seconds the body has taken so far."""
    began = clock()
    yield lambda: clock() - began
