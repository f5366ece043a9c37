"""Every command explains itself, and one whose packages are absent says so in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hpro_sdk.cli import COMMANDS, hpro

WITHOUT = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in BLOCKED else PathFinder.find_spec(name, path, target)

sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]
"""
"""Makes Python believe that the packages in BLOCKED are not installed."""

TRAIN_EXTRA = ("torch", "transformers", "tokenizers", "safetensors", "gguf", "pyarrow", "sklearn", "scipy")


def run_without(packages: tuple[str, ...], code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"BLOCKED = {packages!r}\n{WITHOUT}\n{code}"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def run_hpro_without(packages: tuple[str, ...], *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_without(packages, f"from hpro_sdk.cli import main\nsys.exit(main({list(arguments)!r}))", folder)


def commands(group: click.Group = hpro, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name="hpro")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join([*path, name]), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_every_command_has_help_and_a_docstring() -> None:
    for path, command in commands():
        assert command.help, path
        assert "not installed" not in command.help, path
        assert command.callback is None or command.callback.__doc__, path


def test_every_option_has_help() -> None:
    for path, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.name}"


def test_every_command_of_the_table_has_a_line() -> None:
    for name, entry in COMMANDS.items():
        assert entry.help.endswith("."), name


def test_help_works_without_extras(tmp_path: Path) -> None:
    done = run_hpro_without(TRAIN_EXTRA, "--help", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "(not installed: needs hpro-sdk[train])" in done.stdout
    assert "score" in done.stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom hpro_sdk.cli import main\nassert main(['--help']) == 0\n"
        "print(sorted({'torch', 'transformers', 'llama_cpp', 'sqlalchemy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_train_without_its_extra_is_one_line_and_exit_2(tmp_path: Path) -> None:
    done = run_hpro_without(TRAIN_EXTRA, "train", "data.csv", "--out", "model", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "Error: `hpro train` needs the package torch, which is not installed. "
        "Install it with: pip install 'hpro-sdk[train]'\n"
    )


def test_the_salesforce_demo_trains_only_with_its_extra(tmp_path: Path) -> None:
    demo = ("demo", "--crm", "salesforce", "--leads", "40")
    done = run_hpro_without(TRAIN_EXTRA, *demo, "--train", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "Error: Training needs the package torch, which is not installed. "
        "Install it with: pip install 'hpro-sdk[train]'\n"
    )
    assert list(tmp_path.iterdir()) == []
    done = run_hpro_without(TRAIN_EXTRA, *demo, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "No model of its own: Training needs the package torch, which is not installed" in done.stdout
    assert done.stdout.count(" 0 model calls, 0 writes") >= 1


def test_parquet_without_its_extra_is_one_line_and_exit_2(tmp_path: Path) -> None:
    code = (
        "from hpro_sdk._extras import require_extra\nfrom hpro_sdk.cli.errors import CliState, run_guarded\n"
        "sys.exit(run_guarded(lambda: require_extra('parquet', 'pyarrow.parquet', 'Reading Parquet'), CliState()))"
    )
    done = run_without(("pyarrow",), code, tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "Error: Reading Parquet needs the package pyarrow, which is not installed. "
        "Install it with: pip install 'hpro-sdk[parquet]'\n"
    )


@pytest.mark.parametrize("flag", ["--help", "-h", "--version"])
def test_installed_command_runs(flag: str, tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("hpro")
    done = subprocess.run([command, flag], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "hpro" in done.stdout
