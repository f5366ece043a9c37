"""The registry of an org's models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.state import StateStore
from hpro_sdk.errors import ConfigError

AT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    with StateStore.open(tmp_path / "state.sqlite") as opened:
        for number, model_id in enumerate(("hpro-a", "hpro-b", "hpro-c")):
            opened.models.install(model_id, f"{model_id}.gguf", "{}", AT + timedelta(days=number))
        yield opened


def id_in_use(store: StateStore) -> str | None:
    model = store.models.in_use()
    return None if model is None else model.model_id


def test_a_model_that_is_installed_is_not_in_use(store: StateStore) -> None:
    assert id_in_use(store) is None
    assert [model.model_id for model in store.models.list()] == ["hpro-c", "hpro-b", "hpro-a"]


def test_the_newest_use_counts(store: StateStore) -> None:
    store.models.use("hpro-b", AT, "better")
    store.models.use("hpro-a", AT, "by hand")
    assert id_in_use(store) == "hpro-a"
    last = store.models.last_use("hpro-a")
    assert last is not None
    assert (last.used_at, last.reason) == (AT, "by hand")
    assert store.models.last_use("hpro-c") is None


def test_rollback_goes_to_the_model_before_and_a_second_one_undoes_it(store: StateStore) -> None:
    for model_id in ("hpro-a", "hpro-b", "hpro-b"):
        store.models.use(model_id, AT, "better")
    assert store.models.before().model_id == "hpro-a"
    assert store.models.rollback(AT).model_id == "hpro-a"
    assert id_in_use(store) == "hpro-a"
    assert store.models.rollback(AT).model_id == "hpro-b"
    assert id_in_use(store) == "hpro-b"


@pytest.mark.parametrize("used", [(), ("hpro-a",), ("hpro-a", "hpro-a")])
def test_without_another_model_before_there_is_no_rollback(store: StateStore, used: tuple[str, ...]) -> None:
    for model_id in used:
        store.models.use(model_id, AT, "better")
    with pytest.raises(ConfigError, match="No other model was in use before"):
        store.models.rollback(AT)
    assert id_in_use(store) == (used[-1] if used else None)


def test_an_unknown_model_cannot_be_used(store: StateStore) -> None:
    with pytest.raises(ConfigError, match="no model 'hpro-x'"):
        store.models.use("hpro-x", AT, "by hand")
    with pytest.raises(ConfigError, match="no model 'hpro-x'"):
        store.models.get("hpro-x")
    assert id_in_use(store) is None


def test_installing_again_replaces_the_report_and_keeps_the_use(store: StateStore) -> None:
    store.models.use("hpro-a", AT, "better")
    store.models.install("hpro-a", "hpro-a.gguf", '{"new": 1}', AT)
    model = store.models.in_use()
    assert model is not None
    assert model.report == '{"new": 1}'


def test_a_file_that_vanished_is_one_clear_line(store: StateStore, tmp_path: Path) -> None:
    model = store.models.get("hpro-a")
    with pytest.raises(ConfigError, match=r"hpro-a is gone: .*hpro-a\.gguf\.") as raised:
        model.path_in(tmp_path)
    assert raised.value.hint is not None
    assert "hpro model use" in raised.value.hint
    (tmp_path / "hpro-a.gguf").touch()
    assert model.path_in(tmp_path) == tmp_path / "hpro-a.gguf"


@pytest.mark.parametrize("file", ["", ".", "..", "../a.gguf", "/a.gguf", "a/b.gguf"])
def test_only_plain_names_within_the_folder_are_taken(store: StateStore, file: str) -> None:
    with pytest.raises(ValueError, match="not the name of a file"):
        store.models.install("hpro-d", file, "{}", AT)
