"""How an org stands: whether scores are fresh, whether anything keeps them from the CRM, and what to do about it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from pydantic import NonNegativeFloat, NonNegativeInt
from sqlalchemy import ColumnElement, and_, func, select

from hpro_connectors.state.lease import holder_of
from hpro_connectors.state.marks import Mark, MarkName
from hpro_connectors.state.runs import Run, RunKind, RunStatus
from hpro_connectors.state.schema import LEADS, ORG, RUNS
from hpro_connectors.state.store import StateStore
from hpro_sdk.lead import Frozen, UtcDatetime

_CAME_THROUGH = (RunStatus.DONE, RunStatus.PARTIAL, RunStatus.STOPPED)
_NO_MODEL = "No model is in use: passes only read. Train one with `hpro model train`."
_FAILED = (RunStatus.FAILED, RunStatus.INTERRUPTED)


class WholePass(Frozen):
    """The last pass that read and scored all there was; a safety rail may have kept it from writing.

    Attributes:
        run_id: Its number.
        status: How it ended.
        started_at: By this machine's clock.
        ended_at: Likewise.
        as_of: The server's clock when it looked at the leads.
        age_s: Seconds since it began: what happened in the CRM since then, the scores do not know.
    """

    run_id: int
    status: RunStatus
    started_at: UtcDatetime
    ended_at: UtcDatetime | None
    as_of: UtcDatetime | None
    age_s: NonNegativeFloat


class Failure(Frozen):
    """A run that an error ended, or whose process is gone.

    Attributes:
        run_id: Its number.
        status: Whether it failed or was cut off.
        at: When it ended, or, where that is not known, began.
        code: Name of the error.
        reason: In words.
    """

    run_id: int
    status: RunStatus
    at: UtcDatetime
    code: str | None
    reason: str | None


class Standstill(Frozen):
    """Something that waits for a person.

    Attributes:
        since: When it began.
        reason: In words.
    """

    since: UtcDatetime | None
    reason: str | None


class RunningNow(Frozen):
    """A run that goes on in a living process.

    Attributes:
        run_id: Its number.
        kind: What it is.
        started_at: By this machine's clock.
        process: Which process.
    """

    run_id: int
    kind: RunKind
    started_at: UtcDatetime
    process: str


class OrgStatus(Frozen):
    """How an org stands.

    Attributes:
        org: Its id; ``None`` before the first pass.
        org_name: What people call it.
        at: When this was asked.
        last_pass: The last pass that read and scored all there was.
        stale: Whether that is too long ago, or there is none.
        stopped: A safety rail stopped writing.
        paused: A rollback or a person paused writing.
        missing: So many leads are missing from the CRM that a person must confirm that they are gone.
        running: A run that goes on.
        last_failure: The last run that failed since the last pass that did not.
        leads_open: Leads that are open.
        outbox: Rows that wait to be sent.
        dead_letters: Rows that the CRM refused.
        model: The model in use; ``None``: passes only read.
        healthy: Whether nothing is stale and nothing waits for a person.
        reasons: Why not, each with its remedy.
        notes: What is worth knowing besides.
    """

    org: str | None = None
    org_name: str | None = None
    at: UtcDatetime
    last_pass: WholePass | None = None
    stale: bool
    stopped: Standstill | None = None
    paused: Standstill | None = None
    missing: Standstill | None = None
    running: RunningNow | None = None
    last_failure: Failure | None = None
    leads_open: NonNegativeInt = 0
    outbox: NonNegativeInt = 0
    dead_letters: NonNegativeInt = 0
    model: str | None = None
    healthy: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def last_whole_pass(store: StateStore) -> Run | None:
    """Give the last pass that read and scored all there was and was no dry run; ``None`` before the first.

    Args:
        store: The state.
    """
    whole = and_(
        RUNS.c.kind == RunKind.PASS.value,
        _status_in(_CAME_THROUGH),
        RUNS.c.report.is_not(None),
        _is_false("dry_run"),
        _is_false("ended_early"),
        func.coalesce(func.json_extract(RUNS.c.report, "$.is_backfilled"), 1) == 1,
    )
    return _newest(store, whole)


def status_of(store: StateStore, now: datetime, max_age: timedelta) -> OrgStatus:
    """Say how an org stands; reads the state and nothing else.

    Args:
        store: The state.
        now: This machine's clock.
        max_age: A last pass that began longer ago is stale.
    """
    last = last_whole_pass(store)
    newer = RUNS.c.id > (0 if last is None else last.run_id)
    failed = _newest(store, and_(newer, _status_in(_FAILED)))
    newest = _newest(store, RUNS.c.status == RunStatus.RUNNING.value)
    with store.transactions.reading() as connection:
        org = connection.execute(select(ORG)).first()
        leads_open = connection.scalar(select(func.count()).where(LEADS.c.open.is_(True), LEADS.c.deleted_at.is_(None)))
        holder = holder_of(connection, now)
    age = None if last is None else max(timedelta(0), now - last.started_at)
    stale = age is None or age > max_age
    stopped, paused, missing = (
        _standstill(store.marks.get(name)) for name in (MarkName.STOPPED, MarkName.PAUSED, MarkName.MISSING)
    )
    running = None
    if newest is not None and holder is not None:
        running = RunningNow(run_id=newest.run_id, kind=newest.kind, started_at=newest.started_at, process=holder.words)
    model = store.models.in_use()
    model_id = model.model_id if model is not None else None if last is None else last.model_id
    failure = None if failed is None else _failure(failed)
    reasons = [
        *([_stale_words(age, max_age, failure)] if stale else []),
        *_standstill_words(stopped, paused, missing),
    ]
    dead = store.dead_letters.count()
    return OrgStatus(
        org=None if org is None else org.org_id,
        org_name=None if org is None else org.name,
        at=now,
        last_pass=None if last is None or age is None else _whole_pass(last, age),
        stale=stale,
        stopped=stopped,
        paused=paused,
        missing=missing,
        running=running,
        last_failure=failure,
        leads_open=leads_open or 0,
        outbox=store.outbox.size(),
        dead_letters=dead,
        model=model_id,
        healthy=not reasons,
        reasons=tuple(reasons),
        notes=tuple(_notes(failure, dead, stale=stale, reads_only=last is not None and model_id is None)),
    )


def status_before_the_first_pass(now: datetime) -> OrgStatus:
    """Say how an org stands of which there is no state.

    Args:
        now: This machine's clock.
    """
    return OrgStatus(at=now, stale=True, healthy=False, reasons=(_stale_words(None, timedelta(0), None),), notes=())


def duration_words(length: timedelta) -> str:
    """Give a length of time for people: its two largest units, such as "1 d 2 h".

    Args:
        length: From 0 on.
    """
    minutes = int(length.total_seconds()) // 60
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{count:,} {unit}" for count, unit in parts[:2] if count) or "less than a minute"


def _status_in(statuses: tuple[RunStatus, ...]) -> ColumnElement[bool]:
    return RUNS.c.status.in_([status.value for status in statuses])


def _is_false(flag: str) -> ColumnElement[bool]:
    return func.coalesce(func.json_extract(RUNS.c.report, f"$.{flag}"), 0) == 0


def _newest(store: StateStore, condition: ColumnElement[bool]) -> Run | None:
    wanted = select(RUNS.c.id).where(condition).order_by(RUNS.c.id.desc()).limit(1)
    with store.transactions.reading() as connection:
        run_id = connection.scalar(wanted)
    return None if run_id is None else store.runs.get(run_id)


def _whole_pass(run: Run, age: timedelta) -> WholePass:
    return WholePass(
        run_id=run.run_id,
        status=run.status,
        started_at=run.started_at,
        ended_at=run.ended_at,
        as_of=run.as_of,
        age_s=age.total_seconds(),
    )


def _failure(run: Run) -> Failure:
    at = run.started_at if run.ended_at is None else run.ended_at
    return Failure(run_id=run.run_id, status=run.status, at=at, code=run.code, reason=run.reason)


def _standstill(mark: Mark | None) -> Standstill | None:
    """Read a mark, whose value is words, or JSON with a reason."""
    if mark is None:
        return None
    try:
        told = json.loads(mark.value or "")
    except ValueError:
        return Standstill(since=mark.at, reason=mark.value)
    reason = told.get("reason") if isinstance(told, dict) else None
    return Standstill(since=mark.at, reason=reason if isinstance(reason, str) else mark.value)


def _stale_words(age: timedelta | None, max_age: timedelta, failure: Failure | None) -> str:
    if age is None:
        happened = "no pass has read and scored everything yet"
    else:
        happened = f"the last whole pass began {duration_words(age)} ago, more than {duration_words(max_age)}"
    if failure is None:
        return f"Stale: {happened}. Run `hpro run --once`, or leave `hpro serve` running."
    return f"Stale: {happened}. {_failure_words(failure)} Run `hpro run --once` when that is put right."


def _standstill_words(stopped: Standstill | None, paused: Standstill | None, missing: Standstill | None) -> list[str]:
    words = []
    if stopped is not None:
        remedy = "Look at it with `hpro plan`, then confirm it with `hpro apply --plan ID`."
        words.append(f"Stopped: a safety rail keeps passes from writing{_told(stopped)}. {remedy}")
    if paused is not None:
        words.append(f"Paused: passes do not write{_told(paused)}. `hpro resume` lets them.")
    if missing is not None:
        remedy = "Look into the CRM, then confirm it with `hpro run --once --confirm-missing`."
        words.append(f"Missing: many leads are gone from the CRM and are kept until a person confirms it. {remedy}")
    return words


def _told(standstill: Standstill) -> str:
    since = "" if standstill.since is None else f" since {standstill.since:%Y-%m-%d %H:%M} UTC"
    # The remedy that a reason may bring along behind a colon or semicolon is said once, by us.
    reason = (standstill.reason or "").partition(": look at it")[0].partition("; `hpro")[0].rstrip(".")
    return f"{since} ({reason})" if reason else since


def _failure_words(failure: Failure) -> str:
    if failure.status is RunStatus.INTERRUPTED:
        return f"Run {failure.run_id} was cut off."
    told = ": ".join(part for part in (failure.code, failure.reason) if part)
    return f"Run {failure.run_id} failed ({told})." if told else f"Run {failure.run_id} failed."


def _notes(failure: Failure | None, dead: int, *, stale: bool, reads_only: bool) -> list[str]:
    notes = []
    if failure is not None and not stale:
        notes.append(f"{_failure_words(failure)} The next pass goes on from there.")
    if dead:
        notes.append(f"The CRM refused {dead:,} {'row' if dead == 1 else 'rows'}; see `hpro deadletter list`.")
    if reads_only:
        notes.append(_NO_MODEL)
    return notes
