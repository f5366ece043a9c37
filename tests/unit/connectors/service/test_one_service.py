"""One service an org."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hpro_connectors.errors import StateError, StateLockedError
from hpro_connectors.service import one_service


def test_a_second_one_is_told_which_process_the_first_is(tmp_path: Path) -> None:
    with one_service(tmp_path / "state.db"):
        with (
            pytest.raises(StateLockedError, match=f"process {os.getpid()} ") as caught,
            one_service(tmp_path / "state.db"),
        ):
            pass
        assert caught.value.exit_code == 4
        with one_service(tmp_path / "other.db"):
            pass
    with one_service(tmp_path / "state.db"):
        pass


def test_it_is_over_when_the_body_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), one_service(tmp_path / "state.db"):
        raise KeyError
    with one_service(tmp_path / "state.db"):
        pass


def test_where_files_cannot_be_locked_it_runs_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("fcntl.flock", no_locks)
    ran = False
    with one_service(tmp_path / "state.db"), one_service(tmp_path / "state.db"):
        ran = True
    assert ran


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"nowhere.*cannot be written"), one_service(tmp_path / "nowhere" / "state.db"):
        pass
