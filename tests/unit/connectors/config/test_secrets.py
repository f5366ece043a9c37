"""Secrets come from the environment, a private file or the keyring, and never show in a message."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError
from pydantic import Field, SecretStr, ValidationError

from hpro_connectors.config import CONNECTORS, WithSecrets, load_with_origins
from hpro_connectors.config.crm import CrmConfig
from hpro_connectors.config.layers import Layer, Origin, complete
from hpro_connectors.config.secrets import (
    SecretFile,
    SecretKeyring,
    SecretValue,
    secret_file,
    secret_keyring,
    secret_value,
)
from hpro_sdk.errors import ConfigError

HIDDEN = "hunter2-and-more"


class Vault(WithSecrets):
    """A table with one secret."""

    secret_keys: ClassVar[tuple[str, ...]] = ("token",)

    token: SecretValue = secret_value("The token.")
    token_file: SecretFile = secret_file("The token.")
    token_keyring: SecretKeyring = secret_keyring("The token.")


class VaultCrm(CrmConfig):
    """A CRM with one secret."""

    secret_keys: ClassVar[tuple[str, ...]] = ("token",)

    connector: Literal["vault"] = Field(description="Which CRM it is.")
    token: SecretValue = secret_value("The token.")
    token_file: SecretFile = secret_file("The token.")
    token_keyring: SecretKeyring = secret_keyring("The token.")


class FakeKeyring(KeyringBackend):
    """A keyring in memory, locked or absent on demand."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring is typed in part only
        self.entries: dict[tuple[str, str], str] = {}
        self.problem: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.problem is not None:
            raise self.problem
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def ring() -> Iterator[FakeKeyring]:
    before = keyring.get_keyring()
    fake = FakeKeyring()
    keyring.set_keyring(fake)
    yield fake
    keyring.set_keyring(before)


@pytest.fixture
def private(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{HIDDEN}\n")
    path.chmod(0o600)
    return path


def refusal(vault: WithSecrets) -> str:
    with pytest.raises(ConfigError) as caught:
        vault.secret("token")
    assert caught.value.hint
    assert HIDDEN not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_from_the_environment() -> None:
    vault = Vault.model_validate({"token": HIDDEN})
    assert vault.secret("token").get_secret_value() == HIDDEN
    assert HIDDEN not in f"{vault!r} {vault} {vault.model_dump()}"


def test_from_a_private_file_without_its_line_end(private: Path) -> None:
    assert Vault(token_file=private).secret("token").get_secret_value() == HIDDEN
    private.write_bytes(f" {HIDDEN} \r\n".encode())
    assert Vault(token_file=private).secret("token").get_secret_value() == f" {HIDDEN} "


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o601, 0o644])
def test_a_file_that_others_may_use_is_refused(mode: int, private: Path) -> None:
    private.chmod(mode)
    message = refusal(Vault(token_file=private))
    assert "may be read by others" in message
    assert f"chmod 600 {private}" in message


def test_a_link_is_judged_by_what_it_leads_to(private: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(private)
    assert Vault(token_file=link).secret("token").get_secret_value() == HIDDEN
    private.chmod(0o644)
    assert "may be read by others" in refusal(Vault(token_file=link))


def test_files_that_hold_no_secret(tmp_path: Path, private: Path) -> None:
    assert "is not a file" in refusal(Vault(token_file=tmp_path))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert "is not a file" in refusal(Vault(token_file=pipe))
    private.write_text(" \n")
    assert "is empty" in refusal(Vault(token_file=private))
    private.write_bytes(b"\xff" + HIDDEN.encode())
    assert "not UTF-8" in refusal(Vault(token_file=private))
    private.write_text(HIDDEN * 10_000)
    assert "too long" in refusal(Vault(token_file=private))


@pytest.mark.parametrize("path", [HIDDEN, f"folder/{HIDDEN}", f"{HIDDEN}\0"])
def test_a_secret_in_place_of_its_file_is_not_repeated(path: str) -> None:
    vault = Vault.model_construct(token_file=Path(path))
    assert "token_file names cannot be read" in refusal(vault)


def test_from_the_keyring(ring: FakeKeyring) -> None:
    keyring.set_password("https://crm.example/hpro", "me", HIDDEN)
    vault = Vault(token_keyring="https://crm.example/hpro/me")
    assert vault.secret("token").get_secret_value() == HIDDEN


def test_a_keyring_that_does_not_give_it(ring: FakeKeyring) -> None:
    vault = Vault(token_keyring=f"crm/{HIDDEN}")
    assert "has no entry" in refusal(vault)
    ring.problem = KeyringLocked("locked")
    assert "Unlock it" in refusal(vault)
    ring.problem = NoKeyringError("none")
    assert "has no keyring" in refusal(vault)
    ring.problem = None
    ring.entries["crm", HIDDEN] = ""
    assert "is empty" in refusal(vault)


@pytest.mark.parametrize("entry", ["", "service", "/user", "service/", HIDDEN])
def test_a_keyring_entry_has_two_parts(entry: str) -> None:
    with pytest.raises(ValidationError, match='must be "service/user"') as caught:
        Vault(token_keyring=entry)
    assert HIDDEN not in str(caught.value)


def test_given_nowhere() -> None:
    vault = Vault()
    assert not vault.has_secret("token")
    assert "The secret token is not given" in refusal(vault)
    with pytest.raises(ValueError, match="no secret other"):
        vault.secret("other")


def test_given_twice_is_refused(private: Path) -> None:
    with pytest.raises(ValidationError, match="needs one of token, token_file") as caught:
        Vault(token=SecretStr(HIDDEN), token_file=private)
    assert HIDDEN not in str(caught.value)


def test_a_class_declares_all_three_fields_of_a_secret() -> None:
    with pytest.raises(TypeError, match="token_file, token_keyring"):

        class Half(WithSecrets):
            secret_keys: ClassVar[tuple[str, ...]] = ("token",)
            token: SecretValue = secret_value("The token.")


@pytest.fixture
def vault_crm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONNECTORS, "vault", VaultCrm)


def layers_of(file: dict[str, object], environ: dict[str, object], folder: Path) -> list[Layer]:
    tables = {"connector": "vault", **file}
    return complete(
        [
            Layer(Origin.ENVIRONMENT, {"crm": {"main": environ}} if environ else {}, folder),
            Layer(Origin.FILE, {"crm": {"main": tables}}, folder),
        ]
    )


@pytest.mark.usefixtures("vault_crm")
def test_a_secret_in_the_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "hpro.toml"
    file.write_text(f'[crm.main]\nconnector = "vault"\ntoken = "{HIDDEN}"\n')
    with pytest.raises(ConfigError) as caught:
        load_with_origins(file, environ={})
    message = str(caught.value)
    assert "crm.main.token stands in the file" in message
    for way_out in ("HPRO_CRM__MAIN__TOKEN", "token_file", "token_keyring"):
        assert way_out in message
    assert HIDDEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.usefixtures("vault_crm")
def test_the_environment_replaces_the_place_that_the_file_names(tmp_path: Path) -> None:
    environment, file, *_ = layers_of({"token_keyring": "a/b"}, {"token_file": "secret"}, tmp_path)
    assert environment.tables["crm"]["main"] == {"token_file": str(tmp_path / "secret")}
    assert file.tables["crm"]["main"] == {"connector": "vault"}
    made = VaultCrm.model_validate(
        {**file.tables["crm"]["main"], **environment.tables["crm"]["main"], "state": "s", "models": "m"}
    )
    assert made.token_file == tmp_path / "secret"


def test_an_unknown_key_that_looks_like_a_secret_says_so(tmp_path: Path) -> None:
    file = tmp_path / "hpro.toml"
    file.write_text(f'[crm.main]\nconnector = "demo"\norg = "o"\nclient_secret = "{HIDDEN}"\n')
    with pytest.raises(ConfigError, match=r"client_secret: unknown key.*A secret never stands in hpro\.toml") as caught:
        load_with_origins(file, environ={})
    assert HIDDEN not in str(caught.value)


def test_problems_of_a_crm_tell_of_a_secret_that_cannot_be_fetched(tmp_path: Path, private: Path) -> None:
    crm = VaultCrm(connector="vault", state=tmp_path / "s" / "s", models=tmp_path / "s" / "m", token_file=private)
    assert crm.problems() == []
    private.chmod(0o644)
    assert "may be read by others" in crm.problems()[0]
