"""The real command, as a newcomer types it: from a table to scores, and every wrong turn on the way."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
HPRO = Path(sys.executable).with_name("hpro")
MAPPING = REPOSITORY / "benchmarks" / "mappings" / "example_leads.toml"


def hpro(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HPRO, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def printed(*arguments: object, cwd: Path) -> Any:  # noqa: ANN401 - JSON
    done = hpro(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, a trained checkpoint ``model`` and its file ``m.gguf``."""
    folder = tmp_path_factory.mktemp("work")
    script = REPOSITORY / "benchmarks" / "example_leads.py"
    subprocess.run([sys.executable, script, "leads.csv", "--leads", "700"], cwd=folder, check=True)
    shutil.copy(MAPPING, folder / "leads.toml")
    table = ["--data", "leads.csv", "--mapping", "leads.toml"]
    trained = hpro("train", *table, "--out", "model", "--max-minutes", "0.4", cwd=folder)
    assert trained.returncode == 0, trained.stderr
    assert "validation AUC" in trained.stdout
    assert "hpro export model" in trained.stderr
    exported = hpro("export", "model", "--out", "m.gguf", cwd=folder)
    assert exported.returncode == 0, exported.stderr
    return folder


def test_the_file_and_the_checkpoint_rank_the_test_split_alike(work: Path) -> None:
    table = ["--data", "leads.csv", "--mapping", "leads.toml", "--resamples", "50"]
    gguf = printed("evaluate", "--model", "m.gguf", *table, cwd=work)
    torch = printed("evaluate", "--model", "model", *table, cwd=work)
    assert set(gguf) >= {"auc", "average_precision", "precision_at", "ndcg_at_10pct", "ece", "n_leads", "n_positives"}
    assert list(gguf["precision_at"]) == ["0.1%", "1%", "5%", "10%"]
    assert all(len(gguf[name]) == 3 for name in ("auc", "average_precision", "ndcg_at_10pct", "ece"))
    assert gguf["auc"][0] == pytest.approx(torch["auc"][0], abs=0.01)
    assert gguf["auc"][0] > 0.6
    readable = hpro("evaluate", "--model", "m.gguf", *table, cwd=work)
    assert "AUC" in readable.stdout
    assert "Precision in the top 5 %" in readable.stdout


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_all_leads_are_written_best_first(work: Path, ending: str) -> None:
    out = work / f"scored.{ending}"
    done = hpro("score", "leads.csv", "--model", "m.gguf", "--mapping", "leads.toml", "--out", out, cwd=work)
    assert done.returncode == 0, done.stderr
    if ending == "csv":
        rows: list[dict[str, Any]] = list(csv.DictReader(out.open(encoding="utf-8")))
    elif ending == "jsonl":
        rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    else:
        import pyarrow.parquet

        rows = pyarrow.parquet.read_table(out).to_pylist()
    assert [int(row["rank"]) for row in rows] == list(range(1, 701))
    scores = [float(row["rank_score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert {row["stage"] for row in rows} == {"new", "contacted"}
    best = [row for row in rows if row["stage"] == "contacted"]
    assert [int(row["stage_rank"]) for row in best] == list(range(1, len(best) + 1))
    assert int(best[0]["stage_size"]) == len(best)


def test_the_printed_list_keeps_the_order_and_can_be_cut(work: Path) -> None:
    done = hpro("score", "leads.csv", "--model", "m.gguf", "--mapping", "leads.toml", "--top", 5, cwd=work)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == ["rank", "lead", "score", "band", "stage", "stage rank", "of"]
    assert [line[0] for line in lines[1:]] == ["1", "2", "3", "4", "5"]
    assert [float(line[2]) for line in lines[1:]] == sorted((float(line[2]) for line in lines[1:]), reverse=True)


def test_another_moment_changes_ages_and_nothing_else(work: Path) -> None:
    table = ["leads.csv", "L00003", "--model", "m.gguf", "--mapping", "leads.toml"]
    early = printed("render", *table, cwd=work)
    late = printed("render", *table, "--as-of", "2028-01-01T00:00:00+01:00", cwd=work)
    assert early["input_hash"] != late["input_hash"]
    assert "created: over a year ago" in late["text"]
    assert late["next_due_at"] is None
    assert len(early["token_ids"]) > early["shared_tokens"] > 0
    readable = hpro("render", *table, cwd=work).stdout
    assert early["text"] in readable
    assert "Ċ" in readable


def test_leads_as_json_lines_need_no_mapping(work: Path) -> None:
    lines = [
        {"lead_id": "a", "fields": {"visits": 30, "source": "referral"}, "stage": "contacted"},
        {"lead_id": "b", "fields": {"visits": 0, "source": "web"}},
    ]
    (work / "few.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    scored = printed("score", "few.jsonl", "--model", "m.gguf", cwd=work)
    assert {lead["lead_id"]: lead["stage_rank"] for lead in scored} == {"a": 1, "b": None}
    assert scored[0]["rank_score"] >= scored[1]["rank_score"]


def test_the_ten_lines_of_the_readme_run(work: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "Scorer.load" in block)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    done = subprocess.run([sys.executable, "-c", code], cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match(r"1 \S+ \d+\.\d [A-D]\n2 ", done.stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["score", "none.csv", "--model", "m.gguf", "--mapping", "leads.toml"], 2, "none.csv"),
        (["score", "leads.csv", "--model", "none.gguf", "--mapping", "leads.toml"], 2, "none.gguf"),
        (["score", "leads.csv", "--model", "leads.csv", "--mapping", "leads.toml"], 1, "leads.csv"),
        (["score", "leads.csv", "--model", "m.gguf"], 2, "hpro mapping guess"),
        (["score", "leads.csv", "--model", "m.gguf", "--mapping", "leads.toml", "--out", "x.xlsx"], 2, ".parquet"),
        (["score", "leads.csv", "--model", "m.gguf", "--mapping", "leads.toml", "--out", "no/x.csv"], 2, "no"),
        (["score", "leads.csv", "--model", "m.gguf", "--mapping", "leads.toml", "--as-of", "2026-01-01"], 2, "--as-of"),
        (["score", "leads.csv", "--model", "cut.gguf", "--mapping", "leads.toml"], 1, "cut.gguf"),
        (["score", "leads.csv", "--model", "flip.gguf", "--mapping", "leads.toml"], 1, "flip.gguf"),
        (["score", "leads.csv", "--model", "m.gguf", "--mapping", "other.toml"], 2, "funnel"),
        (["score", "leads.csv", "--model", "m.gguf", "--mapping", "fewer.toml"], 2, "visits"),
        (["score", "empty.csv", "--model", "m.gguf", "--mapping", "leads.toml"], 1, "empty.csv"),
        (["score", "nan.csv", "--model", "m.gguf", "--mapping", "leads.toml"], 1, "visits"),
        (["score", "stage.csv", "--model", "m.gguf", "--mapping", "leads.toml"], 1, "Moon"),
        (["score", "twice.csv", "--model", "m.gguf", "--mapping", "leads.toml"], 1, "row"),
        (["render", "leads.csv", "nobody", "--model", "m.gguf", "--mapping", "leads.toml"], 1, "nobody"),
        (["train", "--data", "leads.csv", "--mapping", "leads.toml", "--out", "model"], 2, "exists already"),
        (["train", "--data", "lost.csv", "--mapping", "leads.toml", "--out", "new"], 1, "same result, lost"),
        (["train", "--data", "leads.csv", "--mapping", "leads.toml", "--out", "new", "--max-tokens", "40"], 1, "40"),
        (["train", "--data", "leads.csv", "--mapping", "leads.toml", "--out", "no/new"], 2, "no"),
        (["export", "none", "--out", "new.gguf"], 2, "none"),
        (["export", "model", "--out", "no/new.gguf"], 2, "no"),
        (["export", "model", "--out", "leads.csv"], 2, "leads.csv"),
        (["evaluate", "--model", "m.gguf", "--data", "lost.csv", "--mapping", "leads.toml"], 1, "140 leads are won"),
    ],
)
def test_a_wrong_turn_is_one_line_and_leaves_nothing(
    work: Path, wrong_files: None, arguments: list[str], code: int, words: str
) -> None:
    before = sorted(work.iterdir())
    done = hpro(*arguments, cwd=work)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, done.stderr
    assert words in lines[0]
    assert done.stdout == ""
    assert sorted(work.iterdir()) == before


@pytest.fixture(scope="module")
def wrong_files(work: Path) -> None:
    """Files that each have one thing wrong."""
    model = (work / "m.gguf").read_bytes()
    (work / "cut.gguf").write_bytes(model[: len(model) // 2])
    (work / "flip.gguf").write_bytes(model[:-1000] + bytes([model[-1000] ^ 16]) + model[-999:])
    mapping = (work / "leads.toml").read_text("utf-8")
    (work / "other.toml").write_text(
        mapping.replace('"contacted", "test drive"]', '"contacted", "test drive", "x"]'), "utf-8"
    )
    (work / "fewer.toml").write_text(mapping.replace('visits = "number"', ""), "utf-8")
    table = (work / "leads.csv").read_text("utf-8").splitlines(keepends=True)
    rows = list(csv.DictReader(table))
    (work / "empty.csv").write_text(table[0], "utf-8")
    for name, changes in (
        ("nan.csv", {"visits": "NaN"}),
        ("stage.csv", {"status": "Moon"}),
        ("twice.csv", {"lead_id": "L00000"}),
        ("lost.csv", {"result": "0", "reached": "Contacted"}),
    ):
        with (work / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, **changes} for row in rows)


def test_a_second_export_replaces_the_first_and_gives_the_same_bytes(work: Path) -> None:
    shutil.copy(work / "m.gguf", work / "again.gguf")
    assert hpro("export", "model", "--out", "again.gguf", cwd=work).returncode == 0
    assert (work / "again.gguf").read_bytes() == (work / "m.gguf").read_bytes()
    (work / "again.gguf").unlink()
