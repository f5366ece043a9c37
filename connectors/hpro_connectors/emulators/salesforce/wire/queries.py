"""The resources ``query`` and ``queryAll``: pages of records, and where the next page is."""

from __future__ import annotations

import re

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.querying import QueryResult
from hpro_connectors.emulators.salesforce.org.record_maker import RecordMaker
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.call import Call
from hpro_connectors.emulators.salesforce.wire.cursors import Cursor, CursorStore

SMALLEST_PAGE, LARGEST_PAGE = 200, 2_000
_BATCH_SIZE = re.compile(r"\bbatchSize\s*=\s*(\d+)")


class Queries:
    """Queries of an org.

    Args:
        org: What is asked.
        cursors: Of answers with several pages.

    Attributes:
        page_size: Rows of a page at most, whatever the client asks for; ``None``: as many as it asks for.
    """

    def __init__(self, org: SalesforceOrg, cursors: CursorStore, page_size: int | None) -> None:
        self.page_size = page_size
        self._org, self._cursors = org, cursors

    def query(self, call: Call) -> Response:
        """Ask for records that are not deleted.

        Args:
            call: With ``q`` in the query.
        """
        return self._ask(call, resource="query")

    def query_all(self, call: Call) -> Response:
        """Ask for records, deleted ones and archived activities too.

        Args:
            call: With ``q`` in the query.
        """
        return self._ask(call, resource="queryAll")

    def more(self, call: Call) -> Response:
        """Give the next page.

        Args:
            call: With the locator in its path.
        """
        cursor, first = self._cursors.find(call.parts["locator"], call.user_id)
        resource = call.request.path.rstrip("/").split("/")[-2]
        return self._page(call, cursor, first, resource)

    def _ask(self, call: Call, resource: str) -> Response:
        soql = call.request.query.get("q", "")
        if not soql.strip():
            raise ApiFault(400, "MALFORMED_QUERY", "A query string has to be specified")
        answer = self._org.open_query(
            soql,
            user_id=call.user_id,
            include_deleted=resource == "queryAll",
            api_version=call.version,
        )
        if isinstance(answer, QueryResult) and answer.count is not None:
            return Response.of_json({"totalSize": answer.count, "done": True, "records": []})
        cursor = Cursor("", call.user_id, answer, self._org.clock.now())
        if cursor.total > self._size(call):
            cursor = self._cursors.add(call.user_id, answer)
        return self._page(call, cursor, 0, resource)

    def _page(self, call: Call, cursor: Cursor, first: int, resource: str) -> Response:
        last = min(first + self._size(call), cursor.total)
        maker = RecordMaker(self._org, cursor.object_name, cursor.answer.columns, call.base)
        answer: dict[str, object] = {"totalSize": cursor.total, "done": last >= cursor.total}
        if last < cursor.total:
            answer["nextRecordsUrl"] = f"{call.base}/{resource}/{cursor.cursor_id}-{last}"
        answer["records"] = [maker.record(row) for row in cursor.rows(first, last - first)]
        return Response.of_json(answer)

    def _size(self, call: Call) -> int:
        found = _BATCH_SIZE.search(call.request.headers.value("Sforce-Query-Options"))
        asked = LARGEST_PAGE if found is None else min(max(int(found[1]), SMALLEST_PAGE), LARGEST_PAGE)
        return asked if self.page_size is None else min(asked, self.page_size)
