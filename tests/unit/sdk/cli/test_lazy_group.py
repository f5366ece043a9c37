"""Commands are imported when they run; what is missing is said, not raised, in help."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import click
import pytest

from hpro_sdk.cli.errors import CliState, run_guarded
from hpro_sdk.cli.lazy_group import LazyCommand, LazyGroup

HEADER = "import click\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path for modules with commands."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def verbose() -> click.Option:
    return click.Option(["-v", "--verbose"], count=True, expose_value=False)


def group(**table: LazyCommand) -> LazyGroup:
    return LazyGroup(table=table, entry_point_group="hpro.commands.for.tests", listen_verbose=verbose, name="hpro")


def run(commands: LazyGroup, *arguments: str) -> int:
    def command() -> None:
        with commands.make_context("hpro", list(arguments)) as ctx:
            commands.invoke(ctx)

    return run_guarded(command, CliState())


def write_plugin(folder: Path, metadata: str, module: str, name: str = "lazy_plugin") -> None:
    (folder / f"{name}-1.dist-info").mkdir()
    (folder / f"{name}-1.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (folder / f"{name}-1.dist-info" / "entry_points.txt").write_text(f"[hpro.commands.for.tests]\n{metadata}\n")
    (folder / f"{name}.py").write_text(module)


def test_help_imports_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(group(hello=LazyCommand("no_such_module:hello", "Say hello.")), "--help") == 0
    assert "hello  Say hello." in capsys.readouterr().out


def test_command_is_imported_when_it_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lazy_hello.py").write_text(
        HEADER + "@click.command()\n@click.argument('name')\ndef hello(name): click.echo(f'hello {name}')\n"
    )
    commands = group(hello=LazyCommand("lazy_hello:hello", "Say hello."))
    assert "lazy_hello" not in sys.modules
    assert run(commands, "hello", "you") == 0
    assert capsys.readouterr().out == "hello you\n"


def test_verbose_may_stand_behind_the_command(folder: Path) -> None:
    (folder / "lazy_nested.py").write_text(
        HEADER + "@click.group()\ndef nested(): pass\n@nested.command()\ndef leaf(): pass\n"
    )
    assert run(group(nested=LazyCommand("lazy_nested:nested", "Nested.")), "nested", "leaf", "-vv") == 0


def test_known_missing_package_is_said_without_importing(capsys: pytest.CaptureFixture[str]) -> None:
    commands = group(learn=LazyCommand("no_such_module:learn", "Learn.", "train", ("json", "no_such_package")))
    assert run(commands, "--help") == 0
    assert "learn  (not installed: needs hpro-sdk[train])" in capsys.readouterr().out
    assert run(commands, "learn", "data.csv", "--epochs", "3") == 2
    assert capsys.readouterr().err == (
        "Error: `hpro learn` needs the package no_such_package, which is not installed. "
        "Install it with: pip install 'hpro-sdk[train]'\n"
    )


def test_missing_package_found_while_importing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lazy_needy.py").write_text("import no_such_package.inner\n")
    assert run(group(needy=LazyCommand("lazy_needy:needy", "Needy.")), "needy") == 2
    assert capsys.readouterr().err == (
        "Error: `hpro needy` needs the package no_such_package, which is not installed. "
        "Install it with: pip install 'hpro-sdk'\n"
    )


def test_missing_extra_found_while_importing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lazy_extra.py").write_text(
        "from hpro_sdk._extras import require_extra\nrequire_extra('parquet', 'no_such_package', 'This')\n"
    )
    assert run(group(extra=LazyCommand("lazy_extra:extra", "Extra.")), "extra") == 2
    assert capsys.readouterr().err.startswith("Error: This needs the package no_such_package")


def test_missing_module_of_ours_is_a_mistake_and_not_an_extra(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(group(ours=LazyCommand("hpro_sdk.no_such_module:ours", "Ours.")), "ours") == 1
    assert capsys.readouterr().err.startswith("Internal error: ModuleNotFoundError")


def test_command_of_another_package(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = textwrap.dedent("""
        import click
        @click.command()
        def hello():
            '''Say hello from afar.'''
            click.echo('hello from afar')
    """)
    write_plugin(folder, "afar = lazy_plugin:hello", module)
    assert run(group(), "--help") == 0
    assert "afar  Say hello from afar." in capsys.readouterr().out
    assert run(group(), "afar") == 0
    assert capsys.readouterr().out == "hello from afar\n"


def test_broken_command_of_another_package_leaves_help_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_plugin(folder, "bad = broken_plugin:bad", "1 / 0\n", name="broken_plugin")
    assert run(group(good=LazyCommand("x:y", "Good.")), "--help") == 0
    out = capsys.readouterr().out
    assert "bad   (cannot be loaded: ZeroDivisionError)" in out
    assert "good  Good." in out


def test_what_is_no_command_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lazy_odd.py").write_text("odd = 3\n")
    assert run(group(odd=LazyCommand("lazy_odd:odd", "Odd.")), "odd") == 1
    assert "is a int, not a click command" in capsys.readouterr().err
