"""A company in memory, a state in a file, and a real scorer whose engine is arithmetic: passes without a model file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from hpro_connectors.engine import PassReport, PassSettings, run_pass
from hpro_connectors.state import StateStore
from hpro_connectors.testing.clock import ManualClock
from hpro_connectors.testing.company import MemoryCompany
from hpro_connectors.testing.memory import MemoryConnector
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.ranking import Bands
from hpro_sdk.rendering import FieldTemplate, RenderedPrompt, Template
from hpro_sdk.scoring.calibration import Calibration
from hpro_sdk.scoring.engine import Logits
from hpro_sdk.scoring.manifest import BaseModelOrigin, ScorerManifest, ScoreTokens
from hpro_sdk.scoring.scorer import Scorer

MANIFEST: Final = ScorerManifest(
    template=Template(fields=(FieldTemplate(field="visits", label="visits", kind=FieldKind.NUMBER),), max_tokens=4096),
    funnel=Funnel(stages=("new", "talking", "offer"), values={"New": "new", "Talking": "talking", "Offer": "offer"}),
    calibration=Calibration(convert_weight=0.1, rank_weight=0.5, bias=0.0),
    bands=Bands(edges=(1.0, 0.5, 0.0)),
    score_tokens=ScoreTokens(convert=1, rank=2),
    base=BaseModelOrigin(name="nano", licence="none"),
    training_report_digest="0" * 64,
)
"""Fits :data:`~hpro_connectors.testing.company.DESCRIPTION`; a token is a byte."""


class ArithmeticEngine:
    """Scores a prompt by its visits, less a little for its length; one that says ``poison`` gets no number.

    Attributes:
        evaluated: Every prompt, in order.
    """

    def __init__(self) -> None:
        self.evaluated: list[str] = []

    @property
    def tokenizer(self) -> ArithmeticEngine:
        """The engine itself."""
        return self

    def encode(self, text: str) -> Sequence[int]:
        """Give a token a byte."""
        return list(text.encode())

    def token_text(self, token_id: int) -> str:
        """Give the spelling of a token."""
        return chr(token_id)

    def logits(self, prompts: Sequence[RenderedPrompt]) -> Logits:
        """Give two numbers for each prompt. Shape ``(n, 2)``."""
        self.evaluated += [prompt.text for prompt in prompts]
        return np.array([_pair(prompt.text) for prompt in prompts], dtype=np.float64).reshape(len(prompts), 2)


class World:
    """One company, its state, and passes over it.

    Args:
        path: Of the state file.
        page_size: Records a page.

    Attributes:
        settings: Of passes: three rows a batch, every score that moved written, bands without margin, no safety rails.
    """

    def __init__(self, path: Path, *, page_size: int = 5) -> None:
        self.clock = ManualClock()
        self.company = MemoryCompany(self.clock)
        self.company.has_fields = True
        self.connector = MemoryConnector(self.company, page_size=page_size)
        self.store = StateStore.open(path)
        self.engine = ArithmeticEngine()
        self.scorer = Scorer(self.engine, MANIFEST, "hpro-test")
        self.settings = PassSettings(
            write_batch=3, score_epsilon=0.0, band_margin=0.0, rails=False, now=lambda: self.clock.now
        )

    def run(self, *, dry_run: bool = False) -> PassReport:
        """Wait for longer than the lag, then run a pass by the world's settings."""
        self.clock.advance(seconds=300)
        settings = dataclasses.replace(self.settings, dry_run=dry_run)
        return run_pass(self.connector, self.store, self.scorer, settings)

    def fill(self, count: int) -> list[str]:
        """Create leads with as many visits as their number, each with a person and an interaction; give their ids."""
        ids = [f"L{number:03}" for number in range(count)]
        for number, lead_id in enumerate(ids):
            self.company.create_lead(lead_id, person_id=f"P{number:03}", fields={"visits": number})
            self.company.log_interaction(f"I{number:03}", lead_id, text=f"words about {lead_id}")
        return ids


def _pair(text: str) -> tuple[float, float]:
    if "poison" in text:
        return float("nan"), 0.0
    visits = re.search(r"visits: (-?[0-9.]+)", text)
    return (float(visits[1]) if visits else 0.0), -0.001 * len(text)
