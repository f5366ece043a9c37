"""Paths lead to handlers: fixed parts first, slashes at the ends do not matter, other methods are known."""

from __future__ import annotations

from collections.abc import Callable

from hpro_connectors.emulators.http.router import Router


def _router() -> Router[Callable[[], str]]:
    router: Router[Callable[[], str]] = Router()
    router.add("GET", "", lambda: "top")
    router.add("GET", "sobjects/{object}/describe", lambda: "describe")
    router.add("GET", "sobjects/{object}/{id}", lambda: "read")
    router.add("PATCH", "sobjects/{object}/{id}", lambda: "update")
    return router


def _said(method: str, path: str) -> str | None:
    match = _router().find(method, path)
    return None if match is None or match.handler is None else match.handler()


def test_a_path_is_found_with_its_parts() -> None:
    match = _router().find("PATCH", "/sobjects/Lead/00Q1/")
    assert match is not None
    assert match.handler is not None
    assert match.handler() == "update"
    assert match.parts == {"object": "Lead", "id": "00Q1"}
    assert match.methods == ("GET", "PATCH")


def test_templates_that_were_added_first_are_tried_first() -> None:
    assert _said("GET", "sobjects/Lead/describe") == "describe"
    assert _said("GET", "sobjects/Lead/00Q1") == "read"
    assert _said("GET", "/") == "top"


def test_an_unknown_path_and_an_unknown_method_are_told_apart() -> None:
    assert _router().find("GET", "sobjects") is None
    assert _router().find("GET", "sobjects/Lead/1/2") is None
    match = _router().find("DELETE", "sobjects/Lead/00Q1")
    assert match is not None
    assert match.handler is None
