"""The first stage of a pass: read what is new, compare ids now and then, let go of old texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hpro_connectors.engine.reading import PageSink, read_changes, read_marked
from hpro_connectors.engine.reconciling import is_due, missing_problem, note_outage, reconcile
from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.protocol import Connector, OrgDescription
from hpro_connectors.state import Problem, StateStore
from hpro_connectors.state.marks import MarkName
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import OutcomeResult

RETENTION_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the stage did.

    Attributes:
        read: Records, deletions and merges that were read, known ones included.
        complete: Whether everything that is there now was read, backfills to their end. Only then leads are compared
            with each other.
        deleted: Leads that turned out to be gone without a word.
        texts_erased: Interactions whose text went because their leads closed long ago.
        problems: What a person must look at; none is of a single lead.
    """

    read: int
    complete: bool
    deleted: int = 0
    texts_erased: int = 0
    problems: tuple[Problem, ...] = ()


def read_stage(
    connector: Connector,
    store: StateStore,
    description: OrgDescription,
    as_of: datetime,
    *,
    settings: PassSettings,
    progress: Progress,
) -> Reading:
    """Read a CRM into the state.

    Args:
        connector: The CRM.
        store: The state.
        description: Of the scored object.
        as_of: The server's clock when the pass began.
        settings: Of the pass; ``stop`` is asked between pages and batches.
        progress: Told of records by stream.

    Raises:
        ConnectorError: A request failed, or the connector broke its contract; what was stored stays.
    """
    sink = PageSink(store, description.object_type, progress, settings.stop)
    note_outage(store, as_of, settings)
    read_changes(connector, sink, as_of, settings)
    deleted, texts_erased, problems = 0, 0, []
    if not sink.stopped and is_due(store, as_of, settings):
        compared = reconcile(connector, store, as_of, settings)
        deleted, problems = compared.deleted, compared.problems
        read_marked(connector, sink, as_of)
    if not sink.stopped:
        texts_erased = _erase_old_texts(store, description, as_of, settings)
    return Reading(
        read=sink.read,
        complete=not sink.stopped and store.is_backfilled(),
        deleted=deleted,
        texts_erased=texts_erased,
        problems=(*problems, *missing_problem(store)),
    )


def _erase_old_texts(store: StateStore, description: OrgDescription, as_of: datetime, settings: PassSettings) -> int:
    last = store.marks.get(MarkName.LAST_ERASED)
    if settings.retention is None or (last is not None and last.at is not None and as_of - last.at < RETENTION_EVERY):
        return 0
    erased = store.retention.erase_old_texts(
        as_of - settings.retention,
        [stage.name for stage in description.stages if stage.result is not OutcomeResult.OPEN],
        [field.name for field in description.fields if field.kind is FieldKind.TEXT],
    )
    store.marks.set(MarkName.LAST_ERASED, as_of)
    return erased
