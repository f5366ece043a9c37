"""Taking a run back: what stood in the CRM before it is written again, and writing pauses until a person resumes it."""

from __future__ import annotations

from hpro_connectors.engine.passes import Work
from hpro_connectors.engine.running import running, silent
from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.engine.writing_rule import limits_of
from hpro_connectors.protocol import Connector
from hpro_connectors.state import MarkName, PassReport, RunKind, StateStore, Wanted
from hpro_sdk.errors import ConfigError


def roll_back(
    connector: Connector,
    store: StateStore,
    run_id: int,
    settings: PassSettings | None = None,
    progress: Progress | None = None,
) -> PassReport:
    """Write again what each lead showed before a run changed it, whatever came later.

    Writing pauses first, so that the next pass does not undo it. A lead to which nothing had been written before gets
    its eight fields cleared. With ``dry_run`` rows are only counted, and nothing pauses.

    Args:
        connector: One scored object of one org.
        store: The state of that org.
        run_id: The run to take back.
        settings: As for a pass.
        progress: As for a pass.

    Raises:
        ConfigError: There is no such run, or it wrote nothing.
        HproError: As for a pass.
    """
    settings = settings or PassSettings()
    if store.runs.get(run_id) is None:
        raise ConfigError(f"There is no run {run_id}.", hint="`hpro runs` lists them.")
    rows = store.journal.before_run(run_id)
    if not rows:
        raise ConfigError(
            f"The run {run_id} wrote nothing that could be taken back.", hint="`hpro runs` tells what each wrote."
        )
    with running(store, RunKind.ROLLBACK, settings) as run:
        work = Work.begin(connector, store, None, settings, progress or silent)
        work.wanted = Wanted(rows=len(rows), clears=0, reasons={"rollback": len(rows)})
        if not settings.dry_run:
            reason = f"run {run_id} was rolled back; `hpro resume` lets passes write again"
            store.marks.set(MarkName.PAUSED, settings.now(), reason)
            store.outbox.put_back(rows, run.run_id)
            limits = limits_of(settings, work.org.description, work.org.as_of)
            work.send(run.run_id, limits.metadata_hash)
        run.report = work.report(run.run_id)
    return run.report
