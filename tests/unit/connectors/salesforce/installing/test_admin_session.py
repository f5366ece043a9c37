"""What is read of the Salesforce CLI's answers, and that nothing of it is repeated."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.salesforce.client.connection import SignInWay
from hpro_connectors.salesforce.installing import read_session
from hpro_sdk.errors import ConfigError

TOKEN = "00DHp0000000001!AQ0AQHhidden.hidden_hidden"
URL = "https://acme.my.salesforce.com"
REDACTED = "[REDACTED] Use 'sf org auth show-access-token' to view"


def _answer(status: int = 0, **result: object) -> str:
    return json.dumps({"status": status, "result": result, "warnings": []})


DISPLAY = _answer(accessToken=TOKEN, instanceUrl=URL, username="ada@acme.example", id="00DHp0000000001MAA")


def test_one_answer_of_an_older_cli_tells_all() -> None:
    session = read_session(DISPLAY)
    assert (session.access_token, session.instance_url, session.username) == (TOKEN, URL, "ada@acme.example")
    assert (session.org_id, session.domain) == ("00DHp0000000001MAA", "acme.my")


@pytest.mark.parametrize("first_display", [True, False])
def test_a_newer_cli_needs_two_answers_in_any_order(first_display: bool) -> None:
    display = _answer(accessToken=REDACTED, instanceUrl=URL, username="ada@acme.example")
    token = json.dumps({"status": 0, "result": {"accessToken": TOKEN}, "warnings": ["secret"]}, indent=2)
    both = [display, token] if first_display else [token, display]
    assert read_session("\n".join(both)) == read_session(DISPLAY)
    assert read_session("".join(both)) == read_session(DISPLAY)


def test_colours_marks_and_slashes_are_no_hindrance() -> None:
    coloured = "\ufeff" + DISPLAY.replace('"status"', '\x1b[34m"status"\x1b[39m').replace(URL, f"{URL}/") + "\n"
    assert read_session(coloured) == read_session(DISPLAY)


def test_it_is_used_as_a_session_and_shown_nowhere() -> None:
    session = read_session(DISPLAY)
    connection = session.connection(api_version="62.0", emulator="http://127.0.0.1:1")
    assert (connection.sign_in, connection.session_id, connection.instance_url) == (SignInWay.SESSION, TOKEN, URL)
    assert (connection.api_version, connection.emulator) == ("62.0", "http://127.0.0.1:1")
    assert TOKEN not in f"{session!r} {connection!r}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("no JSON", "not what the Salesforce CLI prints"),
        ('"text"', "not what the Salesforce CLI prints"),
        ("[]", "not what the Salesforce CLI prints"),
        (DISPLAY[:-1], "not what the Salesforce CLI prints"),
        (DISPLAY + "more", "not what the Salesforce CLI prints"),
        ("[" * 100_000, "not what the Salesforce CLI prints"),
        (json.dumps({"status": 1, "name": "NoOrg", "message": "No default org."}), "failed: No default org."),
        (json.dumps({"status": 0}), "failed: it did not say why."),
        (_answer(instanceUrl=URL), "no access token"),
        (_answer(accessToken=REDACTED, instanceUrl=URL), "blots it out"),
        (_answer(accessToken="00D!x", instanceUrl=URL), "no access token"),
        (_answer(accessToken=f"{TOKEN} more", instanceUrl=URL), "no access token"),
        (_answer(accessToken=TOKEN), "which instance"),
        (_answer(accessToken=TOKEN, instanceUrl="http://acme.my.salesforce.com"), "no https://HOST"),
        (_answer(accessToken=TOKEN, instanceUrl="https://user@acme.my.salesforce.com"), "no https://HOST"),
        (_answer(accessToken=TOKEN, instanceUrl="https://acme.my.salesforce.com/x?y"), "no https://HOST"),
        (_answer(accessToken=TOKEN, instanceUrl="acme"), "no https://HOST"),
    ],
)
def test_anything_else_is_refused_in_one_line_with_the_remedy(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read_session(text)
    assert caught.value.hint
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)


@given(st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_text_makes_it_stumble(text: str) -> None:
    with pytest.raises(ConfigError):
        read_session(text)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200))
def test_every_token_of_an_org_is_taken_as_it_is(secret: str) -> None:
    token = f"00DHp0000000001!{secret}"
    session = read_session(_answer(accessToken=token, instanceUrl=URL))
    assert session.access_token == token
    assert repr(session) == f"AdminSession(instance_url={URL!r}, username='')"
