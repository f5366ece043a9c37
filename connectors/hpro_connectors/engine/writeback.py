"""Writing rows back: which, in what batches, and what became of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hpro_connectors.engine.ranks import score_row
from hpro_connectors.engine.settings import Progress
from hpro_connectors.engine.writing_rule import cleared, must_write
from hpro_connectors.errors import FatalError
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.protocol import Connector, WriteResult, WriteStatus
from hpro_connectors.state import Problem, StateStore, WrittenRow
from hpro_sdk.lead import ScoredLead

_CODE = re.compile("[A-Za-z0-9_.:-]{1,80}")  # of a CRM; what looks otherwise may quote a record


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """A row to send.

    Attributes:
        row: All eight values.
        stage: The funnel stage that its stage rank is of.
        last: What was written before; ``None``: nothing yet.
        clears: Whether it only takes ranks off.
    """

    row: ScoreRow
    stage: str | None
    last: WrittenRow | None
    clears: bool = False


@dataclass(slots=True)
class Writeback:
    """What writing did; filled while it runs."""

    written: int = 0
    cleared: int = 0
    other: Counter[WriteStatus] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)


def plan_writes(store: StateStore, ranked: Sequence[tuple[ScoredLead, Trend]]) -> list[PlannedWrite]:
    """Give the rows to send: ranks that must go first, then ranked leads, best first.

    Args:
        store: The state, which knows what was last written.
        ranked: All ranked leads, best first.
    """
    last = store.written_rows()
    open_ids = {lead.lead_id for lead, _ in ranked}
    plan = [
        PlannedWrite(row=row, stage=written.stage, last=written, clears=True)
        for lead_id, written in sorted(last.items())
        if lead_id not in open_ids and (row := cleared(written)) is not None
    ]
    for lead, trend in ranked:
        row = score_row(lead, trend)
        before = last.get(lead.lead_id)
        if must_write(row, lead.stage, before):
            plan.append(PlannedWrite(row=row, stage=lead.stage, last=before))
    return plan


def send_writes(
    connector: Connector,
    store: StateStore,
    plan: Sequence[PlannedWrite],
    *,
    batch_rows: int,
    as_of: datetime,
    progress: Progress,
) -> Writeback:
    """Write rows in batches; what became of a batch is stored before the next one is sent.

    A batch is stored as intended before it is sent. Where the answer is lost, the CRM may or may not hold it: the next
    pass sends those rows again, or takes the ranks off leads that are no longer ranked by then.

    Args:
        connector: The CRM.
        store: The state.
        plan: Rows to send.
        batch_rows: Rows a batch.
        as_of: When the pass began; a lead that turns out to be gone counts as deleted then.
        progress: Told of rows under ``write``.

    Raises:
        ConnectorError: A whole request failed, or the connector broke its contract.
    """
    done = Writeback()
    for start in range(0, len(plan), batch_rows):
        batch = plan[start : start + batch_rows]
        store.store_intended([(planned.row, planned.stage) for planned in batch], as_of)
        results = connector.write([planned.row for planned in batch])
        if [result.lead for result in results] != [planned.row.lead for planned in batch]:
            raise FatalError("The connector did not give one result a row, in order.", hint="Report this as a bug.")
        _store_results(store, batch, results, as_of, done)
        progress("write", len(batch))
    return done


def _store_results(
    store: StateStore,
    batch: Sequence[PlannedWrite],
    results: Sequence[WriteResult],
    as_of: datetime,
    done: Writeback,
) -> None:
    settled: list[tuple[ScoreRow, str | None]] = []
    untouched: dict[str, WrittenRow | None] = {}
    gone: dict[str, datetime] = {}
    for planned, result in zip(batch, results, strict=True):
        lead_id = planned.row.lead.lead_id
        match result.status:
            case WriteStatus.WRITTEN:
                settled.append((planned.row, planned.stage))
                if planned.clears:
                    done.cleared += 1
                else:
                    done.written += 1
                continue
            case WriteStatus.SKIPPED:
                # Kept as if written: the same row would only be skipped again.
                settled.append((planned.row, planned.stage))
            case WriteStatus.GONE:
                untouched[lead_id] = planned.last
                gone[lead_id] = as_of
            case WriteStatus.REJECTED | WriteStatus.RETRY:
                untouched[lead_id] = planned.last
                done.problems.append(_problem(result))
        done.other[result.status] += 1
    store.store_results(settled, untouched, gone, as_of)


def _problem(result: WriteResult) -> Problem:
    what = "refused it" if result.status is WriteStatus.REJECTED else "could not write it now"
    code = result.code if result.code and _CODE.fullmatch(result.code) else result.status.value
    words = ": ".join(part for part in (result.code, result.message) if part)
    return Problem(
        lead_id=result.lead.lead_id,
        code=code,
        message=f"Lead {result.lead.lead_id}: the CRM {what} ({words or 'no reason'}).",
    )
