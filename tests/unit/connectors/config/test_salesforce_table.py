"""``[crm.NAME]`` of a Salesforce org: what it needs for each way of signing in, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hpro_connectors.cli.org_place import OrgPlace
from hpro_connectors.config import HproConfig, SalesforceCrm
from hpro_connectors.orgs.salesforce import settings_of
from hpro_sdk.errors import ConfigError

Load = Callable[..., HproConfig]
APP = 'domain = "acme.my"\nconsumer_key = "key"\n'


def table(rest: str = APP) -> str:
    return f'[crm.main]\nconnector = "salesforce"\n{rest}'


def loaded(load: Load, rest: str = APP, **environ: str) -> SalesforceCrm:
    variables = {f"HPRO_CRM__MAIN__{name.upper()}": value for name, value in environ.items()}
    crm = load(table(rest), environ=variables).crm["main"]
    assert isinstance(crm, SalesforceCrm)
    return crm


def test_what_holds_without_a_word(load: Load) -> None:
    crm = loaded(load)
    assert (crm.sign_in, crm.scored_object, crm.outcome, crm.stage_field) == (
        "client_credentials",
        "Lead",
        None,
        None,
    )
    assert crm.interactions is None
    assert (crm.fields, dict(crm.field_names), crm.note_bodies, crm.emulator) == (None, {}, False, None)
    assert (crm.page_size, crm.bulk_above, crm.describe_hours, crm.api_version) == (2000, 2000, 24, "62.0")


@pytest.mark.parametrize(
    ("field", "names", "expected"),
    [
        ("Off__c", "", "Off__c"),
        ("Off__c", 'Off__c = "do_not_score"', "do_not_score"),
        ("do_not_score", 'Off__c = "do_not_score"', "do_not_score"),
        ("A__c", 'A__c = "x"\nB__c = "A__c"', "A__c"),
    ],
)
def test_the_excluding_field_is_learnt_and_scored_by_its_name_in_records(
    load: Load, field: str, names: str, expected: str
) -> None:
    crm = loaded(load, f'{APP}exclude_field = "{field}"\n[crm.main.field_names]\n{names}')
    assert crm.exclude_name == expected == settings_of(crm).exclude_name
    assert OrgPlace("main", crm).learning_settings(None).exclude_field == expected
    assert loaded(load).exclude_name is None


@pytest.mark.parametrize(
    "typed",
    [
        "acme.my",
        "ACME.my",
        "acme.my.salesforce.com",
        "https://acme.my.salesforce.com/",
        "https://acme.lightning.force.com",
    ],
)
def test_a_domain_may_be_copied_from_a_browser(load: Load, typed: str) -> None:
    assert loaded(load, f'domain = "{typed}"\nconsumer_key = "key"\n').domain == "acme.my"


@pytest.mark.parametrize(
    "typed",
    ["", ".", "acme my", "evil.example/#", "acme.my@evil.example", "a?b", "http://acme.my", "acme..my", "-a.my"],
)
def test_a_domain_is_a_host_and_nothing_else(load: Load, typed: str) -> None:
    with pytest.raises(ConfigError, match=r"crm\.main\.domain: must be My Domain") as caught:
        loaded(load, f'domain = "{typed}"\nconsumer_key = "key"\n')
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("", "needs domain and consumer_key"),
        ('domain = "login"\nconsumer_key = "key"\n', "needs My Domain"),
        (APP + 'sign_in = "jwt"\n', "needs username"),
        ('sign_in = "session"\n', "needs instance_url"),
        ('sign_in = "password"\ndomain = "login"\n', "needs username"),
        (APP + 'sign_in = "magic"\n', "sign_in"),
        (APP + 'scored_object = "Contact"\noutcome = "converted"\n', "only leads are"),
        (APP + 'scored_object = "Contact"\noutcome = "opportunity"\n', 'needs outcome = "status"'),
        (APP + 'won_stages = ["A"]\nlost_stages = ["A"]\n', "must not share a stage"),
        (APP + 'interactions = ["Task", "Task"]\n', "twice"),
        (APP + 'interactions = ["Chatter"]\n', r"interactions\[0\]"),
        (APP + "page_size = 100\n", "page_size"),
        (APP + "page_size = 5000\n", "page_size"),
        (APP + "bulk_above = 0\n", "bulk_above"),
        (APP + "bulk_above = 20001\n", "bulk_above"),
        (APP + "bulk_above = true\n", "bulk_above"),
        (APP + 'api_version = "v62.0"\n', "api_version"),
        (APP + 'api_version = "46.0"\n', 'from "47.0" on'),
        (APP + "fields = []\n", "fields"),
        (APP + '[crm.main.field_names]\na__c = "visits"\nb__c = "visits"\n', "two fields the same name"),
    ],
)
def test_refused_with_the_key(load: Load, rest: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        loaded(load, rest)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080"])
def test_an_emulator_runs_on_this_machine(load: Load, url: str) -> None:
    assert loaded(load, APP + f'emulator = "{url}"\n').emulator == url


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1:8080",
        "http://127.0.0.1.evil.example:80",
        "http://127.0.0.1@evil.example:80",
        "https://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://127.0.0.1:8080/path",
        "http://127.0.0.1:eighty",
        "",
    ],
)
def test_an_emulator_elsewhere_is_refused(load: Load, url: str) -> None:
    with pytest.raises(ConfigError, match="an emulator runs on this machine"):
        loaded(load, APP + f'emulator = "{url}"\n')


@pytest.mark.parametrize(
    "url", ["http://acme.my.salesforce.com", "acme.my.salesforce.com", "https://a b", "https://x/y", "https://u@x", ""]
)
def test_an_instance_is_a_host_with_encryption(load: Load, url: str) -> None:
    with pytest.raises(ConfigError, match=r"must be https://HOST"):
        loaded(load, f'sign_in = "session"\ninstance_url = "{url}"\n')


@pytest.mark.parametrize(
    ("rest", "missing"),
    [
        (APP, "consumer_secret"),
        (APP + 'sign_in = "jwt"\nusername = "u"\n', "private_key"),
        ('sign_in = "session"\ninstance_url = "https://acme.my.salesforce.com"\n', "session_id"),
        ('sign_in = "password"\ndomain = "login"\nusername = "u"\n', "password"),
    ],
)
def test_a_secret_that_is_missing_is_a_problem(load: Load, rest: str, missing: str) -> None:
    (problem, *_) = loaded(load, rest).problems()
    assert problem.startswith(f"the secret {missing} is not given: set HPRO_CRM__NAME__{missing.upper()} ")
    assert loaded(load, rest, **{missing: "hidden", "security_token": "hidden"}).problems() == []


def test_the_old_way_needs_a_token_or_an_app(load: Load) -> None:
    rest = 'sign_in = "password"\ndomain = "login"\nusername = "u"\n'
    assert "needs security_token" in loaded(load, rest, password="p").problems()[0]
    assert loaded(load, rest + 'consumer_key = "k"\n', password="p", consumer_secret="s").problems() == []


def test_a_private_key_that_others_may_read_is_a_problem_and_is_not_used(load: Load, tmp_path: Path) -> None:
    key = tmp_path / "hpro.key"
    key.write_text("-----BEGIN PRIVATE KEY-----\n")
    key.chmod(0o640)
    crm = loaded(load, APP + f'sign_in = "jwt"\nusername = "u"\nprivate_key_file = "{key}"\n')
    (problem,) = crm.problems()
    assert "may be read by others" in problem
    assert "chmod 600" in problem
    with pytest.raises(ConfigError, match="may be read by others"):
        crm.secret("private_key")
    key.chmod(0o600)
    assert crm.problems() == []


def test_a_key_of_another_connector_is_named_as_such(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"crm\.main\.domain: unknown key.*Another connector"):
        load('[crm.main]\nconnector = "demo"\norg = "o"\ndomain = "acme.my"\n')


def test_a_finding_names_the_key_as_the_file_has_it(load: Load) -> None:
    with pytest.raises(ConfigError, match=r": crm\.main\.page_size: "):
        loaded(load, APP + 'page_size = "many"\n')
    with pytest.raises(ConfigError, match=r"^The environment: HPRO_CRM__MAIN__PAGE_SIZE: "):
        loaded(load, page_size="many")
