"""Reading pages across failures: a read goes on after the last page that was given."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Self

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.protocol import Backfill, Connector, Page, Window


class PageReader:
    """Fetches one page a time; after a failure the next fetch asks for the pages anew.

    A read of a window is asked for with the ``resume`` of the last page that had one, so such a page never comes twice.
    Pages without, as those of a read by id are allowed to be, come again: whoever stores them stores them by id.

    Args:
        ask: Gives the pages after a resume.
        stream: Which stream.
        resume: Where to begin.
        resumable: Whether ``ask`` heeds the resume.
    """

    def __init__(
        self, ask: Callable[[JsonValue], Iterator[Page]], stream: str, resume: JsonValue, *, resumable: bool
    ) -> None:
        self._ask = ask
        self._stream = stream
        self._resume = resume
        self._resumable = resumable
        self._pages: Iterator[Page] | None = None
        self._since_asked = 0
        self._furthest = 0

    @classmethod
    def of_window(cls, connector: Connector, stream: str, window: Window | Backfill, resume: JsonValue) -> Self:
        """Read a window."""
        return cls(lambda at: connector.read(stream, window, at), stream, resume, resumable=True)

    @classmethod
    def of_leads(cls, connector: Connector, stream: str, lead_ids: tuple[str, ...]) -> Self:
        """Read leads by id."""
        return cls(lambda _at: connector.read_by_lead(stream, lead_ids), stream, None, resumable=False)

    def fetch(self) -> Page:
        """Give the next page; one try.

        Raises:
            ServerError: The last page never came, or the same page came twice.
            Exception: Whatever the connector raised.
        """
        try:
            if self._pages is None:
                self._pages = iter(self._ask(self._resume))
                self._since_asked = 0
            return self._checked(next(self._pages, None))
        except BaseException:  # an iterator that failed is of no use any more
            self.close()
            raise

    def gives(self, page: Page) -> bool:
        """Note that a page is given away, and say whether it is one that did not come before."""
        if self._resumable and page.resume is not None:
            self._resume = page.resume
            self._since_asked = self._furthest = 0
            return True
        self._since_asked += 1
        further = self._since_asked > self._furthest
        self._furthest = max(self._furthest, self._since_asked)
        return further

    def close(self) -> None:
        """Let go of the connector's iterator."""
        pages, self._pages = self._pages, None
        if isinstance(pages, Generator):
            pages.close()

    def _checked(self, page: Page | None) -> Page:
        stream = self._stream
        if page is None:
            raise ServerError(f"The CRM stopped in the middle of {stream}.", hint="Try again later.", stream=stream)
        if self._resumable and not page.complete and page.resume is not None and page.resume == self._resume:
            raise ServerError(f"The CRM gave the same page of {stream} twice.", hint="Try again later.", stream=stream)
        return page
