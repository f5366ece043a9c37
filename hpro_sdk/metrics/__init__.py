"""Metrics of a ranking, with bootstrap intervals."""

from __future__ import annotations

from hpro_sdk.metrics.bootstrap import Estimate, bootstrap_estimates, resample_weights
from hpro_sdk.metrics.calibration_error import expected_calibration_error
from hpro_sdk.metrics.paired import RankingMetric, paired_bootstrap_difference
from hpro_sdk.metrics.ranking_metrics import auc, average_precision, ndcg_at, precision_at
from hpro_sdk.metrics.report import EvaluationReport, evaluate_ranking
from hpro_sdk.metrics.table import ReportRow, report_rows

__all__ = [
    "Estimate",
    "EvaluationReport",
    "RankingMetric",
    "ReportRow",
    "auc",
    "average_precision",
    "bootstrap_estimates",
    "evaluate_ranking",
    "expected_calibration_error",
    "ndcg_at",
    "paired_bootstrap_difference",
    "precision_at",
    "report_rows",
    "resample_weights",
]
