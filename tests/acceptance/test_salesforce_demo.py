"""``hpro demo --crm salesforce`` as a newcomer types it: the whole loop over the wire, and wrong turns on the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpro_connectors.protocol import OrgIdentity
from hpro_connectors.state import StateStore

HPRO = Path(sys.executable).with_name("hpro")
SMALL = ("demo", "--crm", "salesforce", "--leads", "80")
STATE = "state-salesforce.sqlite"


def hpro(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HPRO, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo ran once."""
    folder = tmp_path_factory.mktemp("salesforce")
    done = hpro(*SMALL, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (folder / "said.txt").write_text(done.stdout, "utf-8")
    return folder


def test_the_demo_tells_its_story(folder: Path) -> None:
    said = (folder / "said.txt").read_text("utf-8")
    lines = said.splitlines()
    passes = [line for line in lines if line.startswith("Pass ")]
    assert [line[:18] for line in passes] == ["Pass 1, 2026-08-31", "Pass 2, 2026-09-07", "Pass 3, 2026-09-07"]
    assert lines[0].startswith("The org 00DHPRO000000012DA (car dealer), scored by ")
    first = re.search(r"(\d+) of (\d+) leads scored.* (\d+) model calls?, (\d+) writes?$", passes[0])
    assert first is not None
    assert first[1] == first[2] == first[4] != "0"
    assert passes[2].endswith(" 0 model calls, 0 writes")
    calls = [line for line in lines if " API calls (" in line]
    assert len(calls) == 3
    assert re.search(r"1 sign-in", calls[0])
    assert re.search(r"\d+ bulk query", calls[0])
    assert re.search(r"\d+ write", calls[1])
    assert not re.search(r"bulk query|write|describe", calls[2])
    assert "hpro emulate salesforce" in said
    assert sum(line.startswith("00QSm") or "\t00QSm" in line for line in lines) >= 10


def test_json_says_the_same_and_replaces_what_was_there(folder: Path) -> None:
    done = hpro(*SMALL, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    text = (folder / "said.txt").read_text("utf-8")
    assert said["org"] == {"path": None, "org_id": "00DHPRO000000012DA", "name": "car dealer"}
    assert said["state"] == f"hpro-demo/{STATE}"
    first, second, third = said["passes"]
    assert f"{second['scored']:,} of {second['open_leads']:,} leads scored" in text
    assert f"{first['top'][0]['lead_id']}\t{first['top'][0]['score']:.2f}" in text
    assert (third["model_calls"], third["written"], third["cleared"], third["scored"]) == (0, 0, 0, 0)
    assert first["api_calls"]["describe"] > 0  # nothing that an earlier demo kept of its org is used
    assert third["as_of"] > second["as_of"]
    assert sum(third["api_calls"].values()) < sum(second["api_calls"].values())
    assert said["closeness"]["leads"] == third["open_leads"]
    assert {path.name for path in (folder / "hpro-demo").iterdir()} >= {STATE}


def test_a_state_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hpro-demo").mkdir()
    state = tmp_path / "hpro-demo" / STATE
    with StateStore.open(state) as store:
        store.pin(OrgIdentity(org_id="00D000000000001EAA", name="Mine", vendor="salesforce"), "lead")
    before = state.read_bytes()
    done = hpro(*SMALL, cwd=tmp_path)
    assert done.returncode == 2
    assert "is not the state of an earlier demo" in done.stderr
    assert state.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only-org",), "hpro emulate salesforce"),
        (("--org", "org.sqlite"), "--org scores an org as it is"),
        (("--company", "saas"), "the funnel of test_drive"),
        (("--model", "none.gguf"), "none.gguf"),
    ],
)
def test_wrong_turns_are_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = hpro(*SMALL, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
