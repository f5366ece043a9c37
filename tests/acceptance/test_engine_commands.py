"""The commands of the engine, as a person types them, with the real process over a simulated company's org."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hpro_connectors.config import load_config
from hpro_connectors.demo import org_admin
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.filling import set_clock
from hpro_connectors.demo.org import Org
from hpro_connectors.engine import run_pass
from hpro_connectors.fields import ScoreRow
from hpro_connectors.orgs import pass_settings_of, working_org
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state import StateStore
from hpro_connectors.testing import Fault, FaultScript, FaultyConnector

HPRO = Path(sys.executable).with_name("hpro")
STATE = Path("hpro-state/main.sqlite")
PATIENCE_S = 120  # of a machine with much else to do; the service itself gives a pass 25 seconds


def command(*arguments: object) -> list[str]:
    return [str(HPRO), *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def hpro(*arguments: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


def printed(*arguments: object, cwd: Path, code: int = 0) -> Any:  # noqa: ANN401 - JSON
    return json.loads(hpro(*arguments, "--json", cwd=cwd, code=code).stdout)


def run_once(*arguments: object, cwd: Path, code: int = 0) -> dict[str, Any]:
    report: dict[str, Any] = printed("run", "--once", *arguments, cwd=cwd, code=code)["main"]
    return report


def shown(folder: Path) -> dict[str, ScoreRow | None]:
    """Give what the CRM shows of our fields, by lead."""
    with Org.open(folder / "org.sqlite", writable=False) as org:
        connector = DemoConnector(org)
        return connector.read_back(sorted(connector.list_ids("lead").ids))


def ranked(folder: Path) -> list[str]:
    with StateStore.open(folder / STATE, create=False) as store:
        return [row.lead_id for row in store.queue()]


def is_blank(row: ScoreRow | None) -> bool:
    return row is None or row == ScoreRow(lead=row.lead)


@contextmanager
def started(*arguments: object, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(process: subprocess.Popen[str], found: Callable[[], bool]) -> None:
    """Wait for something that a process does while it runs."""
    while not found():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def of_state(folder: Path, question: str) -> int:
    """Ask the state file for a number, without any part of HPRO; 0 before there is a table."""
    try:
        with closing(sqlite3.connect(f"{(folder / STATE).as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute(question).fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_from_nothing_to_scores_in_the_crm(applied_work: Path, applied_copy: Path) -> None:
    first = json.loads((applied_work / "run.txt").read_text("utf-8"))["main"]
    assert first["scored"] == first["open_leads"] == first["to_write"] > 10
    assert (first["stop_code"], first["written"]) == ("new_model", 0)
    assert "hpro plan" in (applied_work / "status.txt").read_text("utf-8")
    plan = json.loads((applied_work / "plan.txt").read_text("utf-8"))
    assert (plan["plan"]["id"], plan["plan"]["rows"], plan["calls"]) == (1, first["to_write"], 1)
    assert [row["reason"] for row in plan["sample"]] == ["new"] * min(20, first["to_write"])
    applied = json.loads((applied_work / "apply.txt").read_text("utf-8"))
    assert (applied["skipped"], applied["report"]["written"]) == (0, first["to_write"])
    assert sum(not is_blank(row) for row in shown(applied_copy).values()) == first["to_write"]
    quiet = run_once(cwd=applied_copy)
    assert (quiet["model_calls"], quiet["scored"], quiet["written"], quiet["cleared"]) == (0, 0, 0, 0)
    assert quiet["unchanged"] == quiet["open_leads"] == first["open_leads"]
    assert hpro("status", cwd=applied_copy).stdout.startswith("Healthy")
    runs = printed("runs", cwd=applied_copy)
    assert [(run["kind"], run["status"]) for run in runs] == [
        ("pass", "done"),
        ("apply", "done"),
        ("plan", "done"),
        ("pass", "stopped"),
    ]
    assert "It is whole." in hpro("state", "check", cwd=applied_copy).stdout


def test_row_40_our_own_writes_cost_nothing(applied_copy: Path) -> None:
    with Org.open(applied_copy / "org.sqlite") as org:
        set_clock(org, org.clock() + timedelta(seconds=1))
    report = run_once(cwd=applied_copy)
    assert report["read"] >= report["open_leads"]
    assert (report["model_calls"], report["written"]) == (0, 0)


def test_a_run_that_is_taken_back_stays_so_until_somebody_resumes(applied_copy: Path) -> None:
    before = shown(applied_copy)
    count = sum(not is_blank(row) for row in before.values())
    assert hpro("rollback", "--run", 3, "--dry-run", cwd=applied_copy).stdout.startswith(f"{count} leads would")
    assert shown(applied_copy) == before
    assert hpro("rollback", "--run", 3, cwd=applied_copy).stdout.startswith(f"{count} leads show again")
    assert all(map(is_blank, shown(applied_copy).values()))
    with Org.open(applied_copy / "org.sqlite") as org:
        org_admin.add_note(org, ranked(applied_copy)[3], "wants to sign tomorrow")
    paused = run_once(cwd=applied_copy, code=2)
    assert (paused["stop_code"], paused["scored"], paused["written"]) == ("paused", 1, 0)
    assert all(map(is_blank, shown(applied_copy).values()))
    assert "Paused" in hpro("status", cwd=applied_copy, code=1).stdout
    assert printed("plan", cwd=applied_copy)["plan"]["rows"] == count
    assert "hpro resume" in hpro("apply", "--plan", 2, cwd=applied_copy, code=2).stderr
    assert hpro("resume", cwd=applied_copy).stdout.startswith("Passes may write")
    again = run_once(cwd=applied_copy)
    assert (again["stop_code"], again["written"]) == (None, count)
    assert sum(not is_blank(row) for row in shown(applied_copy).values()) == count
    assert hpro("status", cwd=applied_copy).stdout.startswith("Healthy")


def test_a_plan_leaves_out_what_moved_since(applied_copy: Path) -> None:
    ids = ranked(applied_copy)
    with Org.open(applied_copy / "org.sqlite") as org:
        for lead_id in ids[:2]:
            org_admin.edit_field(org, lead_id, "hpro_score", 1)
    assert printed("plan", cwd=applied_copy)["plan"]["rows"] == 2
    with Org.open(applied_copy / "org.sqlite") as org:
        org_admin.move_stage(org, ids[0], "lost")
    before = shown(applied_copy)
    hpro("apply", "--plan", 2, "--dry-run", cwd=applied_copy)
    assert shown(applied_copy) == before
    done = printed("apply", "--plan", 2, cwd=applied_copy, code=3)
    assert (done["skipped"] >= 1, done["report"]["written"] <= 1) == (True, True)
    assert "applied already" in hpro("apply", "--plan", 2, cwd=applied_copy, code=2).stderr
    assert "no plan 9" in hpro("apply", "--plan", 9, cwd=applied_copy, code=2).stderr
    run_once(cwd=applied_copy)
    lost = shown(applied_copy)[ids[0]]
    assert lost is not None
    assert lost.rank is None


def refuse_two_rows(folder: Path) -> list[str]:
    """Let the CRM refuse the first two rows of a pass; give the ids of their leads."""
    with Org.open(folder / "org.sqlite") as org:
        for lead_id in ranked(folder)[:3]:
            org_admin.edit_field(org, lead_id, "hpro_score", 1)
    config = load_config(folder / "hpro.toml")
    with working_org(config, "main", config.crm["main"]) as org_at_work:
        script = FaultScript([Fault.answers(WriteStatus.REJECTED, rows=[0, 1])])
        connector = FaultyConnector(org_at_work.connector, script)
        settings = pass_settings_of(config, config.crm["main"], stop=org_at_work.stop)
        report = run_pass(connector, org_at_work.store, org_at_work.scorer(), replace(settings, lag_s=0))
        assert (report.written, report.rejected, report.dead) == (1, 2, 2)
        return sorted(one.row.lead.lead_id for one in org_at_work.store.dead_letters.list())


def test_refused_rows_wait_for_somebody_to_decide(applied_copy: Path) -> None:
    first, second = refuse_two_rows(applied_copy)
    letters = printed("deadletter", "list", cwd=applied_copy)
    assert sorted((one["lead"], one["code"], one["message"]) for one in letters) == [
        (first, "SCRIPTED", "by the fault script"),
        (second, "SCRIPTED", "by the fault script"),
    ]
    assert run_once(cwd=applied_copy)["written"] == 0
    assert hpro("deadletter", "replay", first, "--dry-run", cwd=applied_copy).stdout.startswith("1 dead letter would")
    assert "no dead letter of lead nobody" in hpro("deadletter", "drop", "nobody", cwd=applied_copy, code=2).stderr
    assert hpro("deadletter", "replay", first, cwd=applied_copy).stdout.startswith("1 dead letter tried")
    assert hpro("deadletter", "drop", second, cwd=applied_copy).stdout.startswith("1 dead letter dropped")
    assert run_once(cwd=applied_copy)["written"] == 1
    rows = shown(applied_copy)
    assert [row is not None and row.score == 1 for row in (rows[first], rows[second])] == [False, True]
    assert printed("deadletter", "list", cwd=applied_copy) == []
    assert [one["lead"] for one in printed("deadletter", "list", "--dropped", cwd=applied_copy)] == [second]


def test_leads_are_scored_anew_when_somebody_asks(applied_copy: Path) -> None:
    ids = ranked(applied_copy)
    assert hpro("rescore", "--dry-run", cwd=applied_copy).stdout.startswith(f"{len(ids)} leads would")
    assert run_once(cwd=applied_copy)["scored"] == 0
    hpro("rescore", ids[0], ids[4], cwd=applied_copy)
    report = run_once(cwd=applied_copy)
    assert (report["scored"], report["written"]) == (2, 0)
    hpro("rescore", cwd=applied_copy)
    report = run_once(cwd=applied_copy)
    assert (report["scored"], report["written"]) == (len(ids), 0)
    assert "scored and written anew" in hpro("rescore", "--write", ids[0], cwd=applied_copy).stdout
    assert run_once(cwd=applied_copy)["written"] == 1
    assert run_once(cwd=applied_copy)["written"] == 0


def test_a_person_who_is_forgotten_does_not_come_back(applied_copy: Path) -> None:
    lead_id = ranked(applied_copy)[0]
    told = printed("forget", "--dry-run", lead_id, cwd=applied_copy)
    assert (told["leads"], told["dry_run"]) == (1, True)
    assert ranked(applied_copy)[0] == lead_id
    assert "Go on?" in hpro("forget", lead_id, cwd=applied_copy, code=130).stderr  # nobody answers
    assert hpro("forget", "--yes", lead_id, cwd=applied_copy).stdout.startswith("Erased leads: 1,")
    assert lead_id.encode() not in (applied_copy / STATE).read_bytes()
    hpro("rescore", cwd=applied_copy)
    run_once(cwd=applied_copy)
    assert lead_id not in ranked(applied_copy)
    assert lead_id.encode() not in (applied_copy / STATE).read_bytes()


def test_a_state_is_found_and_made_smaller(applied_copy: Path) -> None:
    assert hpro("state", "path", cwd=applied_copy).stdout.strip() == str(applied_copy / STATE)
    hpro("forget", "--yes", ranked(applied_copy)[0], cwd=applied_copy)
    assert "would be given back" in hpro("state", "vacuum", "--dry-run", cwd=applied_copy).stdout
    before = ranked(applied_copy)
    hpro("state", "vacuum", cwd=applied_copy)
    assert "It is whole." in hpro("state", "check", cwd=applied_copy).stdout
    assert ranked(applied_copy) == before


def test_stages_run_one_by_one_do_what_a_pass_does(applied_copy: Path) -> None:
    before = shown(applied_copy)
    lead_id = ranked(applied_copy)[3]
    with Org.open(applied_copy / "org.sqlite") as org:
        org_admin.add_note(org, lead_id, "wants to sign tomorrow")
        org_admin.edit_field(org, lead_id, "hpro_rank", 5000)
    read = run_once("--stage", "read", cwd=applied_copy)
    assert (read["read"] >= 2, read["scored"], read["written"]) == (True, 0, 0)
    scored = run_once("--stage", "score", cwd=applied_copy)
    assert (scored["read"], scored["scored"], scored["written"]) == (0, 1, 0)
    dry = run_once("--dry-run", cwd=applied_copy)
    assert (dry["to_write"] >= 1, dry["written"]) == (True, 0)
    row = shown(applied_copy)[lead_id]
    assert row is not None
    assert row.rank == 5000
    written = run_once("--stage", "write", cwd=applied_copy)
    assert (written["read"], written["scored"], written["written"]) == (0, 0, dry["to_write"])
    after = shown(applied_copy)
    assert after.keys() == before.keys()
    row = after[lead_id]
    assert row is not None
    assert row.rank != 5000
    assert run_once(cwd=applied_copy)["written"] == 0


def test_a_dry_run_of_everything_writes_nothing(applied_copy: Path) -> None:
    with Org.open(applied_copy / "org.sqlite") as org:
        org_admin.move_stage(org, ranked(applied_copy)[0], "won")
    org_bytes = (applied_copy / "org.sqlite").read_bytes()
    report = run_once("--dry-run", cwd=applied_copy)
    assert (report["to_clear"], report["cleared"]) == (1, 0)
    assert (applied_copy / "org.sqlite").read_bytes() == org_bytes
    assert run_once(cwd=applied_copy)["cleared"] == 1


def test_a_run_without_time_ends_early_and_the_next_one_goes_on(unread_copy: Path) -> None:
    done = hpro("run", "--once", "--max-seconds", "0.01", cwd=unread_copy, code=3)
    assert "The next run goes on." in done.stderr
    report = run_once("--stage", "read", cwd=unread_copy)
    assert report["is_backfilled"]
    assert report["read"] > 1000


def test_row_41_of_two_processes_one_runs_and_the_other_is_busy(applied_copy: Path) -> None:
    with started("run", "--once", "--json", cwd=applied_copy) as first:
        wait_until(first, lambda: of_state(applied_copy, "SELECT count(owner) FROM lease") == 1)
        first.send_signal(signal.SIGSTOP)
        for arguments in (["run", "--once"], ["serve"], ["pause"], ["plan"], ["state", "vacuum"]):
            error = hpro(*arguments, cwd=applied_copy, code=4).stderr
            assert f"process {first.pid}" in error
            assert len(error.splitlines()) == 1
        assert "Healthy" in hpro("status", cwd=applied_copy).stdout  # asking needs no lease
        first.send_signal(signal.SIGCONT)
        out, error = first.communicate(timeout=PATIENCE_S)
        assert first.returncode == 0, error
        assert json.loads(out)["main"]["written"] == 0
    assert run_once(cwd=applied_copy)["written"] == 0


def test_row_42_a_pass_that_is_told_to_stop_ends_early_and_the_next_one_goes_on(unread_copy: Path) -> None:
    with started("run", "--once", "--json", cwd=unread_copy) as process:
        wait_until(process, lambda: of_state(unread_copy, "SELECT count(*) FROM scores") > 0)
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 3, error
    first = json.loads(out)["main"]
    assert first["ended_early"]
    assert of_state(unread_copy, "SELECT count(owner) FROM lease") == 0
    second = run_once(cwd=unread_copy, code=2)  # nobody has confirmed the model
    assert first["scored"] > 0 < second["scored"]
    assert first["scored"] + second["scored"] == second["open_leads"] == second["to_write"]
    assert second["read"] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_row_42_a_service_ends_when_it_is_told_to(applied_copy: Path, number: signal.Signals) -> None:
    for path in (applied_copy / STATE).parent.glob("main.sqlite*"):
        path.unlink()
    with started("-v", "serve", cwd=applied_copy) as process:
        assert process.stderr is not None
        while "run ended" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        _, error = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, error
    assert "Traceback" not in error
    (run,) = printed("runs", cwd=applied_copy)
    assert run["status"] == "stopped"  # nobody has confirmed the model to this state
    began = datetime.fromisoformat(run["started_at"])
    assert began <= datetime.now(UTC)
    assert of_state(applied_copy, "SELECT count(owner) FROM lease") == 0
