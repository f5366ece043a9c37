"""Batches in which every rule finds pairs, and which keep the share of won leads as it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpro_sdk.training.pairs import PairTable

Indices = NDArray[np.int64]


class StratifiedBatchSampler:
    """Draws batches that hold each kind of example in its natural share.

    Examples that stand on the same sides of the same rules are one stratum; every epoch spreads each stratum
    evenly over the batches, so that the base rate that the pointwise loss sees is the true one. Where a rule would
    still find no pair in a batch, one example of the missing side is added. Recommended for
    :func:`hpro_sdk.training.losses.hierarchical_preference_loss`.

    Args:
        table: The rules applied to the training examples.
        batch_size: Examples a batch, before additions.
        seed: The same seed draws the same batches; an epoch is drawn by seed and its own number, so that a
            resumed run continues with the very batches it would have had.
    """

    def __init__(self, table: PairTable, batch_size: int, seed: int) -> None:
        self._table = table
        self._seed = seed
        self._size = len(table.stratum)
        self._batches = max(1, round(self._size / batch_size))
        sides = [side for entry in table.members for side in (entry.chosen, entry.rejected)]
        _, self._strata = np.unique(np.stack([*sides, table.stratum]), axis=1, return_inverse=True)

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one pass over the examples."""
        return self._batches

    def epoch(self, number: int) -> list[Indices]:
        """Give the batches of one epoch, as indices into the training examples."""
        random = np.random.default_rng((self._seed, number))
        # Sorting a shuffled list by stratum and dealing it out like cards spreads every stratum evenly.
        shuffled = random.permutation(self._size)
        dealt = shuffled[np.argsort(self._strata.reshape(-1)[shuffled], kind="stable")]
        batches = [dealt[start :: self._batches] for start in random.permutation(self._batches)]
        return [np.concatenate([batch, *self._missing_sides(batch, random)]) for batch in batches]

    def _missing_sides(self, batch: Indices, random: np.random.Generator) -> Iterator[Indices]:
        for entry in self._table.members:
            for side in (entry.chosen, entry.rejected):
                if not side[batch].any() and side.any():
                    yield random.choice(np.flatnonzero(side), size=1)
