"""The scorer: leads in, scored leads out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from hpro_sdk.errors import ModelFitError, NonFiniteScoreError, UnknownStageError
from hpro_sdk.lead import Lead, LeadSnapshot, ScoredLead
from hpro_sdk.ranking import rank_leads
from hpro_sdk.rendering.prompt import PromptRenderer, RenderedPrompt
from hpro_sdk.scoring.engine import Engine
from hpro_sdk.scoring.gguf_file import check_gguf
from hpro_sdk.scoring.manifest import ScorerManifest
from hpro_sdk.snapshots import take_snapshot

CHUNK = 512
MAX_REMEMBERED_PROMPTS = 1_000_000

LogitPair = tuple[float, float]


class Scorer:
    """Scores and ranks leads with one model.

    Example::

        scorer = Scorer.load("m.gguf")
        for lead in scorer.rank(leads):
            print(lead.rank, lead.lead_id, lead.score, lead.band)

    Args:
        engine: Evaluates prompts.
        manifest: What came with the model.
        model_id: What scored leads say of the model.

    Attributes:
        manifest: Template, funnel, calibration, bands.
        model_id: Short name of the model, made from its digest.
        model_calls: Prompts evaluated so far.
    """

    def __init__(self, engine: Engine, manifest: ScorerManifest, model_id: str) -> None:
        self.manifest = manifest
        self.model_id = model_id
        self.model_calls = 0
        self._engine = engine
        self._renderer = PromptRenderer(manifest.template, engine.tokenizer)

    @classmethod
    def load(cls, path: str | Path, *, batch_tokens: int | None = None, threads: int | None = None) -> Scorer:
        """Load a GGUF file that ``hpro export`` made. The GPU is used when llama.cpp was built for one.

        Args:
            path: The file; its digest and all its hyper-parameters are checked before llama.cpp opens it.
            batch_tokens: Tokens a decode; default 512, or the longest prompt where that is longer.
            threads: Processors to use; default: all that the process may use.

        Raises:
            ConfigError: The file does not exist or cannot be read.
            ModelLoadError: It is damaged, foreign, newer than this program, or llama.cpp refuses it.
        """
        from hpro_sdk.scoring.llama_engine import DEFAULT_BATCH_TOKENS, LlamaEngine

        checked = check_gguf(Path(path))
        engine = LlamaEngine.open(
            Path(path), checked, batch_tokens=batch_tokens or DEFAULT_BATCH_TOKENS, threads=threads
        )
        return cls(engine, checked.manifest, f"hpro-{checked.digest[:16]}")

    def render(self, snapshot: LeadSnapshot) -> RenderedPrompt:
        """Give the prompt that a snapshot is scored by: all that the model sees of the lead.

        Raises:
            ModelFitError: The lead is of another object type than the model.
            UnknownStageError: Its stage is not part of the model's funnel.
        """
        return self._renderer.render(self._fitting(snapshot))

    def token_texts(self, token_ids: Iterable[int]) -> list[str]:
        """Give the vocabulary's own spelling of tokens, with ``Ġ`` for a space and ``Ċ`` for a line end."""
        return [self._engine.tokenizer.token_text(token) for token in token_ids]

    def score(self, leads: Iterable[Lead], *, as_of: datetime | None = None) -> Iterator[ScoredLead]:
        """Score leads, streaming, in input order.

        Args:
            leads: Any number; only a few hundred are held at a time.
            as_of: The moment the leads are looked at, with a time zone; default: now.

        Yields:
            One scored lead a lead, not ranked.

        Raises:
            ModelFitError: A lead is of another object type than the model.
            UnknownStageError: A lead's stage is not part of the model's funnel.
            NonFiniteScoreError: The model gave something that is not a number.
        """
        moment = as_of or datetime.now(UTC)
        return self.score_snapshots(take_snapshot(lead, moment) for lead in leads)

    def rank(self, leads: Iterable[Lead], *, as_of: datetime | None = None) -> list[ScoredLead]:
        """Score leads and put them in order, best first, with ranks overall and within each stage.

        Args:
            leads: All that are to be ranked together.
            as_of: The moment the leads are looked at, with a time zone; default: now.

        Raises:
            HproError: As for :meth:`score`.
        """
        return rank_leads(self.score(leads, as_of=as_of))

    def score_snapshots(self, snapshots: Iterable[LeadSnapshot]) -> Iterator[ScoredLead]:
        """Score snapshots, streaming, in input order; as :meth:`score`, with a moment of its own for each.

        A prompt is evaluated once however many leads share it, and equal prompts get the same score; up to a
        million different prompts are remembered within one call.
        """
        return self.score_rendered((snapshot, self.render(snapshot)) for snapshot in snapshots)

    def score_rendered(self, rendered: Iterable[tuple[LeadSnapshot, RenderedPrompt]]) -> Iterator[ScoredLead]:
        """Score snapshots whose prompts were rendered by :meth:`render` already; as :meth:`score_snapshots`.

        Args:
            rendered: Snapshots and their prompts.
        """
        remembered: dict[bytes, LogitPair] = {}
        pairs = iter(rendered)
        while chunk := list(itertools.islice(pairs, CHUNK)):
            snapshots = [self._fitting(snapshot) for snapshot, _ in chunk]
            prompts = [prompt for _, prompt in chunk]
            yield from self._scored(snapshots, prompts, self._evaluate_once(prompts, remembered))

    def _fitting(self, snapshot: LeadSnapshot) -> LeadSnapshot:
        """Refuse what the model was not made for, and give the stage its name in the model's funnel."""
        if snapshot.object_type != self.manifest.object_type:
            raise ModelFitError(
                f"Lead {snapshot.lead_id} is a {snapshot.object_type!r}; the model scores "
                f"{self.manifest.object_type!r} records.",
                hint="Use a model that was trained on this object.",
            )
        if snapshot.stage is None:
            return snapshot
        try:
            stage = self.manifest.funnel.resolve(snapshot.stage)
        except UnknownStageError as exc:
            raise UnknownStageError(f"Lead {snapshot.lead_id}: {exc.message}", hint=exc.hint) from exc
        return snapshot if stage == snapshot.stage else snapshot.model_copy(update={"stage": stage})

    def _evaluate_once(self, prompts: Sequence[RenderedPrompt], remembered: dict[bytes, LogitPair]) -> list[LogitPair]:
        keys = [bytes.fromhex(prompt.input_hash)[:16] for prompt in prompts]
        new = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in remembered}
        fresh: dict[bytes, LogitPair] = {}
        if new:
            values = self._engine.logits(list(new.values()))
            self.model_calls += len(new)
            fresh = {key: (float(row[0]), float(row[1])) for key, row in zip(new, values, strict=True)}
            if len(remembered) + len(fresh) <= MAX_REMEMBERED_PROMPTS:
                remembered.update(fresh)
        return [fresh[key] if key in fresh else remembered[key] for key in keys]

    def _scored(
        self, snapshots: Sequence[LeadSnapshot], prompts: Sequence[RenderedPrompt], logits: Sequence[LogitPair]
    ) -> Iterator[ScoredLead]:
        scored_at = datetime.now(UTC)
        for snapshot, pair in zip(snapshots, logits, strict=True):
            if not np.isfinite(pair).all():
                raise NonFiniteScoreError(
                    f"The model gave lead {snapshot.lead_id} a score that is not a number.",
                    hint="The model is damaged: train or export it again.",
                    lead_id=snapshot.lead_id,
                )
        calibration = self.manifest.calibration
        rank_scores = calibration.rank_score([pair[0] for pair in logits], [pair[1] for pair in logits])
        probabilities = calibration.probability(rank_scores)
        for snapshot, prompt, rank_score, probability in zip(
            snapshots, prompts, rank_scores, probabilities, strict=True
        ):
            yield ScoredLead(
                org_id=snapshot.org_id,
                object_type=snapshot.object_type,
                lead_id=snapshot.lead_id,
                rank_score=float(rank_score),
                probability=float(probability),
                score=100.0 * float(probability),
                band=self.manifest.bands.band_of(float(rank_score)),
                stage=snapshot.stage,
                model_id=self.model_id,
                scored_at=scored_at,
                next_due_at=prompt.next_due_at,
                input_hash=prompt.input_hash,
                interactions_dropped=prompt.interactions_dropped,
                interactions_cut=prompt.interactions_cut,
            )
