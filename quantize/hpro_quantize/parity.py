"""Does the model file score as the checkpoint does? Compared before anybody can use the file.

F16: both logits of every lead agree within 2e-3. Quantised: the two orders of the leads agree, by Kendall's tau-b
of the rank scores. Q8_0 must reach 0.98. Of the types with four bits a weight 0.90 is asked: they cannot hold 0.98
(tiny models of the tests: Q4_0 0.92 to 0.95, Q4_K_M 0.96 to 0.98), and at 0.90 one pair of leads in twenty has changed
places, which is as much as a list may bear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from hpro_quantize.errors import ParityError
from hpro_quantize.quantizer import QuantType
from hpro_sdk._extras import require_extra
from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.rendering.prompt import PromptRenderer, RenderedPrompt
from hpro_sdk.scoring.engine import Engine
from hpro_sdk.scoring.manifest import ScorerManifest

MAX_LOGIT_DIFFERENCE = 2e-3
MIN_TAU: Mapping[QuantType, float] = MappingProxyType(
    {QuantType.Q8_0: 0.98, QuantType.Q4_0: 0.90, QuantType.Q4_K_M: 0.90}
)
PARITY_LEADS = 200


@dataclass(frozen=True, slots=True)
class ParityReport:
    """How far a model file is from its checkpoint.

    Attributes:
        leads: Leads compared.
        max_logit_difference: Largest absolute difference of a score token's logit.
        tau: Kendall's tau-b of the rank scores, -1 to 1.
        limit: What was asked: the largest difference for F16, the smallest tau for others.
    """

    leads: int
    max_logit_difference: float
    tau: float
    limit: float


def check_parity(
    reference: Engine, exported: Engine, manifest: ScorerManifest, leads: Sequence[LeadSnapshot], quant: QuantType
) -> ParityReport:
    """Compare a model file with the checkpoint it was made of.

    Args:
        reference: The checkpoint.
        exported: The model file.
        manifest: Of both.
        leads: At least two, to have an order.
        quant: Which limit holds.

    Returns:
        The figures.

    Raises:
        ParityError: The tokenizers differ on a lead, or the scores differ by more than the limit.
        NonFiniteScoreError: A model gives something that is not a number.
    """
    if len(leads) < 2:
        raise ValueError(f"{len(leads)} leads have no order to compare")
    prompts = _prompts(reference, exported, manifest, leads)
    expected, found = reference.logits(prompts), exported.logits(prompts)
    scores = manifest.calibration.rank_score
    tau = kendall_tau(scores(expected[:, 0], expected[:, 1]), scores(found[:, 0], found[:, 1]))
    difference = float(np.abs(expected - found).max())
    if quant is QuantType.F16:
        if difference > MAX_LOGIT_DIFFERENCE:
            raise ParityError(
                f"The F16 file's logits differ from the checkpoint's by {difference:.2g}; {MAX_LOGIT_DIFFERENCE:g} is "
                "allowed.",
                measured=difference,
                limit=MAX_LOGIT_DIFFERENCE,
                hint="Nothing was written. This is a fault of the conversion: please report it.",
            )
        return ParityReport(len(leads), difference, tau, MAX_LOGIT_DIFFERENCE)
    if tau < MIN_TAU[quant]:
        raise ParityError(
            f"The {quant} file orders leads differently from the checkpoint: Kendall's tau is {tau:.4f}, "
            f"{MIN_TAU[quant]} is asked.",
            measured=tau,
            limit=MIN_TAU[quant],
            hint="Nothing was written. Export it with a type of more bits, such as Q8_0 or F16.",
        )
    return ParityReport(len(leads), difference, tau, MIN_TAU[quant])


def _prompts(
    reference: Engine, exported: Engine, manifest: ScorerManifest, leads: Sequence[LeadSnapshot]
) -> list[RenderedPrompt]:
    """Render with both tokenizers, which must agree."""
    ours = PromptRenderer(manifest.template, reference.tokenizer)
    theirs = PromptRenderer(manifest.template, exported.tokenizer)
    prompts = [ours.render(lead) for lead in leads]
    differing = sum(
        theirs.render(lead).token_ids != prompt.token_ids for lead, prompt in zip(leads, prompts, strict=True)
    )
    if differing:
        raise ParityError(
            f"llama.cpp cuts the prompts of {differing} of {len(leads)} leads into other tokens than the checkpoint's "
            "tokenizer does.",
            measured=differing,
            limit=0,
            hint="Nothing was written. The tokenizer cannot be converted: train on another base, and please report it.",
        )
    return prompts


def kendall_tau(first: ArrayLike, second: ArrayLike) -> float:
    """Give Kendall's tau-b of two lists of numbers.

    Args:
        first: Shape ``(n,)``.
        second: Same shape.

    Returns:
        -1 to 1. Where all numbers of a list are equal there is no order: 1 when that holds for both, else 0.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    constant = (bool((a == a[0]).all()), bool((b == b[0]).all()))
    if any(constant):
        return float(all(constant))
    stats = require_extra("train", "scipy.stats", "Comparing two models")
    return float(stats.kendalltau(a, b, variant="b").statistic)
