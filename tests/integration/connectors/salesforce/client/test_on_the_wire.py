"""The client against the emulator, over sockets: signing in, reading, renewing, Bulk jobs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest

from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS
from hpro_connectors.errors import AuthError, PermissionDeniedError
from hpro_connectors.salesforce.client.connection import SignInWay
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import (
    CursorExpiredError,
    JobGoneError,
    RequestTooLongError,
    UnknownColumnError,
    UnknownObjectError,
)
from hpro_sdk.errors import ConfigError

Make = Callable[..., SalesforceClient]
ALL_LEADS = "SELECT Id, LastName FROM Lead ORDER BY LastName"


def names(client: SalesforceClient, after_first_page: Callable[[], object] = lambda: None) -> list[str]:
    page = client.query(ALL_LEADS, batch_size=200)
    found = [str(record["LastName"]) for record in page.records]
    after_first_page()
    while page.next_path is not None:
        page = client.query_more(page.next_path, batch_size=200)
        found += [str(record["LastName"]) for record in page.records]
    return found


ALL_NAMES = [f"Lead {number:04d}" for number in range(230)]


def test_client_credentials(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    assert client.org_id == emulator.org.org_id
    assert names(client) == ALL_NAMES
    assert client.limits().calls == len(emulator.journal.entries) == 3
    assert client.limits().requests_max == 100_000
    assert client.server_time() == emulator.org.clock.now()
    assert client.limits().calls == 3


def test_jwt(make: Make, emulator: SalesforceEmulator) -> None:
    user = str(emulator.org.get("User", emulator.org.integration_user_id)["Username"])
    given = {"sign_in": SignInWay.JWT, "username": user, "private_key": emulator.app.private_key_pem}
    for domain in ("acme.my", "login"):
        assert len(make(domain=domain, **given).query("SELECT Id FROM Lead LIMIT 1").records) == 1
    with pytest.raises(AuthError, match="audience of the assertion") as caught:
        make(domain="test", **given).query(ALL_LEADS)
    assert "for production to login or My Domain" in str(caught.value.hint)


def test_a_session_id(make: Make, emulator: SalesforceEmulator) -> None:
    client = make(
        sign_in=SignInWay.SESSION, session_id=emulator.session_id(), instance_url=f"https://{'acme.my'}.salesforce.com"
    )
    assert names(client) == ALL_NAMES
    assert not emulator.journal.matching("oauth2")


def test_the_old_ways(make: Make, emulator: SalesforceEmulator) -> None:
    user = str(emulator.org.get("User", emulator.org.integration_user_id)["Username"])
    emulator.app.let_in(user, "p&<tok")
    given = {"sign_in": SignInWay.PASSWORD, "username": user, "password": "p&<", "security_token": "tok"}
    assert make(**given).query("SELECT Id FROM Lead LIMIT 1").records
    with pytest.raises(AuthError):  # orgs have it off, and the person hears of the way that works
        make(**given, consumer_secret="").query(ALL_LEADS)
    emulator.app.soap_login = True
    assert make(**given, consumer_secret="").query("SELECT Id FROM Lead LIMIT 1").records


def test_a_wrong_domain(make: Make) -> None:
    with pytest.raises(AuthError, match=r"other\.my\.salesforce\.com.*domain in hpro\.toml"):
        make(domain="other.my").query(ALL_LEADS)


def test_revoked_consent(make: Make, emulator: SalesforceEmulator) -> None:
    user = str(emulator.org.get("User", emulator.org.integration_user_id)["Username"])
    emulator.app.revoke_consent()
    with pytest.raises(AuthError, match="Run As"):
        make().query(ALL_LEADS)
    with pytest.raises(AuthError, match="consent"):
        make(sign_in=SignInWay.JWT, username=user, private_key=emulator.app.private_key_pem).query(ALL_LEADS)


@pytest.mark.parametrize(
    ("way", "fault", "words"),
    [
        (SignInWay.CLIENT_CREDENTIALS, "revoke_consent", "no user to run as"),
        (SignInWay.CLIENT_CREDENTIALS, "deactivate_user", "no user to run as"),
        (SignInWay.JWT, "revoke_consent", "consent .* is missing or was revoked"),
        (SignInWay.JWT, "deactivate_user", "consent .* is missing or was revoked"),
    ],
)
def test_row_21_revoked_between_pages(
    make: Make, emulator: SalesforceEmulator, way: SignInWay, fault: str, words: str
) -> None:
    user = str(emulator.org.get("User", emulator.org.integration_user_id)["Username"])
    client = make(sign_in=way, username=user, private_key=emulator.app.private_key_pem)
    with pytest.raises(AuthError, match=words) as caught:
        names(client, lambda: emulator.act(fault))
    assert "integration user" in str(caught.value.hint)
    assert [entry.status for entry in emulator.journal.entries] == [200, 200, 401, 400]


def test_an_expired_certificate(make: Make, emulator: SalesforceEmulator) -> None:
    user = str(emulator.org.get("User", emulator.org.integration_user_id)["Username"])
    emulator.app.certificate_until = emulator.app.certificate_from
    with pytest.raises(AuthError, match=r"certificate.*new key"):
        make(sign_in=SignInWay.JWT, username=user, private_key=emulator.app.private_key_pem).query(ALL_LEADS)


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [("consumer_key", "other", "consumer_key"), ("consumer_secret", "other", "consumer_secret")],
)
def test_a_wrong_key_or_secret(key: str, value: str, word: str, make: Make) -> None:
    with pytest.raises(AuthError, match=word):
        make(**{key: value}).query(ALL_LEADS)


def test_row_20_a_session_that_ends_between_pages(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    assert names(client, emulator.sessions.expire_all) == ALL_NAMES
    assert len(emulator.journal.matching("oauth2/token")) == 2


def test_row_20_a_session_that_lives_by_the_emulators_clock(
    client: SalesforceClient, emulator: SalesforceEmulator
) -> None:
    assert names(client, lambda: emulator.org.clock.advance(timedelta(hours=3))) == ALL_NAMES
    assert len(emulator.journal.matching("oauth2/token")) == 2


def test_row_20_a_session_that_ends_in_mid_bulk(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    job_id = client.create_query_job(ALL_LEADS)
    emulator.sessions.expire_all()
    while client.query_job(job_id).state is not JobState.JOB_COMPLETE:
        pass
    emulator.sessions.expire_all()
    first = client.query_results(job_id, None, 150)
    emulator.sessions.expire_all()
    second = client.query_results(job_id, first.locator, 150)
    rows = [row for text in (first.csv_text, second.csv_text) for row in csv.DictReader(io.StringIO(text))]
    assert sorted(row["LastName"] for row in rows) == ALL_NAMES  # a job gives rows in no order
    assert (first.rows, second.rows, second.locator) == (150, 80, None)
    assert emulator.jobs.made == 1
    client.delete_query_job(job_id)
    client.delete_query_job(job_id)
    with pytest.raises(JobGoneError):
        client.query_job(job_id)


@pytest.mark.parametrize("fault", ["session_expired", "unauthorized_dict", "unauthorized_html"])
def test_row_21_refused_for_ever(fault: str, client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    emulator.faults.add(FAULTS[fault](), path="/query", times=None)
    with pytest.raises(AuthError):
        client.query(ALL_LEADS)
    assert len(emulator.journal.matching("/query")) == 2
    assert len(emulator.journal.matching("oauth2/token")) == 2


def test_text_comes_whole_by_both_ways(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    by_rest = client.query("SELECT Company FROM Lead LIMIT 1").records[0]["Company"]
    job_id = client.create_query_job("SELECT Company FROM Lead LIMIT 1")
    while client.query_job(job_id).state is not JobState.JOB_COMPLETE:
        pass
    (row,) = csv.DictReader(io.StringIO(client.query_results(job_id, None, 10).csv_text))
    assert row["Company"] == by_rest == "Müller & Söhne\n„GmbH“"


def test_a_job_can_be_ended(client: SalesforceClient) -> None:
    job_id = client.create_query_job(ALL_LEADS)
    client.abort_query_job(job_id)
    assert client.query_job(job_id).state is JobState.ABORTED


def test_row_9_a_cursor_that_expired(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    with pytest.raises(CursorExpiredError):
        names(client, emulator.cursors.expire_all)


def test_what_is_not_there_is_named(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    with pytest.raises(UnknownColumnError) as column:
        client.query("SELECT Id, Absent__c FROM Lead")
    assert column.value.columns == ("Absent__c",)
    with pytest.raises(UnknownObjectError) as missing:
        client.query("SELECT Id FROM Absent__c")
    assert missing.value.object_name == "Absent__c"
    with pytest.raises(UnknownObjectError):
        client.describe("Absent__c")
    emulator.org.access.hide_object("Task")
    with pytest.raises(UnknownObjectError, match="Task"):
        client.describe("Task")


def test_a_field_that_is_hidden_is_named(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    emulator.org.access.hide_field("Lead", "Company")
    with pytest.raises(UnknownColumnError, match=r"Company.*permission set"):
        client.query("SELECT Id, Company FROM Lead")


def test_row_23_a_disabled_api(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    emulator.faults.add(FAULTS["api_disabled"](), path="/query", times=None)
    with pytest.raises(PermissionDeniedError, match="API Enabled"):
        client.query(ALL_LEADS)
    assert len(emulator.journal.matching("/query")) == 1


def test_a_version_that_is_not_offered(make: Make) -> None:
    for version in ("99.0", "30.0"):
        with pytest.raises(ConfigError, match="api_version"):
            make(api_version=version).query(ALL_LEADS)


def test_a_query_that_is_too_long(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    ids = ",".join(f"'{number:018d}'" for number in range(1500))
    with pytest.raises(RequestTooLongError):
        client.query(f"SELECT Id FROM Lead WHERE Id IN ({ids})")
    emulator.forgive()
