"""Whatever a command raises becomes one line on stderr and the right exit code."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click
import pytest

from hpro_sdk.cli import main
from hpro_sdk.cli.errors import CliState, run_guarded
from hpro_sdk.errors import ConfigError, DataError, HproError, ModelFitError


def run_raising(error: BaseException, verbosity: int = 0) -> int:
    def command() -> NoReturn:
        raise error

    return run_guarded(command, CliState(verbosity=verbosity))


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (HproError(), 1, "Error: Something in HPRO failed."),
        (DataError("Row 3 is empty.", hint="Remove it."), 1, "Error: Row 3 is empty. Remove it."),
        (ConfigError("No such stage."), 2, "Error: No such stage."),
        (ModelFitError("Made for another funnel."), 2, "Error: Made for another funnel."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (click.Abort(), 130, "Interrupted."),
        (
            MemoryError(),
            1,
            "Error: The memory is exhausted. Use a smaller batch or a machine with more memory.",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "out.csv"),
            2,
            "Error: out.csv: Permission denied.",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file", "in.csv"), 2, "Error: in.csv: No such file."),
        (ValueError("odd"), 1, "Internal error: ValueError: odd; run with -v for details"),
        (OSError(errno.EIO, "I/O error"), 1, "Internal error: OSError: [Errno 5] I/O error; run with -v for details"),
    ],
)
def test_one_line_and_an_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_raising(error) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{line}\n"


def test_verbose_adds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raising(DataError("Row 3 is empty."), verbosity=1) == 1
    err = capsys.readouterr().err
    assert err.startswith("Error: Row 3 is empty.\nTraceback")
    assert "run with -v" not in err


def test_message_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run_raising(DataError("Stage \x1b[31mred\x07\nis unknown."))
    assert capsys.readouterr().err == "Error: Stage \\x1b[31mred\\x07\\nis unknown.\n"


def test_usage_error_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--nonsense"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_unknown_command_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_unreadable_file_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raising(click.FileError("in.csv", "no such file")) == 2
    assert "in.csv" in capsys.readouterr().err


def test_other_click_error_keeps_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raising(click.ClickException("no")) == 1
    assert capsys.readouterr().err == "Error: no\n"


def test_exit_code_set_by_a_command() -> None:
    def command() -> None:
        click.Context(click.Command("partial")).exit(3)

    assert run_guarded(command, CliState()) == 3


def test_success_is_0() -> None:
    assert run_guarded(lambda: 7, CliState()) == 0


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("hpro ")


def run_python(code: str, stdout: int, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"import sys, click\nfrom hpro_sdk.cli.errors import CliState, run_guarded\n{code}"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


WRITE_MUCH = "sys.exit(run_guarded(lambda: [click.echo('x' * 99) for _ in range(5000)], CliState()))"


@pytest.mark.parametrize("code", [WRITE_MUCH, "sys.exit(run_guarded(lambda: sys.stdout.write('x'), CliState()))"])
def test_reader_that_goes_away_is_quiet(code: str, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run_python(code, writer, tmp_path)
    finally:
        os.close(writer)
    assert done.returncode == 141
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run_python(WRITE_MUCH, full.fileno(), tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Error: The disk is full. Free some space and run it again.\n"
