"""From the two raw logits of a lead to the one number that orders everything, and to a probability."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from hpro_sdk.errors import NonFiniteScoreError, TrainingError
from hpro_sdk.lead import Frozen

RIDGE = 1e-6
"""Penalty on the squared weights of standardised logits, per lead; see :func:`fit_calibration`."""

_SMALLEST_WEIGHT = 1e-9
_MAX_STEPS = 200

FloatArray = NDArray[np.float64]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Calibration(Frozen):
    """A logistic regression on both logits whose weights are not negative.

    Attributes:
        convert_weight: Log-odds per unit of the convert logit.
        rank_weight: Log-odds per unit of the rank logit.
        bias: Log-odds where both logits are 0.
    """

    convert_weight: Weight
    rank_weight: Weight
    bias: Annotated[float, Field(allow_inf_nan=False)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.convert_weight and not self.rank_weight:
            raise ValueError("convert_weight and rank_weight are both 0, so all leads would score the same")
        return self

    def rank_score(self, convert_logits: ArrayLike, rank_logits: ArrayLike) -> FloatArray:
        """Give the number that orders leads: the linear predictor.

        Args:
            convert_logits: Pointwise logits. Shape ``(n,)``.
            rank_logits: Ranking logits. Same shape.

        Returns:
            Log-odds, float64, finite. Shape ``(n,)``.

        Raises:
            ValueError: The shapes differ.
            NonFiniteScoreError: A logit is NaN or infinite, or so large that the sum is; its ``context`` has the
                ``row``, counted from 0.
        """
        convert, rank = _logits(convert_logits, rank_logits)
        with np.errstate(over="ignore", invalid="ignore"):
            scores: FloatArray = self.convert_weight * convert + self.rank_weight * rank + self.bias
        _refuse_non_finite(scores, "rank score")
        return scores

    @staticmethod
    def probability(rank_score: ArrayLike) -> FloatArray:
        """Give the calibrated chance of winning: the sigmoid of the rank score.

        Args:
            rank_score: Log-odds, finite, any shape.

        Returns:
            0 to 1, non-decreasing in ``rank_score``; float64, same shape. Never overflows.
        """
        # Each step of 1 / (1 + exp(-x)) keeps the order when rounded; exp(x) / (1 + exp(x)) does not. It needs no
        # second branch in float64: it is exact to the last bits down to -700, where it is 1e-304.
        clipped = np.clip(np.asarray(rank_score, dtype=np.float64), -700.0, 700.0)
        return np.asarray(1.0 / (1.0 + np.exp(-clipped)))

    @classmethod
    def score(cls, rank_score: ArrayLike) -> FloatArray:
        """Give the score as people see it: 100 x probability.

        Args:
            rank_score: Log-odds, finite, any shape.

        Returns:
            0 to 100, non-decreasing in ``rank_score``; float64, same shape.
        """
        return np.asarray(100.0 * cls.probability(rank_score))


def fit_calibration(convert_logits: ArrayLike, rank_logits: ArrayLike, won: ArrayLike) -> Calibration:
    """Fit the calibration on the validation split by maximum likelihood under non-negative weights.

    What is minimised is the mean log loss plus ``RIDGE / 2`` times the squared weights of the *standardised*
    logits (mean 0, deviation 1); the bias is free. The ridge changes an ordinary fit by about one part in 100,000
    and keeps weights finite where the logits separate the classes; of two equal logits each gets half the weight.

    The problem is strictly convex. So when the free fit has a negative weight, the best fit has at least one
    weight of 0, and is the better of the two fits on one logit alone.

    Args:
        convert_logits: Pointwise logits. Shape ``(n,)``.
        rank_logits: Ranking logits. Same shape.
        won: Outcomes, truth values or 0 and 1. Same shape.

    Returns:
        The calibration, in units of the raw logits.

    Raises:
        ValueError: Shapes differ, or ``won`` holds something else than 0 and 1.
        NonFiniteScoreError: A logit is NaN or infinite; its ``context`` has the ``row``.
        TrainingError: There are no leads or only one class, or no logit rises with the chance of winning.
    """
    convert, rank = _logits(convert_logits, rank_logits)
    _refuse_non_finite(convert, "convert logit")
    _refuse_non_finite(rank, "rank logit")
    outcomes = np.asarray(won, dtype=np.float64)
    if outcomes.shape != convert.shape:
        raise ValueError(f"won has shape {outcomes.shape}, the logits have shape {convert.shape}")
    if not ((outcomes == 0) | (outcomes == 1)).all():
        raise ValueError("won holds values other than 0 and 1")
    n_won = int(outcomes.sum())
    if not 0 < n_won < outcomes.size:
        raise TrainingError(
            f"{n_won} of {outcomes.size} validation leads are won, so probabilities cannot be calibrated.",
            hint="Put more leads into the split 'valid', so that it holds won ones and others.",
        )
    logits = np.stack((convert, rank), axis=1)
    center, scale = logits.mean(axis=0), logits.std(axis=0)
    varies = scale > 1e-12 * np.abs(logits).max(axis=0)
    scale = np.where(varies, scale, 1.0)
    weights, bias = _fit_non_negative((logits - center) / scale, outcomes, varies)
    if weights.max() < _SMALLEST_WEIGHT:
        raise TrainingError(
            "Neither logit rises with the chance of winning on the validation split: the model has learnt nothing "
            "that carries over.",
            hint="Check that outcomes are mapped the right way round, then train longer or on more leads.",
        )
    weights = weights / scale
    return Calibration(
        convert_weight=float(weights[0]), rank_weight=float(weights[1]), bias=float(bias - weights @ center)
    )


def _logits(convert_logits: ArrayLike, rank_logits: ArrayLike) -> tuple[FloatArray, FloatArray]:
    convert = np.asarray(convert_logits, dtype=np.float64)
    rank = np.asarray(rank_logits, dtype=np.float64)
    if convert.ndim != 1 or convert.shape != rank.shape:
        raise ValueError(f"convert_logits has shape {convert.shape}, rank_logits {rank.shape}; both must be (n,)")
    return convert, rank


def _refuse_non_finite(values: FloatArray, name: str) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite))
        raise NonFiniteScoreError(
            f"The {name} in row {row} is {values[row]}.",
            hint="The model is damaged or does not fit this runtime; load it again, or train it anew.",
            row=row,
        )


def _fit_non_negative(logits: FloatArray, won: FloatArray, varies: NDArray[np.bool_]) -> tuple[FloatArray, float]:
    """Fit with weights ``>= 0``; logits of shape ``(n, 2)``, standardised, of which those that vary count."""
    candidates = [np.flatnonzero(varies)]
    if varies.all():
        candidates += [np.array([0]), np.array([1])]
    best_weights, best_bias, best_loss = np.zeros(2), 0.0, np.inf
    for columns in candidates:
        fitted, loss = _newton(logits[:, columns], won)
        if (fitted[:-1] < 0).any() or loss >= best_loss:
            continue
        best_weights, best_bias, best_loss = np.zeros(2), float(fitted[-1]), loss
        best_weights[columns] = fitted[:-1]
        if columns.size == logits.shape[1]:
            break  # the free fit is feasible, so it is the best
    return best_weights, best_bias


def _newton(logits: FloatArray, won: FloatArray) -> tuple[FloatArray, float]:
    """Minimise the ridged log loss over free weights and a bias, which comes last; give them and the loss."""
    design = np.column_stack((logits, np.ones(len(won))))
    ridge = np.full(design.shape[1], RIDGE)
    ridge[-1] = 0.0
    sign = 2.0 * won - 1.0

    def loss_of(parameters: FloatArray) -> float:
        margins = sign * (design @ parameters)
        return float(np.logaddexp(0.0, -margins).mean() + 0.5 * (ridge * parameters) @ parameters)

    parameters = np.zeros(design.shape[1])
    parameters[-1] = np.log(won.mean() / (1.0 - won.mean()))
    loss = loss_of(parameters)
    for _ in range(_MAX_STEPS):
        chances = Calibration.probability(design @ parameters)
        gradient = design.T @ (chances - won) / len(won) + ridge * parameters
        curvature = (design.T * (chances * (1.0 - chances))) @ design / len(won) + np.diag(ridge)
        curvature[-1, -1] += 1e-12  # keeps it invertible where every chance is rounded to 0 or 1
        step = np.linalg.solve(curvature, gradient)
        decrement = float(gradient @ step)
        length = 1.0
        while decrement > 1e-14 and loss_of(parameters - length * step) > loss - 1e-4 * length * decrement:
            length *= 0.5
        parameters = parameters - length * step
        loss = loss_of(parameters)
        if decrement <= 1e-14:
            return parameters, loss  # within rounding of the minimum
    raise TrainingError(
        f"The calibration did not converge in {_MAX_STEPS} steps.", hint="Check the logits for extreme values."
    )
