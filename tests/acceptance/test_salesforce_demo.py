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
    """A folder in which the demo ran once; the company is too small to train on."""
    folder = tmp_path_factory.mktemp("salesforce")
    done = hpro(*SMALL, cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout, "utf-8")
    (folder / "logged.txt").write_text(done.stderr, "utf-8")
    return folder


def test_the_demo_tells_the_whole_loop_in_order(folder: Path) -> None:
    said = (folder / "said.txt").read_text("utf-8")
    lines = said.splitlines()
    assert re.fullmatch(
        r"An emulated Salesforce is up at http://\S+: the org 00DHPRO000000012DA \(car dealer\), 80 leads\.", lines[0]
    )
    beginnings = [
        "An emulated",
        "Fields, as",
        "Doctor: ",
        "First load, 2026-08-31",
        "No model of its own: ",
        "Plan, as",
    ]
    beginnings += [
        "Plan 1 applied",
        "7 days go by.",
        "Pass 1, 2026-09-07",
        "Once more",
        "Pass 2, 2026-09-07",
        "Of two ",
    ]
    places = [next(place for place, line in enumerate(lines) if line.startswith(one)) for one in beginnings]
    assert places == sorted(places)
    assert "8 fields, 2 permission sets, 1 assignment" in said
    assert re.search(r"Read back: \S+ may read and write all of it\.", said)
    assert "hpro emulate salesforce" in said
    assert "\\n" not in said


def test_doctor_finds_nothing_but_that_the_company_is_small(folder: Path) -> None:
    lines = (folder / "said.txt").read_text("utf-8").splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("Doctor: "))
    rest = lines[place + 1 : place + 8]
    assert re.match(r"  warning +training +", rest[1])
    assert "1 warning." in rest


def test_calls_are_told_of_each_step(folder: Path) -> None:
    lines = (folder / "said.txt").read_text("utf-8").splitlines()
    of = [line for line in lines if " API calls (" in line]
    fields, doctor, load, planned, applied = of[:5]
    assert re.search(r"\d+ fields", fields)
    assert not re.search(r"write|bulk", doctor)
    assert re.search(r"1 sign-in.* \d+ bulk query", load)
    assert "write" not in planned
    assert re.search(r"\b1 write\)", applied)  # fifteen rows, one call
    assert not re.search(r"bulk query|write|describe", of[-1])


def test_the_plan_is_what_is_written_and_the_last_pass_does_nothing(folder: Path) -> None:
    said = (folder / "said.txt").read_text("utf-8")
    planned = re.search(r"^Plan 1: (\d+) rows \(\1 new\), at most 1 write call\.$", said, re.MULTILINE)
    assert planned is not None
    applied = re.search(r"^Pass, 2026-08-31: .* 0 model calls, (\d+) writes$", said, re.MULTILINE)
    assert applied is not None
    assert planned[1] == applied[1] != "0"
    assert re.search(r"^Pass 2, 2026-09-07: .* 0 model calls, 0 writes$", said, re.MULTILINE)


def test_a_stop_of_a_rail_is_told_and_confirmed_like_a_first_write(folder: Path) -> None:
    """In a company this small some leads are many of its bands; whether too many is up to the model."""
    said = (folder / "said.txt").read_text("utf-8")
    logged = [json.loads(line) for line in (folder / "logged.txt").read_text("utf-8").splitlines()]
    stopped = re.search(r"^Nothing was written: .*would change it, more than 30 %", said, re.MULTILINE) is not None
    assert [line["event"] for line in logged] == ["rail_stopped"] * stopped
    assert ("Plan 2 applied, as a person confirms it" in said) is stopped


def test_json_says_the_same_and_replaces_what_was_there(folder: Path) -> None:
    done = hpro(*SMALL, "--no-train", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    text = (folder / "said.txt").read_text("utf-8")
    assert said["org"] == {"path": None, "org_id": "00DHPRO000000012DA", "name": "car dealer"}
    assert said["state"] == f"hpro-demo/{STATE}"
    assert said["emulator"]["leads"] == 80
    assert said["fields"]["made"] | {"field": 8, "permission set": 2, "assignment": 1} == said["fields"]["made"]
    assert said["fields"]["problems"] == []
    assert (said["doctor"]["exit_code"], said["doctor"]["org"]["org_id"]) == (3, "00DHPRO000000012DA")
    assert said["first_load"]["model_id"] is None
    assert said["first_load"]["api_calls"]["describe"] > 0  # nothing that an earlier demo kept of its org is used
    assert said["training"] == {"report": None, "why_not": "--no-train was given", "scores_by": said["model"]}
    plan, (increment, last) = said["plans"][0], said["passes"]
    applied = plan["applied"]
    assert plan["plan"]["rows"] == applied["written"] == plan["report"]["scored"] == applied["open_leads"]
    assert (plan["calls"], plan["report"]["written"], applied["skipped"]) == (1, 0, 0)
    assert f"{applied['top'][0]['lead_id']}\t{applied['top'][0]['score']:.2f}" in text
    assert f"{increment['scored']:,} of {increment['open_leads']:,} leads scored" in text
    assert (last["model_calls"], last["written"], last["cleared"], last["scored"]) == (0, 0, 0, 0)
    assert last["as_of"] > increment["as_of"] > applied["as_of"]
    assert sum(last["api_calls"].values()) < sum(increment["api_calls"].values())
    assert said["closeness"]["leads"] == last["open_leads"]
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
        (("--crm", "demo", "--train"), "--crm salesforce only"),
        (("--train-minutes", "0"), "--train-minutes"),
        (("--model", "none.gguf"), "none.gguf"),
    ],
)
def test_wrong_turns_are_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = hpro(*SMALL, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
