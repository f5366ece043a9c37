"""From ``[crm.NAME]`` to the connector of a Salesforce org."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpro_connectors.config import DemoCrm, SalesforceCrm
from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.orgs import connected
from hpro_connectors.orgs.connecting import has_lagging_index, make_fields
from hpro_connectors.orgs.salesforce import connection_of, settings_of
from hpro_connectors.protocol import EnsuredField, FieldState
from hpro_connectors.salesforce.client.connection import SignInWay
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.salesforce.writing.score_rows import ROWS_PER_JOB
from hpro_connectors.testing import MemoryConnector
from hpro_sdk.errors import ConfigError


def crm(tmp_path: Path, **keys: object) -> SalesforceCrm:
    given: dict[str, object] = {
        "connector": "salesforce",
        "state": tmp_path / "state" / "main.sqlite",
        "models": tmp_path / "state" / "main-models",
        "domain": "acme.my",
        "consumer_key": "key",
        "consumer_secret": "secret",
        **keys,
    }
    return SalesforceCrm.model_validate(given)


def test_a_connection_is_as_configured(tmp_path: Path) -> None:
    connection = connection_of(crm(tmp_path, timeout_s=7.0, api_version="60.0", emulator="http://127.0.0.1:8080"))
    assert (connection.sign_in, connection.domain, connection.consumer_key) == (
        SignInWay.CLIENT_CREDENTIALS,
        "acme.my",
        "key",
    )
    assert connection.consumer_secret == "secret"
    assert (connection.connect_timeout_s, connection.read_timeout_s, connection.api_version) == (7.0, 7.0, "60.0")
    assert connection.emulator == "http://127.0.0.1:8080"
    assert connection_of(crm(tmp_path)).connect_timeout_s == 30.0


def test_only_the_secrets_of_the_way_are_fetched(tmp_path: Path) -> None:
    key = tmp_path / "hpro.key"
    key.write_text("PEM\n")
    key.chmod(0o600)
    made = crm(
        tmp_path,
        sign_in="jwt",
        username="u",
        private_key_file=key,
        consumer_secret=None,
        consumer_secret_file=tmp_path / "absent",
    )
    assert connection_of(made).private_key == "PEM"
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="may be read by others"):
        connection_of(made)


def test_a_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="consumer_secret"):
        connection_of(crm(tmp_path, consumer_secret=None))


def test_the_old_way_takes_what_is_there(tmp_path: Path) -> None:
    made = crm(tmp_path, sign_in="password", username="u", password="p", security_token="t", consumer_secret=None)
    connection = connection_of(made)
    assert (connection.password, connection.security_token, connection.consumer_secret) == ("p", "t", "")


def test_settings_are_as_configured_and_the_description_lies_beside_the_state(tmp_path: Path) -> None:
    settings = settings_of(
        crm(
            tmp_path,
            scored_object="Opportunity",
            fields=["Amount"],
            field_names={"Amount": "amount"},
            outcome="status",
            lost_stages=["Gone"],
            interactions=["Task"],
            exclude_field="Off__c",
            page_size=500,
            bulk_above=300,
        )
    )
    assert (settings.scored_object, settings.outcome, settings.fields) == ("Opportunity", "status", ("Amount",))
    assert dict(settings.field_names) == {"Amount": "amount"}
    assert (settings.lost_stages, settings.interactions, settings.page_size) == (("Gone",), ("Task",), 500)
    assert settings.bulk_above == 300
    assert settings.describe_cache == tmp_path / "state" / "main-describe.json"
    assert settings.write_job == tmp_path / "state" / "main-write-job.json"
    assert settings_of(crm(tmp_path)).outcome is None


def test_without_a_word_a_bulk_job_is_made_from_where_the_settings_say_and_the_most_is_less_than_a_job(
    tmp_path: Path,
) -> None:
    assert settings_of(crm(tmp_path)).bulk_above == SalesforceSettings().bulk_above
    assert settings_of(crm(tmp_path, bulk_above=20_000)).bulk_above < ROWS_PER_JOB


def test_connecting_asks_nothing_yet(tmp_path: Path) -> None:
    made = crm(tmp_path)
    assert has_lagging_index(made)
    with connected(made, writes=True) as connector:
        assert isinstance(connector, SalesforceConnector)
        assert connector.limits().calls == 0


class Fields(MemoryConnector):
    """A connector whose fields are in some state."""

    def __init__(self, *states: FieldState) -> None:
        self.states = states
        self.asked: list[bool] = []

    def ensure_fields(self, *, dry_run: bool = False) -> tuple[EnsuredField, ...]:
        self.asked.append(dry_run)
        return tuple(EnsuredField(name=f"HPRO_{n}__c", state=state) for n, state in enumerate(self.states))


def test_a_run_neither_makes_fields_in_salesforce_nor_stops_for_them(tmp_path: Path) -> None:
    fields = Fields(FieldState.CREATED, FieldState.CONFLICT)
    assert make_fields(fields, crm(tmp_path), "Acme") is False
    assert fields.asked == []  # reading goes on; writing looks at them before its first row


def test_in_an_org_file_a_run_makes_them(tmp_path: Path) -> None:
    demo = DemoCrm(connector="demo", org=tmp_path / "org", state=tmp_path / "s", models=tmp_path / "m")
    missing = Fields(FieldState.CREATED)
    assert make_fields(missing, demo, "Demo") is True
    assert missing.asked == [False]
    with pytest.raises(SchemaDriftError, match="not ours"):
        make_fields(Fields(FieldState.CONFLICT), demo, "Demo")


def test_what_was_answered_is_forgotten_only_where_a_run_ended_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[SalesforceConnector] = []
    monkeypatch.setattr(SalesforceConnector, "finish", lambda connector: ends.append(connector))  # noqa: PLW0108 - a method
    with connected(crm(tmp_path), writes=True) as connector:
        pass
    assert ends == [connector]
    with pytest.raises(ConfigError), connected(crm(tmp_path), writes=True):
        raise ConfigError("It was not stored.")
    assert ends == [connector]
