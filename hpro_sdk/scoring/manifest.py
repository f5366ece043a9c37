"""What travels with a scorer besides its weights: in ``hpro.json`` of a checkpoint, as ``hpro.*`` in a GGUF file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from hpro_sdk.errors import ModelLoadError
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import Frozen, Identifier
from hpro_sdk.ranking import Bands
from hpro_sdk.rendering.template import Template
from hpro_sdk.scoring.calibration import Calibration

FORMAT_VERSION: Final = 1
KEY_PREFIX = "hpro."
FORMAT_KEY = "hpro.format_version"
DIGEST_KEY = "hpro.digest"
CONVERT_TOKEN = "<|hpro_convert|>"  # noqa: S105 - a vocabulary entry
RANK_TOKEN = "<|hpro_rank|>"  # noqa: S105 - a vocabulary entry

TokenId = Annotated[int, Field(ge=0, lt=2**31)]


class ScoreTokens(Frozen):
    """Vocabulary ids whose next-token logits at the end of a prompt are the scores."""

    convert: TokenId
    rank: TokenId


class BaseModelOrigin(Frozen):
    """What a scorer was trained from.

    Attributes:
        name: ``nano`` for a random start, else the name of the pretrained checkpoint.
        licence: SPDX expression of that checkpoint's licence; ``none`` for a random start.
    """

    name: Identifier
    licence: Identifier


class ScorerManifest(Frozen):
    """Everything that turns logits into scores: a scorer file alone renders and scores as it was trained.

    Attributes:
        object_type: The scored object it was trained on; ranks and bands belong to one.
        template: Fields, labels, learnt edges and categories, budgets.
        funnel: Stages and preference rules.
        calibration: From the two logits to ``rank_score`` and ``probability``.
        bands: Lower bounds of the bands.
        score_tokens: Where the logits are read.
        base: What it was trained from.
        training_report_digest: SHA-256 of the training report, in hex.
    """

    object_type: Identifier = "lead"
    template: Template
    funnel: Funnel
    calibration: Calibration
    bands: Bands
    score_tokens: ScoreTokens
    base: BaseModelOrigin
    training_report_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    def to_metadata(self) -> dict[str, str]:
        """Give one JSON text per part, keyed ``hpro.<part>``; the same manifest gives the same bytes."""
        return {
            f"{KEY_PREFIX}{name}": json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            for name, value in self.model_dump(mode="json").items()
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], origin: str) -> ScorerManifest:
        """Read what :meth:`to_metadata` wrote.

        Args:
            metadata: All ``hpro.*`` texts; version and digest are not among them.
            origin: The file or folder, for messages.

        Raises:
            ModelLoadError: A part is missing, malformed or out of range.
        """
        parts: dict[str, object] = {}
        for name in cls.model_fields:
            key = f"{KEY_PREFIX}{name}"
            if key not in metadata:
                raise ModelLoadError(f"{origin} has no {key}.", hint="Export it again from its checkpoint.")
            try:
                parts[name] = json.loads(metadata[key])
            except (ValueError, RecursionError) as exc:
                raise ModelLoadError(
                    f"{origin}: {key} is not valid JSON.", hint="Export it again from its checkpoint."
                ) from exc
        return cls.from_parts(parts, origin)

    @classmethod
    def from_parts(cls, parts: Mapping[str, object], origin: str) -> ScorerManifest:
        """Validate a manifest's parts as JSON holds them.

        Raises:
            ModelLoadError: A part is missing, malformed or out of range.
        """
        try:
            return cls.model_validate(parts)
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise ModelLoadError(
                f"{origin}: {where or 'its manifest'} is wrong: {first['msg']}.",
                hint="Export it again from its checkpoint.",
            ) from exc


class CheckpointManifest(ScorerManifest):
    """The content of ``hpro.json``: the manifest and the version of its form."""

    format_version: Literal[1] = FORMAT_VERSION
