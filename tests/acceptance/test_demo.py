"""The real command on a simulated company's CRM, as a newcomer types it, and every wrong turn on the way."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_admin import edit_field
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.state import StateStore
from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.scorer import Scorer

HPRO = Path(sys.executable).with_name("hpro")
SMALL = ("--leads", "150")
HEAVY = ("torch", "transformers", "tokenizers", "sklearn", "scipy", "pyarrow", "gguf", "simple_salesforce", "hubspot")


def hpro(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HPRO, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def printed(*arguments: object, cwd: Path) -> Any:  # noqa: ANN401 - JSON
    done = hpro(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_demo_tells_its_story(demo_work: Path) -> None:
    said = (demo_work / "said.txt").read_text("utf-8")
    lines = said.splitlines()
    passes = [line for line in lines if line.startswith("Pass ")]
    assert [line[:18] for line in passes] == ["Pass 1, 2026-09-01", "Pass 2, 2026-09-08", "Pass 3, 2026-09-08"]
    first = re.search(r"(\d+) of (\d+) leads scored.* (\d+) model calls?, (\d+) writes?$", passes[0])
    assert first is not None
    assert first[1] == first[2] == first[4]
    assert int(first[1]) > 10
    assert passes[2].endswith(" 0 model calls, 0 writes")
    assert re.search(
        r"^Since the pass before: \d+ new, \d+ won, \d+ lost, \d+ gone otherwise; \d+ moved", said, re.MULTILINE
    )
    tops = [line.split("\t") for line in lines if re.match(r"\d+\tL\d{6}\t", line)]
    assert [int(row[0]) for row in tops] == [*range(1, 11), *range(1, 11)]
    assert all(re.fullmatch(r"\d+ of \d+", row[6]) for row in tops)
    assert {row[4] for row in tops[:10]} == {"-"}
    assert {row[4] for row in tops[10:]} & {"improving", "steady", "declining"}
    assert sum(line.startswith(stage) for stage in TEST_DRIVE.stage_names for line in lines) == 6
    assert re.search(
        r"^Of two open leads of which one will be won, the ranking puts the right one first in \d+ % of cases; .*"
        r": that is \d+ % of the way \(\d+ open leads\)\.",
        said,
        re.MULTILINE,
    )
    assert "hpro leads show L" in said


def test_the_model_ranks_a_company_it_has_never_seen(tmp_path: Path) -> None:
    said = printed("demo", "--leads", "500", cwd=tmp_path)
    closeness = said["closeness"]
    assert closeness["leads"] > 80
    assert 0.5 < closeness["model_auc"] <= closeness["best_auc"]
    assert closeness["way"] > 0.5


def test_json_says_the_same_and_runs_are_equal(demo_work: Path, tmp_path: Path) -> None:
    said = printed("demo", *SMALL, "--dir", "elsewhere", cwd=tmp_path)
    assert [one["as_of"][:10] for one in said["passes"]] == ["2026-09-01", "2026-09-08", "2026-09-08"]
    third = said["passes"][2]
    assert (third["model_calls"], third["written"], third["cleared"], third["scored"]) == (0, 0, 0, 0)
    assert said["org"]["org_id"] == "hpro-demo-test-drive"
    assert said["model"] == Scorer.load(bundled_model_path()).model_id
    changes, (first, second) = said["passes"][1]["changes"], (one["open_leads"] for one in said["passes"][:2])
    assert first + changes["new"] - changes["won"] - changes["lost"] - changes["gone"] == second
    listed = printed("leads", "--top", "10", cwd=demo_work)
    assert listed["leads"] == third["top"]
    assert sum(stage["leads"] for stage in third["scores_by_stage"]) == second


def test_the_crm_shows_what_the_list_says(demo_work: Path) -> None:
    leads = printed("leads", "--top", "500", cwd=demo_work)["leads"]
    with Org.open(demo_work / "hpro-demo" / "org.sqlite", writable=False) as org:
        shown = DemoConnector(org).read_back([lead["lead_id"] for lead in leads])
    for lead in leads:
        row = shown[lead["lead_id"]]
        assert row is not None
        assert row.score is not None
        assert abs(float(row.score) - lead["score"]) <= 0.0051
        assert (row.band, row.trend, row.rank) == (lead["band"], lead["trend"], lead["rank"])


def test_the_list_can_be_narrowed(demo_work: Path) -> None:
    everyone = printed("leads", "--top", "500", cwd=demo_work)["leads"]
    assert [lead["rank"] for lead in everyone] == list(range(1, len(everyone) + 1))
    stage, band = everyone[0]["stage"], everyone[-1]["band"]
    for option, value in (("stage", stage), ("band", band)):
        chosen = printed("leads", f"--{option}", value, "--top", "500", cwd=demo_work)["leads"]
        assert chosen == [lead for lead in everyone if lead[option] == value]
    lines = hpro("leads", "--top", "3", cwd=demo_work).stdout.splitlines()
    assert lines[0] == "rank\tlead\tscore\tband\ttrend\tstage\tin stage\tlast interaction"
    assert [line.split("\t")[1] for line in lines[1:]] == [lead["lead_id"] for lead in everyone[:3]]


def test_a_lead_is_shown_with_the_prompt_it_was_scored_on(demo_work: Path) -> None:
    best = printed("leads", "--top", "1", cwd=demo_work)["leads"][0]
    sheet = printed("leads", "show", best["lead_id"], cwd=demo_work)
    assert sheet["standing"] == best
    assert sheet["history"][-1]["score"] == best["score"]
    assert sheet["prompt"]["note"] == ""
    readable = hpro("leads", "--dir", "hpro-demo", "show", best["lead_id"], cwd=demo_work)
    assert sheet["prompt"]["text"].rstrip() in readable.stdout
    assert f"stage: {best['stage']}" in sheet["prompt"]["text"]


def test_a_second_demo_replaces_the_first(demo_copy: Path) -> None:
    said = printed("demo", "--leads", "60", "--seed", "2", "--days", "3", cwd=demo_copy)
    assert said["passes"][1]["as_of"][:10] == "2026-09-04"
    assert sorted(path.name for path in (demo_copy / "hpro-demo").iterdir()) == ["org.sqlite", "state.sqlite"]
    leads = printed("leads", "--top", "500", cwd=demo_copy)["leads"]
    assert len(leads) == said["passes"][2]["open_leads"] < 60


def test_an_org_goes_on_with_the_state_beside_it(demo_copy: Path) -> None:
    before = printed("leads", cwd=demo_copy)
    (again,) = printed("demo", "--org", "hpro-demo/org.sqlite", cwd=demo_copy)["passes"]
    assert (again["scored"], again["model_calls"], again["written"]) == (0, 0, 0)
    assert again["open_leads"] > 10
    assert printed("leads", "--org", "hpro-demo/org.sqlite", cwd=demo_copy) == before
    said = hpro("demo", "--org", "hpro-demo/org.sqlite", cwd=demo_copy).stdout
    assert re.search(r"^Pass, 2026-09-08: .* 0 model calls, 0 writes$", said, re.MULTILINE)
    assert sorted(path.name for path in (demo_copy / "hpro-demo").iterdir()) == ["org.sqlite", "state.sqlite"]


def test_no_state_of_an_earlier_company_is_left(demo_copy: Path) -> None:
    """The state of the demo was taken away by hand, and the org scored anew, then replaced."""
    (demo_copy / "hpro-demo" / "state.sqlite").unlink()
    (first,) = printed("demo", "--org", "hpro-demo/org.sqlite", cwd=demo_copy)["passes"]
    assert first["scored"] == first["open_leads"] > 10
    assert (demo_copy / "hpro-demo" / "org.state.sqlite").exists()
    assert hpro("demo", "--leads", "60", "--seed", "2", cwd=demo_copy).returncode == 0
    assert sorted(path.name for path in (demo_copy / "hpro-demo").iterdir()) == ["org.sqlite", "state.sqlite"]
    here = printed("leads", "--top", "500", cwd=demo_copy)
    assert printed("leads", "--org", "hpro-demo/org.sqlite", "--top", "500", cwd=demo_copy) == here


def test_another_company_runs_with_a_model_of_its_own(saas_model: Path, tmp_path: Path) -> None:
    said = printed("demo", "--company", "saas", "--leads", "80", "--model", saas_model, cwd=tmp_path)
    assert said["org"]["org_id"] == "hpro-demo-saas"
    assert said["passes"][2]["model_calls"] == 0


def test_it_runs_in_the_base_install(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom hpro_sdk.cli import main\n"
        "assert main(['demo', '--leads', '40']) == 0\nassert main(['leads']) == 0\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_table_becomes_an_org_that_can_be_scored(imported_org: Path, tmp_path: Path) -> None:
    made = printed("import", imported_org / "leads.csv", "--mapping", imported_org / "leads.toml", cwd=tmp_path)
    assert made["leads"] == 30
    org = tmp_path / made["path"]
    said = printed("demo", "--org", org.name, "--demo-model", cwd=tmp_path)
    assert said["passes"][0]["open_leads"] == said["passes"][0]["written"] == 30
    leads = printed("leads", "--org", org.name, cwd=tmp_path)["leads"]
    sheet = printed("leads", "show", leads[0]["lead_id"], "--org", org.name, cwd=tmp_path)
    assert sheet["prompt"]["note"] == ""
    sheet = printed("leads", "show", leads[0]["lead_id"], "--org", org.name, "--model", "none.gguf", cwd=tmp_path)
    assert sheet["prompt"] is None
    assert "none.gguf" in sheet["missing"]
    assert sheet["standing"] == leads[0]


def test_what_the_demo_suggests_works_as_printed(imported_org: Path, tmp_path: Path) -> None:
    for name in ("leads.csv", "leads.toml"):
        text = (imported_org / name).read_text("utf-8").replace("c7,", "-7,")
        (tmp_path / name).write_text(text, "utf-8")
    assert (
        hpro("import", "leads.csv", "--mapping", "leads.toml", "--out", "my org.sqlite", cwd=tmp_path).returncode == 0
    )
    said = hpro("demo", "--org", "my org.sqlite", "--demo-model", cwd=tmp_path).stdout
    suggested = [shlex.split(line.split("   ")[0]) for line in said.splitlines() if line.startswith("  hpro ")]
    suggested = [words[: words.index("the")] if "the" in words else words for words in suggested]
    assert [words[:2] for words in suggested] == [["hpro", "leads"]] * 2
    for words in suggested:
        done = hpro(*words[1:], cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), words
    assert "The prompt of the last score" in done.stdout
    odd = hpro("leads", "show", "--org", "my org.sqlite", "--", "-7", cwd=tmp_path)
    assert odd.stdout.startswith("-7: rank ")


def test_an_empty_stage_is_an_empty_list(imported_org: Path, tmp_path: Path) -> None:
    table = (imported_org / "leads.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "leads.csv").write_text("".join(line for line in table if ",negotiation," not in line), "utf-8")
    mapping = imported_org / "leads.toml"
    assert hpro("import", "leads.csv", "--mapping", mapping, cwd=tmp_path).returncode == 0
    assert hpro("demo", "--org", "leads.org.sqlite", "--demo-model", cwd=tmp_path).returncode == 0
    done = hpro("leads", "--org", "leads.org.sqlite", "--stage", "negotiation", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "No open leads match.\n")
    assert json.loads(done.stdout)["leads"] == []


def test_a_lead_that_cannot_be_scored_is_told_and_the_others_go_on(demo_copy: Path) -> None:
    best = printed("leads", "--top", "1", cwd=demo_copy)["leads"][0]["lead_id"]
    with Org.open(demo_copy / "hpro-demo" / "org.sqlite") as org:
        edit_field(org, best, "web_visits", 3)
        with org.transaction() as connection:
            connection.execute("UPDATE lead SET stage = 'limbo' WHERE lead_id = ?", (best,))
    done = hpro("demo", "--org", "hpro-demo/org.sqlite", cwd=demo_copy)
    assert done.returncode == 3
    told, partial = done.stderr.splitlines()
    assert told.startswith("The stage 'limbo' is not part of the funnel.")
    assert told.endswith("(1 lead)")
    assert partial == "Partial: 1 lead could not be scored or written; --json lists them."
    sheet = hpro("leads", "show", best, cwd=demo_copy)
    assert sheet.returncode == 0
    assert "Scores, oldest first" in sheet.stdout or "scored at\tscore" in sheet.stdout
    assert "There is no prompt to show: " in sheet.stdout


def test_the_state_of_the_demo_is_of_the_demo(demo_work: Path) -> None:
    with StateStore.open(demo_work / "hpro-demo" / "state.sqlite", create=False) as store:
        last = store.last_pass()
    assert last is not None
    assert last.problem_count == 0
