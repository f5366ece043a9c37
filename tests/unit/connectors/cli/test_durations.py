"""Lengths of time on the command line."""

from __future__ import annotations

from datetime import timedelta

import click
import pytest
from click.testing import CliRunner

from hpro_connectors.cli.durations import as_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("26h", timedelta(hours=26)),
        ("90m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        ("45s", timedelta(seconds=45)),
        ("1d12h", timedelta(hours=36)),
        ("1.5H ", timedelta(minutes=90)),
    ],
)
def test_a_length_of_time_is_read(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "26", "h", "26 hours", "-1h", "0h", "1h1", "1e9h", "inf", "\u0661h", "99999999999d"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|above 0|longer than"):
        parse_duration(text)


def test_an_option_takes_one_and_says_what_is_wrong() -> None:
    @click.command()
    @click.option("--max-age", callback=as_duration, default="26h")
    def command(max_age: timedelta) -> None:
        click.echo(max_age)

    assert CliRunner().invoke(command, []).output == "1 day, 2:00:00\n"
    assert CliRunner().invoke(command, ["--max-age", "90m"]).output == "1:30:00\n"
    wrong = CliRunner().invoke(command, ["--max-age", "soon"])
    assert wrong.exit_code == 2
    assert "'soon' is no length of time such as 90m, 26h or 2d." in wrong.output
