"""A demo that was run once, an org made of a table, a configured org, and a model of another funnel."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hpro_connectors.demo.generated_org import create_generated_org
from hpro_connectors.demo.histories import funnel_of, template_of
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.companies import SAAS, TEST_DRIVE
from hpro_quantize.convert import convert
from hpro_quantize.synthetic_leads import synthetic_leads
from hpro_sdk.ranking import Bands
from hpro_sdk.scoring.calibration import Calibration
from hpro_sdk.scoring.gguf_digest import seal
from hpro_sdk.scoring.manifest import BaseModelOrigin, ScorerManifest, ScoreTokens
from hpro_sdk.training.bases import NanoBase
from hpro_sdk.training.checkpoint import write_checkpoint
from hpro_sdk.training.config import NanoConfig

HPRO = Path(sys.executable).with_name("hpro")


def hpro(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HPRO, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="session")
def demo_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `hpro demo` ran once; read it, do not change it."""
    folder = tmp_path_factory.mktemp("demo")
    done = hpro("demo", "--leads", "150", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (folder / "said.txt").write_text(done.stdout, "utf-8")
    return folder


@pytest.fixture
def demo_copy(demo_work: Path, tmp_path: Path) -> Path:
    """A folder with a copy of that demo, to change."""
    (tmp_path / "hpro-demo").mkdir()
    for name in ("org.sqlite", "state.sqlite"):
        (tmp_path / "hpro-demo" / name).write_bytes((demo_work / "hpro-demo" / name).read_bytes())
    return tmp_path


@pytest.fixture(scope="session")
def saas_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights for the funnel of the other kind of company."""
    folder = tmp_path_factory.mktemp("saas")
    simulation = Simulation(SAAS, 7, leads_per_year=10, reserved_phrases=False)
    manifest = ScorerManifest(
        template=template_of(simulation, 256),
        funnel=funnel_of(simulation),
        calibration=Calibration(convert_weight=0.7, rank_weight=0.4, bias=-1.5),
        bands=Bands(edges=(1.0, 0.0, -1.0)),
        score_tokens=ScoreTokens(convert=0, rank=1),
        base=BaseModelOrigin(name="nano", licence="none"),
        training_report_digest="0" * 64,
    )
    nano = NanoConfig(
        vocab_size=640, hidden_size=64, layers=2, heads=2, key_value_heads=1, head_dim=32, feed_forward_size=96
    )
    torch.manual_seed(1)
    base = NanoBase(nano).prepare(manifest.template, synthetic_leads(manifest, 200, seed=1), seed=3)
    manifest = manifest.model_copy(update={"score_tokens": base.score_tokens})
    write_checkpoint(folder / "checkpoint", base.model, base.tokenizer, manifest, "{}")
    convert(folder / "checkpoint", folder / "saas.gguf")
    seal(folder / "saas.gguf")
    return folder / "saas.gguf"


@pytest.fixture(scope="session")
def imported_org(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of the car dealer's funnel and the org made of it; read it, do not change it."""
    folder = tmp_path_factory.mktemp("imported")
    stages = TEST_DRIVE.stage_names
    with (folder / "leads.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "stage", "source", "web_visits", "created"])
        for number in range(30):
            row = [f"c{number}", stages[number % 6], "phone", number, f"2026-03-{1 + number % 28:02}T09:00:00+00:00"]
            writer.writerow(row)
    (folder / "leads.toml").write_text(
        'id = "id"\nstage = "stage"\ncreated_at = "created"\n[funnel]\n'
        f"stages = {list(stages)!r}\n"
        '[features]\nsource = "category"\nweb_visits = "number"\n',
        "utf-8",
    )
    done = hpro("import", "leads.csv", "--mapping", "leads.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "Wrote leads.org.sqlite: 30 leads and 0 interactions of leads (0 won, 0 lost, 30 open), org import-"
    )
    assert done.stderr == "Next: hpro demo --org leads.org.sqlite --model M\n"
    return folder


@pytest.fixture(scope="session")
def applied_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an org, its configuration and its state, from nothing to the first scores in the CRM.

    What each step said on stdout lies beside them; read it, do not change it.
    """
    folder = tmp_path_factory.mktemp("applied")
    create_generated_org(folder / "org.sqlite", TEST_DRIVE, 4, 120)
    steps = {
        "init": (0, ["config", "init", "--org", "org.sqlite", "--every-minutes", "1"]),
        "run": (2, ["run", "--once", "--json"]),
        "status": (1, ["status"]),
        "plan": (0, ["plan", "--json"]),
        "apply": (0, ["apply", "--plan", "1", "--json"]),
    }
    for name, (code, arguments) in steps.items():
        done = hpro(*arguments, cwd=folder)
        assert done.returncode == code, (arguments, done.stderr)
        assert "Traceback" not in done.stderr
        (folder / f"{name}.txt").write_text(done.stdout, "utf-8")
    return folder


@pytest.fixture
def applied_copy(applied_work: Path, tmp_path: Path) -> Path:
    """A folder with a copy of those, to change."""
    shutil.copytree(applied_work, tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def unread_copy(applied_work: Path, tmp_path: Path) -> Path:
    """A folder with a copy of that configuration and a larger org of which nothing is known yet."""
    (tmp_path / "new").mkdir()
    create_generated_org(tmp_path / "new" / "org.sqlite", TEST_DRIVE, 4, 600)
    shutil.copy(applied_work / "hpro.toml", tmp_path / "new")
    return tmp_path / "new"
