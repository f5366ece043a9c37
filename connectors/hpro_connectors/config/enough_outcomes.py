"""How many outcomes a model needs: shared by training, which refuses, and by what says so beforehand."""

from __future__ import annotations

from typing import Final

FEWEST_OF_EITHER: Final = 40
"""Fewer won leads, or fewer others, teach nothing."""

FEW_WON: Final = 120
"""Below so many won leads, a model is learnt and a person is warned."""
