"""HPRO: score and rank leads with a model that runs beside your own CRM.

The main path, from a record to its place in the list::

    from hpro_sdk import Lead, Scorer

    scorer = Scorer.load("model.gguf")
    for scored in scorer.rank([Lead(lead_id="1", stage="meeting"), Lead(lead_id="2")]):
        print(scored.rank, scored.lead_id, scored.score, scored.band)

A :class:`Lead` is what the CRM knows, :func:`take_snapshot` is what was known at one moment, a :class:`Scorer`
turns leads into :class:`ScoredLead` and :func:`rank_leads` puts those in order. Everything that goes wrong is an
:class:`HproError`. Importing this package loads nothing heavy: a name is imported when it is first used.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

from hpro_sdk.errors import (
    ConfigError,
    DataError,
    HproError,
    LeadValidationError,
    MissingExtraError,
    ModelError,
    ModelFitError,
    ModelLoadError,
    NonFiniteScoreError,
    NoPairsError,
    OutputError,
    PromptTooLongError,
    TrainingError,
    UnknownStageError,
)

if TYPE_CHECKING:
    from hpro_sdk.funnel import Funnel, PairSide, PreferenceRule
    from hpro_sdk.lead import (
        Band,
        FieldChange,
        Interaction,
        InteractionKind,
        Lead,
        LeadSnapshot,
        Outcome,
        OutcomeResult,
        ScoredLead,
        Speaker,
        StageChange,
        TrainingExample,
    )
    from hpro_sdk.ranking import rank_leads
    from hpro_sdk.scoring.scorer import Scorer
    from hpro_sdk.snapshots import build_snapshots, take_snapshot

    __version__: str

__all__ = [
    "Band",
    "ConfigError",
    "DataError",
    "FieldChange",
    "Funnel",
    "HproError",
    "Interaction",
    "InteractionKind",
    "Lead",
    "LeadSnapshot",
    "LeadValidationError",
    "MissingExtraError",
    "ModelError",
    "ModelFitError",
    "ModelLoadError",
    "NoPairsError",
    "NonFiniteScoreError",
    "Outcome",
    "OutcomeResult",
    "OutputError",
    "PairSide",
    "PreferenceRule",
    "PromptTooLongError",
    "ScoredLead",
    "Scorer",
    "Speaker",
    "StageChange",
    "TrainingError",
    "TrainingExample",
    "UnknownStageError",
    "__version__",
    "build_snapshots",
    "rank_leads",
    "take_snapshot",
]

_LAZY = {
    "Band": "hpro_sdk.lead",
    "FieldChange": "hpro_sdk.lead",
    "Funnel": "hpro_sdk.funnel",
    "Interaction": "hpro_sdk.lead",
    "InteractionKind": "hpro_sdk.lead",
    "Lead": "hpro_sdk.lead",
    "LeadSnapshot": "hpro_sdk.lead",
    "Outcome": "hpro_sdk.lead",
    "OutcomeResult": "hpro_sdk.lead",
    "PairSide": "hpro_sdk.funnel",
    "PreferenceRule": "hpro_sdk.funnel",
    "ScoredLead": "hpro_sdk.lead",
    "Scorer": "hpro_sdk.scoring.scorer",
    "Speaker": "hpro_sdk.lead",
    "StageChange": "hpro_sdk.lead",
    "TrainingExample": "hpro_sdk.lead",
    "build_snapshots": "hpro_sdk.snapshots",
    "rank_leads": "hpro_sdk.ranking",
    "take_snapshot": "hpro_sdk.snapshots",
}
"""Public names that are imported when first used, and the module each comes from."""

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("hpro-sdk")
    elif name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # from now on it is found without this function
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
