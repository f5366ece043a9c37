"""How models, and what they learn from, are shown to people."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import JsonValue, TypeAdapter, ValidationError

from hpro_connectors.cli.columns import print_columns
from hpro_connectors.cli.problems import count_words
from hpro_sdk.cli.output import print_table, progress, terminal_safe

if TYPE_CHECKING:
    from hpro_connectors.learning.compare import Comparison
    from hpro_connectors.learning.report import DataReport, LearningReport
    from hpro_connectors.state.models import Models

_REPORT: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])

_TITLES = {
    "new": "new model",
    "in use": "model in use",
    "trees": "boosted trees",
    "newest first": "newest first",
}


@contextlib.contextmanager
def reading_bar() -> Iterator[Callable[[int], None]]:
    """Show how many leads of the state were read."""
    with progress("Reading the history, in leads") as told:
        yield told


def print_data(data: DataReport) -> None:
    """Print what there is to learn from, and what a person should look at.

    Args:
        data: Of an org.
    """
    counts, examples = data.history, data.examples
    rows: list[tuple[str, object]] = [
        ("leads looked at", f"{counts.looked_at:,} of {counts.live:,}"),
        ("won, lost, open by now", f"{counts.won:,}, {counts.lost:,}, {counts.open:,}"),
        ("left out: excluded from scoring", f"{counts.excluded:,}"),
        ("left out: nothing says when they ended", f"{counts.without_end:,}"),
        ("left out: other reasons", f"{counts.undated + counts.unknown_stage + counts.malformed:,}"),
        (f"leads won within {data.horizon_days} days", f"{examples.won_leads:,}"),
        ("leads not won within them", f"{examples.other_leads:,}"),
        *(
            (f"snapshots to {verb}", f"{side.snapshots:,}, {side.won:,} won, from {side.first:%Y-%m-%d}")
            for verb, side in ((_VERBS[name], side) for name, side in examples.sides.items())
        ),
        ("stages", ", ".join(data.stages)),
        ("fields shown", ", ".join(data.fields) or "none"),
        ("not shown: their past is not known", ", ".join(data.past_unknown) or "none"),
    ]
    print_table(["what", "how much"], rows, title="What there is to learn from")
    _say_warnings(data)


_VERBS = {"train": "train on", "valid": "choose by", "test": "compare on"}


def print_learnt(report: LearningReport) -> None:
    """Print how a new model ranks and whether it is in use.

    Args:
        report: Of the model.
    """
    _say_warnings(report.data)
    print_comparison(report.comparison)
    put = "In use from the next pass on" if report.decision.use else "Kept, and not put to use"
    click.echo(terminal_safe(f"{put}: {report.model_id}: {report.decision.reason}."))
    if report.comparison.in_use_problem is not None:
        problem = f"The model in use could not be compared: {report.comparison.in_use_problem}"
        click.echo(terminal_safe(problem), err=True)
    if not report.decision.use:
        click.echo(f"To use it anyway: hpro model use {report.model_id}", err=True)


def print_comparison(comparison: Comparison) -> None:
    """Print rankings of the newest fifth.

    Args:
        comparison: The rankings.
    """
    rows: list[tuple[object, ...]] = []
    for ranking in comparison.rankings:
        difference = comparison.difference(ranking.name)
        auc, top = ranking.auc, ranking.precision_at_5pct
        rows.append(
            (
                _TITLES.get(ranking.name, ranking.name),
                f"{auc[0]:.4f}",
                f"{auc[1]:.3f} to {auc[2]:.3f}",
                f"{100 * top[0]:.1f} %",
                None if difference is None else f"{difference.auc[0]:+.4f}",
                None if difference is None else f"{difference.auc[1]:+.3f} to {difference.auc[2]:+.3f}",
            )
        )
    rows.append(("chance", "0.5", None, f"{100 * comparison.won_share:.1f} %", None, None))
    columns = ["ranking", "AUC", "95 % interval", "top 5 %", "better by", "interval of that"]
    title = f"The newest fifth: {comparison.snapshots:,} snapshots, {comparison.won:,} won"
    print_columns(columns, rows, title=title, numbers=columns[1:])


def model_rows(models: Models, folder: Path) -> list[dict[str, object]]:
    """Give what is listed of each model.

    Args:
        models: Of an org.
        folder: Of their files.
    """
    current = models.in_use()
    rows: list[dict[str, object]] = []
    for one in models.list():
        last = models.last_use(one.model_id)
        rows.append(
            {
                "model_id": one.model_id,
                "made_at": one.installed_at,
                "in_use": current is not None and current.model_id == one.model_id,
                "used_at": None if last is None else last.used_at,
                "reason": None if last is None else last.reason,
                "auc": _auc(one.report),
                "file": one.file,
                "file_exists": (folder / one.file).is_file(),
            }
        )
    return rows


def print_models(rows: list[dict[str, object]]) -> None:
    """Print a list of models.

    Args:
        rows: Of :func:`model_rows`.
    """
    cells = [
        (
            row["model_id"],
            f"{row['made_at']:%Y-%m-%d %H:%M}",
            "in use" if row["in_use"] else "used before" if row["used_at"] is not None else None,
            None if row["auc"] is None else f"{row['auc']:.4f}",
            None if row["file_exists"] else "its file is gone",
        )
        for row in rows
    ]
    print_columns(["model", "made at", "use", "AUC", "note"], cells, title="Models", numbers=["AUC"])


def _auc(report: str) -> float | None:
    """AUC on the newest fifth of when it was made, where its report tells."""
    try:
        comparison = _REPORT.validate_json(report).get("comparison")
    except ValidationError:
        return None
    match comparison:
        case {"rankings": [{"name": "new", "auc": [float(auc), *_]}, *_]}:
            return auc
        case _:
            return None


def _say_warnings(data: DataReport) -> None:
    if data.past_unknown:
        fields = count_words(len(data.past_unknown), "field")
        click.echo(
            f"Note: {fields} without a history not shown to the model: their values may be younger than the outcome. "
            "Name those that are set at creation and stay in "
            "known_at_creation of [crm.NAME.training], and have the CRM track the others.",
            err=True,
        )
    for warning in (*data.warnings, *data.leaks):
        click.echo(terminal_safe(f"Warning: {warning}"), err=True)
