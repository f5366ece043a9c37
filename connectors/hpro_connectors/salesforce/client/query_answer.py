"""What a query's answer holds, checked: an answer that is none must never count as an empty one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.client.error_classes import no_data_error

_NEXT_PATH = re.compile(r"/services/data/v\d+\.\d+/(?:query|queryAll)/[\w-]+")
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_INNER = re.compile(r"\(\s*SELECT\b[^()]*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A page of a query's answer.

    Attributes:
        records: As REST gives them, ``attributes`` included.
        next_path: For ``query_more`` of the client; ``None``: this is the last page.
        total: Rows of the whole answer; of a ``COUNT()`` the count.
    """

    records: tuple[dict[str, JsonValue], ...]
    next_path: str | None
    total: int


def query_answer_of(found: JsonValue) -> QueryAnswer:
    """Read the answer to a query; what is none must never count as "nothing found".

    Args:
        found: As Salesforce gives it.

    Raises:
        ServerError: It is no page of rows.
    """
    if not isinstance(found, dict):
        raise _no_rows()
    records, total, done, next_path = (found.get(key) for key in ("records", "totalSize", "done", "nextRecordsUrl"))
    if not isinstance(records, list) or not isinstance(total, int) or not isinstance(done, bool):
        raise _no_rows()
    rows = tuple(record for record in records if isinstance(record, dict))
    if len(rows) < len(records) or total < len(rows):
        raise _no_rows()
    if done:
        return QueryAnswer(rows, None, total)
    if not isinstance(next_path, str) or not is_next_path(next_path):
        raise _no_rows()
    return QueryAnswer(rows, next_path, total)


def is_next_path(text: str) -> bool:
    """Tell whether a text is a place in a query's answer; anything else could lead to another host.

    Args:
        text: As Salesforce gave it, or as it was stored.
    """
    return _NEXT_PATH.fullmatch(text) is not None


def object_of(soql: str) -> str | None:
    """Name the object of a query, for errors.

    Args:
        soql: The query; one within its conditions is passed over.
    """
    found = _FROM.search(_INNER.sub("", soql))
    return found[1] if found else None


def _no_rows() -> ServerError:
    return no_data_error("a query's rows")
