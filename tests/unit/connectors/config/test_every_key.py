"""What holds for every key of the format, whatever it is."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tomllib
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.config import (
    CONNECTORS,
    HproConfig,
    Origin,
    WithSecrets,
    check_text,
    config_keys,
    config_schema,
    draft_config,
    load_config,
)
from hpro_connectors.config import load_with_origins as load_loaded
from hpro_connectors.config.environment import variable_of
from hpro_sdk.cli.errors import CliState, run_guarded
from hpro_sdk.errors import ConfigError

KEYS = [row for row in config_keys() if row.type != "table"]
NAMES = [row.key.replace("NAME", "main") for row in KEYS]
TABLES = ["", "crm.main", *(row.key.replace("NAME", "main") for row in config_keys() if row.type == "table")]
OTHER_VALUES = {
    "crm.main.sign_in": "jwt",
    "crm.main.domain": "acme.my",
    "crm.main.instance_url": "https://acme.my.salesforce.com",
    "crm.main.scored_object": "Opportunity",
    "crm.main.outcome": "status",
    "crm.main.interactions": ["Task", "Note"],
    "crm.main.page_size": 500,
    "crm.main.api_version": "60.0",
    "crm.main.emulator": "http://127.0.0.1:8080",
    "crm.main.training.base": "nano",
    "crm.main.funnel.stages": ["new", "met"],
    "schedule.cron": "5 5 * * sun",
    "schedule.timezone": "Asia/Tokyo",
    "log.format": "json",
    "log.level": "debug",
}
SMALL: dict[str, Any] = {"crm": {"main": {"connector": "demo", "org": "org.sqlite"}}}
SMALLEST: dict[str, dict[str, Any]] = {
    "demo": SMALL,
    "salesforce": {
        "crm": {"main": {"connector": "salesforce", "domain": "other.my", "consumer_key": "key", "username": "user"}}
    },
}
"""The least that a file needs, for each connector."""
HIDDEN = "hunter2-and-more"


def other_value(key: str, kind: str) -> object:
    """Give a value of the right kind that is not the default."""
    if key in OTHER_VALUES:
        return OTHER_VALUES[key]
    if key.endswith("_keyring"):
        return "service/user"
    return {"integer": 77, "number": 12.5, "boolean": True, "string": "other", "list of string": ["x", "y"]}[kind]


def is_of(connector: str, key: str) -> bool:
    """Tell whether a table of the connector has a key."""
    return not key.startswith("crm.main.") or key.split(".")[2] in CONNECTORS[connector].model_fields


def is_secret(key: str) -> bool:
    return key.startswith("crm.main.") and any(key.split(".")[2] in kind.secret_keys for kind in CONNECTORS.values())


def nested(key: str, value: object) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    made = dict(first)
    for key, value in second.items():
        inner = made.get(key)
        made[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return made


def toml(tables: dict[str, Any]) -> str:
    """Write nested tables as inline TOML; JSON and TOML write all other values alike."""

    def text(value: object) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{json.dumps(key)} = {text(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(text(item) for item in value) + "]"
        return json.dumps(value)

    return "".join(f"{json.dumps(key)} = {text(value)}\n" for key, value in tables.items())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configuration") / "hpro.toml"


@pytest.mark.parametrize(
    ("connector", "key", "kind"),
    [
        (connector, name, row.type)
        for connector in CONNECTORS
        for name, row in zip(NAMES, KEYS, strict=True)
        if is_of(connector, name) and (connector == "demo" or name.startswith("crm."))
    ],
)
def test_every_key_can_be_set_by_file_environment_and_flag(connector: str, key: str, kind: str, file: Path) -> None:
    value = connector if key == "crm.main.connector" else other_value(key, kind if '"' not in kind else "string")
    small = SMALLEST[connector]
    variable = variable_of(tuple(key.split(".")))
    in_environment = json.dumps(value) if isinstance(value, (list, bool)) else str(value)
    seen = []
    for tables, environ, flags, origin in [
        (merged(small, nested(key, value)), {}, {}, Origin.FILE),
        (small, {variable: in_environment}, {}, Origin.ENVIRONMENT),
        (small, {}, {key: value}, Origin.FLAG),
    ]:
        if is_secret(key) and origin is Origin.FILE:
            continue
        file.write_text(toml(tables))
        loaded = load_loaded(file, environ=environ, overrides=flags)
        (found,) = [one for one in loaded.values() if one.key == key]
        assert found.origin is origin
        is_path = isinstance(found.value, str) and found.value.startswith("/")
        seen.append(Path(str(found.value)).name if is_path else found.value)
    assert all(one == seen[0] for one in seen)
    assert json.loads(json.dumps(seen[0])) == ("**********" if is_secret(key) else value)


@given(
    table=st.sampled_from(TABLES), typo=st.from_regex(r"[a-z]{3,8}_[a-z]{3,8}", fullmatch=True), via=st.integers(0, 2)
)
def test_unknown_keys_are_refused_at_any_depth(file: Path, table: str, typo: str, via: int) -> None:
    key = f"{table}.{typo}".removeprefix(".").removesuffix(".")
    # in [crm] any name is one of a CRM, and in this table one of a field
    if key in NAMES or key in TABLES or table in {"crm", "crm.main.field_names"}:
        return
    file.write_text(toml(merged(SMALL, nested(key, 1)) if via == 0 else SMALL))
    variable = variable_of(tuple(key.split(".")))
    environ = {variable: "1"} if via == 1 and "." in key else {}
    overrides = {key: 1} if via == 2 else {}
    if via == 1 and not environ:
        return
    with pytest.raises(ConfigError, match="unknown key") as caught:
        load_config(file, environ=environ, overrides=overrides)
    assert (variable if environ else key) in str(caught.value)


values = st.sampled_from(
    [
        HIDDEN,
        [HIDDEN],
        [[HIDDEN]],
        {"key": HIDDEN},
        [{"key": HIDDEN}],
        f"[{HIDDEN}",
        f'["{HIDDEN}"',
        f"{HIDDEN} * * * *",
        f"{HIDDEN}/",
        f"{HIDDEN}\0",
    ]
)
places = st.sampled_from([*NAMES, *(table for table in TABLES if table), "other", "sync.other", "crm.main.api_token"])


@given(connector=st.sampled_from(sorted(SMALLEST)), two=st.tuples(places, places), value=values, via=st.integers(0, 2))
def test_no_message_repeats_a_value(file: Path, connector: str, two: tuple[str, str], value: object, via: int) -> None:
    (place, second), small = two, SMALLEST[connector]
    tables: dict[str, Any] = merged(small, nested(place, value)) if via != 1 else small
    tables = merged(tables, nested(second, HIDDEN)) if via == 0 else tables
    file.write_text(toml(tables))
    environ = {variable_of(tuple(place.split("."))): value if isinstance(value, str) else json.dumps(value)}
    overrides = {place: value} if via == 2 else {}
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            run_guarded(
                lambda: load_config(file, environ=environ if via == 1 else {}, overrides=overrides),
                CliState(verbosity=2),
            )
            load_config(file, environ=environ if via == 1 else {}, overrides=overrides)
    except ConfigError as exc:
        said.write("".join(traceback.format_exception(exc)))
        said.write(repr(exc.context))
    assert HIDDEN not in said.getvalue()


@given(before=st.text("[]{}=,.#\"'\n ab1", max_size=12), after=st.text("[]{}=,.#\"'\n ab1", max_size=12))
def test_broken_toml_repeats_nothing(file: Path, before: str, after: str) -> None:
    text = f"{before}{HIDDEN}!{after}"
    file.write_text(text)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(ConfigError, match=r"line \d+") as caught:
            load_config(file, environ={})
        assert HIDDEN not in "".join(traceback.format_exception(caught.value))
        assert "\n" not in str(caught.value)


def test_every_key_is_described() -> None:
    for row in config_keys():
        assert re.fullmatch(r"[A-Z\"a-z0-9].{9,}\.", row.description), row
        assert row.default or row.type != "boolean"
    assert len({row.key for row in config_keys()}) == len(config_keys())


def test_the_schema_asks_for_what_a_file_must_have() -> None:
    schema = config_schema()
    assert schema["required"] == ["crm"]
    assert set(schema["$defs"]["DemoCrm"]["required"]) == {"connector", "org"}
    assert set(schema["$defs"]["SalesforceCrm"]["required"]) == {"connector"}
    assert schema["additionalProperties"] is False
    assert all(definition["additionalProperties"] is False for definition in schema["$defs"].values())


@pytest.mark.parametrize(
    ("connector", "choice"),
    [
        ("demo", {"org": 'odd "name"\\.sqlite'}),
        ("salesforce", {"domain": "acme.my", "consumer_key": 'odd "key"\\'}),
    ],
)
def test_a_draft_says_what_holds_anyway(connector: str, choice: dict[str, object], tmp_path: Path) -> None:
    chosen = {"crm.north.connector": connector, "schedule.every_minutes": 15}
    chosen |= {f"crm.north.{key}": value for key, value in choice.items()}
    draft = draft_config("north", connector, chosen)
    config = check_text(draft, tmp_path / "hpro.toml")
    # every comment that shows a default becomes the key itself, and nothing changes
    spelt_out = re.sub(r"^# (\w+ = .+)$", r"\1", draft, flags=re.MULTILINE)
    assert check_text(spelt_out, tmp_path / "hpro.toml") == config
    assert spelt_out != draft
    drafted = set(re.findall(r"^(?:# )?(\w+) =", draft, flags=re.MULTILINE))
    assert drafted == {name.rpartition(".")[2] for name in NAMES if is_of(connector, name) and not is_secret(name)}
    assert max(len(line) for line in draft.splitlines()) <= 120


def test_every_secret_of_a_connector_has_its_three_places() -> None:
    for kind in CONNECTORS.values():
        assert issubclass(kind, WithSecrets)
        assert {place for place in kind.model_fields if place.endswith("_keyring")} == {
            f"{key}_keyring" for key in kind.secret_keys
        }


def test_json_schema_and_class_have_the_same_tables() -> None:
    assert set(config_schema()["properties"]) == set(HproConfig.model_fields)
