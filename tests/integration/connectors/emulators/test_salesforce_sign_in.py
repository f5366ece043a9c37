"""simple-salesforce's own sign-in flows against the emulator: each lets the right one in, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.users import user_name
from hpro_connectors.emulators.salesforce.wire.external_client_app import ExternalClientApp
from hpro_connectors.emulators.salesforce.wire.sign_in import JWT_BEARER
from tests.integration.connectors.emulators.conftest import HOST


def _client(session: requests.Session, **how: Any) -> Salesforce:  # noqa: ANN401  # as the library takes them
    return Salesforce(**how, session=session)


def _can_read(salesforce: Salesforce) -> bool:
    return bool(salesforce.query("SELECT Id FROM Organization")["totalSize"] == 1)


def _integration_user(emulator: SalesforceEmulator) -> str:
    return user_name(emulator.org, emulator.org.integration_user_id)


class TestClientCredentials:
    def test_they_let_the_integration_user_in(self, emulator: SalesforceEmulator, salesforce: Salesforce) -> None:
        assert _can_read(salesforce)
        assert salesforce.sf_instance == "acme.my.salesforce.com"
        assert emulator.journal.entries[-1].labels.user == emulator.org.integration_user_id

    @pytest.mark.parametrize(
        ("change", "code"), [({"consumer_key": "x"}, "invalid_client_id"), ({"consumer_secret": "x"}, "invalid_client")]
    )
    def test_wrong_ones_are_refused(
        self, emulator: SalesforceEmulator, session: requests.Session, change: dict[str, str], code: str
    ) -> None:
        right = {"consumer_key": emulator.app.consumer_key, "consumer_secret": emulator.app.consumer_secret}
        with pytest.raises(SalesforceAuthenticationFailed) as raised:
            _client(session, **{**right, **change}, domain="acme.my")
        assert raised.value.code == code

    def test_they_let_nobody_in_once_consent_is_revoked(
        self, emulator: SalesforceEmulator, session: requests.Session
    ) -> None:
        emulator.app.revoke_consent()
        app = emulator.app
        with pytest.raises(SalesforceAuthenticationFailed, match="no client credentials user enabled"):
            _client(session, consumer_key=app.consumer_key, consumer_secret=app.consumer_secret, domain="acme.my")

    @pytest.mark.filterwarnings("ignore::UserWarning")
    def test_they_let_nobody_in_whom_the_admin_deactivated(
        self, emulator: SalesforceEmulator, session: requests.Session
    ) -> None:
        app = emulator.app
        emulator.org.update("User", emulator.org.integration_user_id, {"IsActive": False})
        with pytest.raises(SalesforceAuthenticationFailed, match="no client credentials user enabled"):
            _client(session, consumer_key=app.consumer_key, consumer_secret=app.consumer_secret, domain="acme.my")
        with pytest.raises(SalesforceAuthenticationFailed):
            _client(
                session,
                username=_integration_user(emulator),
                consumer_key=app.consumer_key,
                privatekey=app.private_key_pem,
            )

    def test_another_domain_is_another_company(self, emulator: SalesforceEmulator, session: requests.Session) -> None:
        app = emulator.app
        with pytest.raises(SalesforceAuthenticationFailed, match="URL No Longer Exists"):
            _client(session, consumer_key=app.consumer_key, consumer_secret=app.consumer_secret, domain="other.my")

    @pytest.mark.parametrize("header", ["Basic é", "Basic w6k", "Basic /w=="])
    def test_a_header_that_makes_no_sense_is_refused(self, session: requests.Session, header: str) -> None:
        headers = {"Authorization": header.encode("latin-1")}
        form = {"grant_type": "client_credentials"}
        answer = session.post(f"{HOST}/services/oauth2/token", form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_id")

    def test_key_and_secret_may_come_in_the_body(self, emulator: SalesforceEmulator, session: requests.Session) -> None:
        answer = session.post(
            f"{HOST}/services/oauth2/token",
            {
                "grant_type": "client_credentials",
                "client_id": emulator.app.consumer_key,
                "client_secret": emulator.app.consumer_secret,
            },
        )
        told = answer.json()
        assert told["token_type"] == "Bearer"
        assert told["instance_url"] == HOST
        assert told["id"].endswith(f"/id/{emulator.org.org_id}/{emulator.org.integration_user_id}")

    def test_a_client_that_asks_the_emulator_itself_goes_on_there(self, emulator: SalesforceEmulator) -> None:
        right = (emulator.app.consumer_key, emulator.app.consumer_secret)
        answer = requests.post(
            f"{emulator.url}/services/oauth2/token", {"grant_type": "client_credentials"}, auth=right, timeout=5
        )
        assert answer.json()["instance_url"] == emulator.url


class TestJwtBearer:
    def _sign_in(self, emulator: SalesforceEmulator, session: requests.Session, **change: str) -> Salesforce:
        arguments = {
            "username": _integration_user(emulator),
            "consumer_key": emulator.app.consumer_key,
            "privatekey": emulator.app.private_key_pem,
            **change,
        }
        return _client(session, **arguments)

    @pytest.mark.parametrize("place", [{"domain": "login"}, {"domain": "acme.my"}, {}])
    def test_the_right_key_lets_an_approved_user_in(
        self, emulator: SalesforceEmulator, session: requests.Session, place: dict[str, str]
    ) -> None:
        salesforce = self._sign_in(emulator, session, **place)
        assert salesforce.auth_type == "jwt-bearer"
        assert _can_read(salesforce)

    def test_the_key_may_lie_in_a_file_and_the_token_be_asked_of_my_domain(
        self, emulator: SalesforceEmulator, session: requests.Session, tmp_path: Path
    ) -> None:
        key_file = tmp_path / "key.pem"
        key_file.write_text(emulator.app.private_key_pem)
        salesforce = _client(
            session,
            username=_integration_user(emulator),
            consumer_key=emulator.app.consumer_key,
            privatekey_file=str(key_file),
            instance_url="acme.my",
        )
        assert _can_read(salesforce)

    def test_the_key_of_another_app_is_refused(self, emulator: SalesforceEmulator, session: requests.Session) -> None:
        other = ExternalClientApp.of_org("other", "nobody")
        with pytest.raises(SalesforceAuthenticationFailed, match="invalid assertion"):
            self._sign_in(emulator, session, privatekey=other.private_key_pem)

    @pytest.mark.filterwarnings("ignore::UserWarning")
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"username": "nobody@acme.example"}, "user hasn't approved this consumer"),
            ({"consumer_key": "x"}, "client identifier invalid"),
            ({"domain": "other.my", "instance_url": "acme.my"}, "audience is invalid"),
        ],
    )
    def test_another_user_app_or_audience_is_refused(
        self, emulator: SalesforceEmulator, session: requests.Session, change: dict[str, str], words: str
    ) -> None:
        with pytest.raises(SalesforceAuthenticationFailed, match=words):
            self._sign_in(emulator, session, **change)

    def test_a_user_who_is_not_approved_is_refused(
        self, emulator: SalesforceEmulator, session: requests.Session
    ) -> None:
        emulator.app.approved.clear()
        with (
            pytest.warns(UserWarning, match="authorize"),
            pytest.raises(SalesforceAuthenticationFailed, match="user hasn't approved this consumer"),
        ):
            self._sign_in(emulator, session)

    def test_an_expired_certificate_is_refused(self, emulator: SalesforceEmulator, session: requests.Session) -> None:
        emulator.app.certificate_until = datetime.now(UTC) - timedelta(days=1)
        with pytest.raises(SalesforceAuthenticationFailed, match="certificate expired"):
            self._sign_in(emulator, session)

    @pytest.mark.parametrize(
        ("ends_in", "words"),
        [
            (timedelta(minutes=3), None),
            (timedelta(seconds=-1), "expired authorization code"),
            (timedelta(minutes=6), "invalid assertion"),
            (None, "invalid assertion"),
        ],
    )
    def test_an_assertion_ends(
        self, emulator: SalesforceEmulator, session: requests.Session, ends_in: timedelta | None, words: str | None
    ) -> None:
        claims: dict[str, object] = {
            "iss": emulator.app.consumer_key,
            "sub": _integration_user(emulator),
            "aud": "https://login.salesforce.com",
        }
        if ends_in is not None:
            claims["exp"] = int((datetime.now(UTC) + ends_in).timestamp())
        told = self._ask(session, jwt.encode(claims, emulator.app.private_key_pem, algorithm="RS256"))
        assert told.get("error_description") == words
        assert ("access_token" in told) is (words is None)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"aud": ["https://login.salesforce.com"]}, "audience is invalid"),
            ({"aud": {"https": "login"}}, "audience is invalid"),
            ({"aud": None}, "audience is invalid"),
            ({"exp": "nan"}, "invalid assertion"),
            ({"exp": float("nan")}, "invalid assertion"),
            ({"exp": float("inf")}, "invalid assertion"),
            ({"exp": "-inf"}, "invalid assertion"),
            ({"exp": 10**400}, "invalid assertion"),
            ({"exp": [1]}, "invalid assertion"),
        ],
    )
    def test_a_claim_that_makes_no_sense_is_refused(
        self, emulator: SalesforceEmulator, session: requests.Session, change: dict[str, object], words: str
    ) -> None:
        claims: dict[str, object] = {
            "iss": emulator.app.consumer_key,
            "sub": _integration_user(emulator),
            "aud": "https://login.salesforce.com",
            "exp": int((datetime.now(UTC) + timedelta(minutes=1)).timestamp()),
        }
        assertion = jwt.encode({**claims, **change}, emulator.app.private_key_pem, algorithm="RS256")
        told = self._ask(session, assertion)
        assert (told.get("error"), told.get("error_description")) == ("invalid_grant", words)

    def test_an_assertion_that_nobody_signed_is_refused(
        self, emulator: SalesforceEmulator, session: requests.Session
    ) -> None:
        claims = {
            "iss": emulator.app.consumer_key,
            "sub": _integration_user(emulator),
            "aud": "https://login.salesforce.com",
            "exp": int((datetime.now(UTC) + timedelta(minutes=1)).timestamp()),
        }
        for assertion in (
            jwt.encode(claims, "", algorithm="none"),
            jwt.encode(claims, "s" * 32, algorithm="HS256"),
            "x",
        ):
            assert self._ask(session, assertion)["error"] == "invalid_grant"

    def _ask(self, session: requests.Session, assertion: str) -> dict[str, str]:
        form = {"grant_type": JWT_BEARER, "assertion": assertion}
        told: dict[str, str] = session.post(f"{HOST}/services/oauth2/token", form).json()
        return told


class TestPasswords:
    def test_the_oauth_flow_lets_a_user_in(self, emulator: SalesforceEmulator, session: requests.Session) -> None:
        name = _integration_user(emulator)
        emulator.app.let_in(name, "s3cretTOKEN")
        keys = {"consumer_key": emulator.app.consumer_key, "consumer_secret": emulator.app.consumer_secret}
        assert _can_read(_client(session, username=name, password="s3cretTOKEN", **keys))
        with pytest.raises(SalesforceAuthenticationFailed, match="authentication failure"):
            _client(session, username=name, password="s3cret", **keys)
        emulator.app.password_flow = False
        with pytest.raises(SalesforceAuthenticationFailed, match="authentication failure"):
            _client(session, username=name, password="s3cretTOKEN", **keys)

    def test_the_soap_login_is_off_in_new_orgs_and_gone_in_new_versions(
        self, emulator: SalesforceEmulator, session: requests.Session
    ) -> None:
        name = _integration_user(emulator)
        emulator.app.let_in(name, "s3cr<tTOKEN")
        right = {"username": name, "password": "s3cr<t", "security_token": "TOKEN"}
        with pytest.raises(SalesforceAuthenticationFailed) as raised:
            _client(session, **right)
        assert raised.value.code == "INVALID_OPERATION"
        emulator.app.soap_login = True
        salesforce = _client(session, **right)
        assert salesforce.sf_instance == "acme.my.salesforce.com"
        assert _can_read(salesforce)
        with pytest.raises(SalesforceAuthenticationFailed) as raised:
            _client(session, **{**right, "password": "wrong"})
        assert raised.value.code == "INVALID_LOGIN"
        with pytest.raises(SalesforceAuthenticationFailed) as raised:
            _client(session, **right, version="65.0")
        assert raised.value.code == "UNSUPPORTED_API_VERSION"


class TestSessions:
    def _direct(self, session: requests.Session, session_id: str) -> Salesforce:
        return _client(session, session_id=session_id, instance_url=HOST)

    def test_a_session_id_is_good_until_it_is_not_used_for_its_lifetime(
        self, emulator: SalesforceEmulator, session: requests.Session, clock: EmulatorClock
    ) -> None:
        salesforce = self._direct(session, emulator.session_id())
        for _ in range(3):
            clock.advance(timedelta(hours=2))
            assert _can_read(salesforce)
        clock.advance(timedelta(hours=2, seconds=1))
        with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
            _can_read(salesforce)

    def test_the_client_signs_in_again_by_itself(self, emulator: SalesforceEmulator, salesforce: Salesforce) -> None:
        emulator.sessions.expire_all()
        assert _can_read(salesforce)
        assert [entry.status for entry in emulator.journal.matching("query")] == [401, 200]
        assert len(emulator.journal.matching("oauth2/token")) == 2

    def test_a_revoked_token_is_good_for_nothing(self, emulator: SalesforceEmulator, session: requests.Session) -> None:
        session_id = emulator.session_id()
        assert session.post(f"{HOST}/services/oauth2/revoke", {"token": session_id}).status_code == 200
        with pytest.raises(SalesforceExpiredSession):
            _can_read(self._direct(session, session_id))

    @pytest.mark.parametrize(
        ("header", "code"),
        [({}, "INVALID_SESSION_ID"), ({"Authorization": "Basic eA=="}, "INVALID_AUTH_HEADER")],
    )
    def test_without_a_token_nobody_comes_in(
        self, emulator: SalesforceEmulator, session: requests.Session, header: dict[str, str], code: str
    ) -> None:
        answer = session.get(f"{HOST}/services/data/v59.0/limits", headers=header)
        assert answer.status_code == 401
        assert answer.json()[0]["errorCode"] == code

    def test_who_has_a_token_can_ask_who_that_is(self, emulator: SalesforceEmulator, session: requests.Session) -> None:
        header = {"Authorization": f"Bearer {emulator.session_id()}"}
        told = session.get(f"{HOST}/services/oauth2/userinfo", headers=header).json()
        assert told["organization_id"] == emulator.org.org_id
        assert told["user_id"] == emulator.org.integration_user_id

    def test_an_unknown_grant_is_refused(self, session: requests.Session) -> None:
        told = session.post(f"{HOST}/services/oauth2/token", {"grant_type": "magic"}).json()
        assert told == {"error": "unsupported_grant_type", "error_description": "grant type not supported"}
