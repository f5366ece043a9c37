"""An evaluation report as rows of text, for a table that people read."""

from __future__ import annotations

from typing import NamedTuple

from hpro_sdk.metrics.bootstrap import Estimate
from hpro_sdk.metrics.report import TOP_SHARES, EvaluationReport
from hpro_sdk.ranking import top_count


class ReportRow(NamedTuple):
    """One line of the table.

    Attributes:
        name: What was measured.
        value: Its point.
        interval: Its 95 % interval; empty for counts.
    """

    name: str
    value: str
    interval: str


def report_rows(report: EvaluationReport) -> list[ReportRow]:
    """Put a report in rows, the primary metric first.

    Args:
        report: The report.

    Returns:
        One row per metric (precision in per cent with the number of leads it looks at, the rest with four
        decimals), then the counts.
    """
    rows = [
        _number("AUC", report.auc),
        _number("Average precision", report.average_precision),
        *(
            _percent(f"Precision in the top {key.replace('%', ' %')} ({_leads(share, report.n_leads)})", estimate)
            for (key, share), estimate in zip(TOP_SHARES.items(), report.precision_at.values(), strict=True)
        ),
        _number("NDCG in the top 10 %", report.ndcg_at_10pct),
        _number("Calibration error (ECE)", report.ece),
        ReportRow("Leads", f"{report.n_leads:,}", ""),
        ReportRow("Won", f"{report.n_positives:,} ({100 * report.n_positives / report.n_leads:.1f} %)", ""),
    ]
    if report.n_groups is not None:
        rows.append(ReportRow("Groups", f"{report.n_groups:,}", ""))
    return rows


def _leads(share: float, n: int) -> str:
    count = top_count(share, n)
    return f"{count:,} lead" if count == 1 else f"{count:,} leads"


def _number(name: str, estimate: Estimate) -> ReportRow:
    point, low, high = estimate
    return ReportRow(name, f"{point:.4f}", f"{low:.4f} to {high:.4f}")


def _percent(name: str, estimate: Estimate) -> ReportRow:
    point, low, high = (f"{100 * part:.1f} %" for part in estimate)
    return ReportRow(name, point, f"{low} to {high}")
