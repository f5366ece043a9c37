"""A moving average of the weights: what is validated and kept, smoother than any single step."""

from __future__ import annotations

import copy

import torch
from transformers import PreTrainedModel


class AveragedWeights:
    """A copy of a model whose weights follow the trained ones slowly.

    Args:
        model: The model being trained.
        decay: Share of the old average kept at a step; less in the first steps, so that the random start is
            soon forgotten.
    """

    def __init__(self, model: PreTrainedModel, decay: float) -> None:
        self.model: PreTrainedModel = copy.deepcopy(model).eval()
        self.model.requires_grad_(False)  # noqa: FBT003 - torch's own signature
        self._decay = decay

    @torch.no_grad()
    def update(self, model: PreTrainedModel, step: int) -> None:
        """Take one step towards the weights of ``model``.

        Args:
            model: The model being trained.
            step: Number of optimiser steps done, from 1.
        """
        decay = min(self._decay, step / (9 + step))
        for average, current in zip(self.model.parameters(), model.parameters(), strict=True):
            average.lerp_(current, 1 - decay)
