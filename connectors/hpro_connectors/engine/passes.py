"""One pass: read what changed, score what looks different, rank, write what people should see."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from hpro_connectors.engine.ranks import rank_open_leads
from hpro_connectors.engine.reading import PageSink, read_changes
from hpro_connectors.engine.scoring import score_leads, settle_open_leads
from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.engine.writeback import Writeback, plan_writes, send_writes
from hpro_connectors.protocol import Connector, WriteStatus
from hpro_connectors.state import PassReport, StateStore
from hpro_connectors.state.pass_report import MAX_PROBLEMS
from hpro_connectors.state.runs import RunKind, RunStatus
from hpro_sdk.scoring.scorer import Scorer

_LOGGER = logging.getLogger(__name__)


def _silent(_what: str, _done: int) -> None:
    pass


def run_pass(
    connector: Connector,
    store: StateStore,
    scorer: Scorer,
    settings: PassSettings | None = None,
    progress: Progress | None = None,
) -> PassReport:
    """Bring the scores that a CRM shows up to date with what it holds.

    A pass that is cut off anywhere loses nothing: the next one goes on where pages, scores and writes were stored.
    One after a pass in which nothing happened calls no model and writes nothing.

    Args:
        connector: One scored object of one org.
        store: The state of that org.
        scorer: The model.
        settings: Lag, overlap, batches; default: as :class:`~hpro_connectors.engine.settings.PassSettings` says.
        progress: Called now and then with what is being done, and how many of it.

    Returns:
        What was done. Leads that could not be scored or written are among its problems; they stop no other lead.

    Raises:
        SafetyRailError: The credentials lead to another org, or another object, than the state is of.
        ModelFitError: The model does not fit the org; nothing has been read or written.
        StateError: The state cannot be used.
        ConnectorError: The CRM failed; what was stored stays.
    """
    settings = settings or PassSettings()
    progress = progress or _silent
    began = settings.clock()
    run_id = store.runs.begin(RunKind.PASS, datetime.now(UTC))
    calls, model_calls = connector.limits().calls, scorer.model_calls
    identity = connector.identity()
    description = connector.describe()
    object_type = description.object_type
    store.check_org(identity, object_type)
    stages = StageNames(description, scorer.manifest)
    store.pin(identity, object_type)
    as_of = connector.server_time()

    read = read_changes(connector, PageSink(store, object_type, progress), as_of, settings)
    problems = settle_open_leads(store, stages)
    scoring = score_leads(store, scorer, stages, as_of, progress)
    ranked = rank_open_leads(store, stages, identity.org_id, object_type, as_of)
    plan = plan_writes(store, ranked)
    done = Writeback()
    if not settings.dry_run:
        done = send_writes(connector, store, plan, batch_rows=settings.write_batch, as_of=as_of, progress=progress)

    problems += scoring.problems + done.problems
    to_clear = sum(planned.clears for planned in plan)
    report = PassReport(
        as_of=as_of,
        model_id=scorer.model_id,
        dry_run=settings.dry_run,
        read=read,
        changed=scoring.changed,
        due=scoring.due,
        scored=scoring.scored,
        model_calls=scorer.model_calls - model_calls,
        open_leads=len(ranked),
        to_write=len(plan) - to_clear,
        to_clear=to_clear,
        written=done.written,
        cleared=done.cleared,
        unchanged=len(ranked) - (len(plan) - to_clear),
        rejected=done.other[WriteStatus.REJECTED] + done.other[WriteStatus.RETRY],
        skipped=done.other[WriteStatus.SKIPPED],
        gone=done.other[WriteStatus.GONE],
        calls=connector.limits().calls - calls,
        seconds=max(0.0, settings.clock() - began),
        problem_count=len(problems),
        problems=tuple(problems[:MAX_PROBLEMS]),
    )
    store.runs.end(run_id, RunStatus.DONE, datetime.now(UTC), report=report)
    store.checkpoint()
    _LOGGER.info("pass ended", extra={"pass_report": report.model_dump(mode="json", exclude={"problems"})})
    return report
