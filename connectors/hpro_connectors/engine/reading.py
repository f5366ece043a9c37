"""Reading a CRM into the state: increments, rereads by id, backfills; each goes on where it was cut off.

Increments of all streams come first, so that a backfill of days keeps no fresh lead waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pydantic import JsonValue

from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.errors import ResumeExpiredError, ServerError
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import Backfill, Connector, LeadRecord, Page, Window
from hpro_connectors.state import StateStore
from hpro_connectors.state.marks import MarkName

REREAD_BATCH = 100

_LOGGER = logging.getLogger(__name__)


def read_changes(connector: Connector, sink: PageSink, as_of: datetime, settings: PassSettings) -> int:
    """Read what changed in every stream, all of leads that came back or took in another one, and what never was read.

    Args:
        connector: The CRM.
        sink: Where pages go; ``sink.stopped`` tells whether it was told to stop before the end.
        as_of: The server's clock when the pass began; every stream is read up to the same moment.
        settings: Lag and overlap.

    Returns:
        How many records, deletions and merges were read.

    Raises:
        ConnectorError: A request failed, or the connector broke its contract.
    """
    read = read_increments(connector, sink, as_of, settings)
    if not sink.stopped:
        note_read(sink.store, as_of - timedelta(seconds=settings.lag_s))
    read += read_marked(connector, sink, as_of)
    read += read_backfills(connector, sink)
    return read + read_marked(connector, sink, as_of)


def note_read(store: StateStore, until: datetime) -> None:
    """Note that every stream was read up to a moment; one that lies before the last one is passed over."""
    last = store.marks.get(MarkName.LAST_READ)
    if last is None or last.at is None or last.at < until:
        store.marks.set(MarkName.LAST_READ, until)


def read_increments(connector: Connector, sink: PageSink, as_of: datetime, settings: PassSettings) -> int:
    """Read what changed in every stream since it was read last; the backfill of a new stream is begun, not read.

    A window that was cut off is read to its end first, and then the newer one. No cursor passes ``as_of`` less the
    lag, and none goes back.

    Args:
        connector: The CRM.
        sink: Where pages go.
        as_of: The server's clock when the pass began.
        settings: Lag and overlap.

    Returns:
        How many records, deletions and merges were read.

    Raises:
        ConnectorError: A request failed, or the connector broke its contract.
    """
    cursors = sink.store.cursors
    end = as_of - timedelta(seconds=settings.lag_s)
    overlap = timedelta(seconds=settings.overlap_s)
    streams = [stream.name for stream in connector.streams()]
    new = cursors.begin_backfills(streams, end)
    read = 0
    for stream in streams:
        known = cursors.increments(stream)
        if known.window is not None:  # an earlier pass was cut off inside it
            read += _read_window(connector, sink, stream, known.window, known.resume)
            known = cursors.increments(stream)
            if known.cursor is not None and known.cursor >= end:
                continue
        if sink.asks_to_stop():
            break
        if stream not in new and known.cursor is not None:
            window = Window(start=known.cursor - overlap, end=max(known.cursor, end))
            read += _read_window(connector, sink, stream, window, None)
    return read


def read_backfills(connector: Connector, sink: PageSink) -> int:
    """Go on with the backfills that have not ended.

    Args:
        connector: The CRM.
        sink: Where pages go.

    Returns:
        How many records were read.

    Raises:
        ConnectorError: A request failed, or the connector broke its contract.
    """
    read = 0
    for stream in connector.streams():
        begun = sink.store.cursors.backfill(stream.name)
        if begun is not None and not sink.asks_to_stop():
            read += _read_window(connector, sink, stream.name, *begun)
    return read


def read_marked(connector: Connector, sink: PageSink, as_of: datetime) -> int:
    """Read again, by id, all of the leads that are marked so; a mark goes when all of its lead was read.

    Such an answer knows no window. A lead that was changed after the pass began is left to the next one, which sees
    the change: it would be looked at as of now, and then not again.

    Args:
        connector: The CRM.
        sink: Where pages go.
        as_of: The server's clock when the pass began.

    Returns:
        How many records were read.

    Raises:
        ConnectorError: A request failed, or the connector broke its contract.
    """
    read = 0
    lead_ids = sink.store.rereads()
    for start in range(0, len(lead_ids), REREAD_BATCH):
        batch = lead_ids[start : start + REREAD_BATCH]
        for stream in connector.streams():
            if sink.asks_to_stop():
                return read
            pages = connector.read_by_lead(stream.name, batch)
            read += sink.take((_until(page, as_of) for page in pages), stream.name, None)
        if sink.stopped:
            return read
        sink.store.forget_rereads(batch)
    return read


def _until(page: Page, as_of: datetime) -> Page:
    kept = tuple(one for one in page.upserts if not (isinstance(one, LeadRecord) and one.modified_at > as_of))
    return page if len(kept) == len(page.upserts) else page.model_copy(update={"upserts": kept})


def _read_window(
    connector: Connector, sink: PageSink, stream: str, window: Window | Backfill, resume: JsonValue
) -> int:
    """Read a window, once more from its beginning when the CRM no longer knows where it stopped."""
    before, pages_before = sink.read, sink.pages
    try:
        sink.take(connector.read(stream, window, resume), stream, window)
    except ResumeExpiredError:
        if resume is None and sink.pages == pages_before:
            raise
        _LOGGER.warning("the place where reading stopped has expired", extra={"stream": stream})
        sink.store.cursors.forget_resume(stream, window)
        sink.take(connector.read(stream, window), stream, window)
    extra = {"event": LogEvent.STREAM_READ, "stream": stream, "records": sink.read - before}
    _LOGGER.info("stream read", extra=extra)
    return sink.read - before


class PageSink:
    """Stores pages, each together with how far its stream was read.

    Args:
        store: The state.
        object_type: The scored object.
        progress: Told of records by stream.
        stop: Asked between pages; when it says yes, nothing more is taken.

    Attributes:
        store: The state.
        read: How many records, deletions and merges all pages held.
        pages: How many pages there were; one may hold nothing but the place to go on from.
        stopped: Whether ``stop`` said yes.
    """

    def __init__(
        self, store: StateStore, object_type: str, progress: Progress, stop: Callable[[], bool] | None = None
    ) -> None:
        self.store = store
        self.read = 0
        self.pages = 0
        self.stopped = False
        self._object_type = object_type
        self._progress = progress
        self._stop = stop

    def asks_to_stop(self) -> bool:
        """Ask whether to stop; once it was said, it stays said."""
        self.stopped = self.stopped or (self._stop is not None and self._stop())
        return self.stopped

    def take(self, pages: Iterable[Page], stream: str, window: Window | Backfill | None) -> int:
        """Store all pages of an answer, or those before it was told to stop.

        Args:
            pages: As the connector gives them.
            stream: Which one.
            window: What was asked for; ``None`` for leads read by id.

        Returns:
            How many records, deletions and merges the pages held.

        Raises:
            ConnectorError: A request failed, a page of a window came twice, or the last one never came.
        """
        read = 0
        last: Page | None = None
        for page in pages:
            # Answers by id are not resumed: theirs may all be None.
            if window is not None and last is not None and not page.complete and page.resume == last.resume:
                raise ServerError(
                    f"The CRM gave the same page of {stream} twice.", hint="Try again later.", stream=stream
                )
            self.store.store_page(page, self._object_type, stream, window)
            size = len(page.upserts) + len(page.tombstones) + len(page.merges)
            _LOGGER.debug("page stored", extra={"event": LogEvent.PAGE_STORED, "stream": stream, "records": size})
            self._progress(stream, size)
            read += size
            self.read += size
            self.pages += 1
            last = page
            if not page.complete and self.asks_to_stop():
                return read
        if last is None or not last.complete:
            raise ServerError(f"The CRM stopped in the middle of {stream}.", hint="Try again later.", stream=stream)
        return read
