"""A damaged model file is a typed error, or scores as before; it never ends the interpreter."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from hpro_sdk.scoring.gguf_file import read_gguf

COUNT = 2000

# Changes a good file again and again in a process of its own, so that an abort of llama.cpp is seen.
WORKER = """
import json, sys
from pathlib import Path
import numpy as np
from hpro_quantize.synthetic_leads import synthetic_leads
from hpro_sdk.errors import HproError
from hpro_sdk.rendering.prompt import PromptRenderer
from hpro_sdk.scoring.gguf_file import check_gguf, seal
from hpro_sdk.scoring.llama_engine import LlamaEngine

good, work, sealed = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "sealed"
content = good.read_bytes()

def score(path):
    checked = check_gguf(path)
    engine = LlamaEngine.open(path, checked, threads=1)
    renderer = PromptRenderer(checked.manifest.template, engine.tokenizer)
    logits = engine.logits([renderer.render(lead) for lead in synthetic_leads(checked.manifest, 5)])
    return checked.manifest.calibration.rank_score(logits[:, 0], logits[:, 1])

expected = score(good)
outcomes = []
for line in sys.stdin:
    offset, value = json.loads(line)
    changed = bytearray(content)
    if changed[offset] == value:
        value ^= 1
    changed[offset] = value
    work.write_bytes(changed)
    print("at", offset, value, file=sys.stderr, flush=True)
    try:
        if sealed:
            seal(work)
        same = np.abs(score(work) - expected).max() < 5e-3
        outcomes.append("same" if same else "other")
    except HproError as error:
        outcomes.append(type(error).__name__)
print(json.dumps(outcomes))
"""


def outcomes_of(good: Path, work: Path, mode: str, changes: list[tuple[int, int]]) -> list[str]:
    lines = "".join(json.dumps(change) + "\n" for change in changes)
    command = [sys.executable, "-c", WORKER, str(good), str(work / "changed.gguf"), mode]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-600:]}"
    outcomes = json.loads(done.stdout)
    assert isinstance(outcomes, list)
    assert len(outcomes) == len(changes)
    return outcomes


@pytest.mark.soak
def test_a_changed_byte_is_a_typed_error_or_changes_no_score(exported: Path, tmp_path: Path, soak_share: float) -> None:
    draw = random.Random(21)
    size = exported.stat().st_size
    changes = [(draw.randrange(size), draw.randrange(256)) for _ in range(int(COUNT * soak_share))]
    outcomes = outcomes_of(exported, tmp_path, "as is", changes)
    assert set(outcomes) <= {"same", "ModelLoadError"}
    assert outcomes.count("ModelLoadError") == len(changes)  # in fact the digest sees every one


@pytest.mark.soak
def test_a_changed_header_under_a_fitting_digest_never_crashes(
    exported: Path, tmp_path: Path, soak_share: float
) -> None:
    """Whoever makes a digest fit may change scores, but not end the process."""
    draw = random.Random(22)
    end = read_gguf(exported).data_start
    # Half of the changes hit the numbers, which are few, and the descriptions of tensors at the end.
    offsets = sorted(read_gguf(exported).metadata.offsets.values())
    changes = [
        (draw.choice((draw.randrange(end), draw.choice(offsets) + draw.randrange(4))), draw.choice((0, 1, 255, 128)))
        for _ in range(int(COUNT * soak_share))
    ]
    outcomes = outcomes_of(exported, tmp_path, "sealed", changes)
    assert set(outcomes) <= {"same", "other", "ModelLoadError", "NonFiniteScoreError", "PromptTooLongError"}
    assert outcomes.count("ModelLoadError") > 0


def test_a_file_cut_at_fifty_places_is_an_error(exported: Path, tmp_path: Path) -> None:
    from hpro_sdk.errors import ModelLoadError
    from hpro_sdk.scoring.llama_engine import LlamaEngine

    content = exported.read_bytes()
    draw = random.Random(23)
    for _ in range(50):
        (tmp_path / "cut.gguf").write_bytes(content[: draw.randrange(4, len(content))])
        with pytest.raises(ModelLoadError, match="damaged"):
            LlamaEngine.open(tmp_path / "cut.gguf")
