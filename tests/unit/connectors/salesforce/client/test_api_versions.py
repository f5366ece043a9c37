"""The versions that an org offers; an answer that lists none is no answer."""

from __future__ import annotations

import pytest
import requests

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.client.api_versions import versions_of


def answer(body: str) -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    response._content = body.encode()
    return response


def test_they_are_sorted_as_numbers() -> None:
    body = '[{"version": "101.0"}, {"version": "62.0"}, {"version": "9.0", "label": "x"}, {"label": "y"}, 3]'
    assert versions_of(answer(body)) == ("9.0", "62.0", "101.0")


@pytest.mark.parametrize("body", ["<html>Maintenance</html>", "{}", "[]", "[1]", '[{"version": "latest"}]', ""])
def test_what_lists_none_is_no_answer(body: str) -> None:
    with pytest.raises(ServerError, match="versions of its API"):
        versions_of(answer(body))
