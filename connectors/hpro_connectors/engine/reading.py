"""Reading a CRM into the state: windows, resuming, and leads that are read again by id."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.errors import ServerError
from hpro_connectors.protocol import Backfill, Connector, Page, Window
from hpro_connectors.state import StateStore

REREAD_BATCH = 100


def read_changes(connector: Connector, sink: PageSink, as_of: datetime, settings: PassSettings) -> int:
    """Read what changed in every stream, and all that belongs to leads that came back or took in another one.

    Args:
        connector: The CRM.
        sink: Where pages go.
        as_of: The server's clock when the pass began; every stream is read up to the same moment.
        settings: Lag and overlap.

    Returns:
        How many records, deletions and merges were read.

    Raises:
        ConnectorError: A request failed, or the connector broke its contract.
    """
    store = sink.store
    end = as_of - timedelta(seconds=settings.lag_s)
    overlap = timedelta(seconds=settings.overlap_s)
    streams = [stream.name for stream in connector.streams()]
    read = 0
    for stream in streams:
        known = store.cursor(stream)
        if known.window is not None:  # an earlier pass was cut off inside it
            read += sink.take(connector.read(stream, known.window, known.resume), stream, known.window)
            known = store.cursor(stream)
            if known.cursor is not None and known.cursor >= end:
                continue
        window: Window | Backfill = Backfill(end=end)
        if known.cursor is not None:
            window = Window(start=known.cursor - overlap, end=max(known.cursor, end))
        read += sink.take(connector.read(stream, window), stream, window)
    lead_ids = store.rereads()
    for start in range(0, len(lead_ids), REREAD_BATCH):
        batch = lead_ids[start : start + REREAD_BATCH]
        for stream in streams:
            read += sink.take(connector.read_by_lead(stream, batch), stream, None)
        store.forget_rereads(batch)
    return read


class PageSink:
    """Stores pages, each together with how far its stream was read.

    Args:
        store: The state.
        object_type: The scored object.
        progress: Told of records by stream.
    """

    def __init__(self, store: StateStore, object_type: str, progress: Progress) -> None:
        self.store = store
        self._object_type = object_type
        self._progress = progress

    def take(self, pages: Iterable[Page], stream: str, window: Window | Backfill | None) -> int:
        """Store all pages of an answer.

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
            self._progress(stream, size)
            read += size
            last = page
        if last is None or not last.complete:
            raise ServerError(f"The CRM stopped in the middle of {stream}.", hint="Try again later.", stream=stream)
        return read
