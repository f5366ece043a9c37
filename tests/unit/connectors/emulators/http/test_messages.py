"""Requests and answers apart from sockets."""

from __future__ import annotations

import json

import pytest

from hpro_connectors.emulators.http.messages import Headers, Request, Response


def test_a_request_is_taken_apart() -> None:
    request = Request("GET", "/query/a%20b?q=SELECT+Id%2CName&empty=", Headers([("SFORCE-Options", "x")]))
    assert request.path == "/query/a b"
    assert request.query == {"q": "SELECT Id,Name", "empty": ""}
    assert request.headers.value("sforce-options") == "x"
    assert request.headers.value("other", "none") == "none"


def test_bodies_are_read_as_json_or_as_a_form() -> None:
    assert Request("POST", "/", body='{"name":"Zoë"}'.encode()).json() == {"name": "Zoë"}
    assert Request("POST", "/", body=b"a=1&b=%C3%A9").form == {"a": "1", "b": "é"}
    with pytest.raises(ValueError, match="Expecting value"):
        Request("POST", "/", body=b"<html>").json()


def test_json_answers_are_utf_8_and_hold_no_nan() -> None:
    response = Response.of_json({"name": "Zoë"}, 201)
    assert isinstance(response.body, bytes)
    assert json.loads(response.body.decode("utf-8")) == {"name": "Zoë"}
    assert response.status == 201
    with pytest.raises(ValueError, match="not JSON compliant"):
        Response.of_json(float("nan"))


def test_parts_of_a_body_become_whole() -> None:
    response = Response(200, iter([b"a", b"b"]), length=2)
    assert response.whole() == b"ab"
    assert response.whole() == b"ab"


def test_an_unknown_status_has_words_too() -> None:
    assert Response(530).reason == "Unknown"
    assert Response(404).reason == "Not Found"
