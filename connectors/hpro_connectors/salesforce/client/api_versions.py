"""Which versions of the API an org offers."""

from __future__ import annotations

import re

import requests

from hpro_connectors.salesforce.client.error_classes import no_data_error

_VERSION = re.compile(r"(\d{1,3})\.\d")


def versions_of(answer: requests.Response) -> tuple[str, ...]:
    """Read the list of versions, oldest first.

    Args:
        answer: To the request for them.

    Raises:
        ServerError: It is no such list.
    """
    try:
        found = answer.json()
    except requests.exceptions.JSONDecodeError:
        raise no_data_error("the versions of its API") from None
    rows = found if isinstance(found, list) else []
    named = [row.get("version") for row in rows if isinstance(row, dict)]
    versions = [version for version in named if isinstance(version, str) and _VERSION.fullmatch(version)]
    if not versions:
        raise no_data_error("the versions of its API")
    return tuple(sorted(versions, key=float))
