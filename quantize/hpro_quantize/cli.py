"""``hpro export``: a trained checkpoint becomes one model file."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC, datetime
from pathlib import Path

import click

from hpro_sdk.cli.output import print_json
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import LeadSnapshot

_TYPES = ("F16", "Q8_0", "Q4_0", "Q4_K_M")  # hpro_quantize.quantizer.QuantType; importing that loads llama.cpp
_COMPARED = 200


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--out", type=click.Path(path_type=Path), metavar="GGUF", required=True, help="The file to write.")
@click.option(
    "--quant",
    type=click.Choice(_TYPES, case_sensitive=False),
    default="Q8_0",
    show_default=True,
    help="Bits a weight: F16 has 16, Q8_0 8.5, Q4_K_M about 4.8, Q4_0 4.5 (the fastest on most processors).",
)
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="FILE", help="Compare the scores on 200 leads of this file."
)
@click.option("--mapping", type=click.Path(path_type=Path), metavar="TOML", help="Which column of --data is what.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--force", is_flag=True, help="Replace the file at --out even when it is not a model file of HPRO.")
def export(
    *, checkpoint: Path, out: Path, quant: str, data: Path | None, mapping: Path | None, as_json: bool, force: bool
) -> None:
    """Make one model file (GGUF) from the checkpoint folder DIR that `hpro train` wrote.

    The file holds all that scoring needs: weights, vocabulary, template, funnel, calibration and bands. Before it
    takes its place its scores are compared with the checkpoint's, on 200 made-up leads or on those of --data: an
    F16 file's logits may differ by 0.002, and the order of the leads by Kendall's tau of at least 0.98 for Q8_0
    and 0.90 for the others. A model file of HPRO that stands at --out is replaced in one step; after any failure
    it is untouched.

    Guard the file like the CRM data it was trained on: its vocabulary and categories were learnt from them.
    """
    leads = _read_snapshots(data, mapping)
    from hpro_quantize.pipeline import export as run_export

    report = run_export(checkpoint, out, quant.upper(), leads, force=force)
    if as_json:
        print_json(dataclasses.asdict(report))
        return
    click.echo(f"Wrote {report.path}: {report.quant}, {report.bytes:,} bytes, model {report.model_id}.")
    click.echo(f"Digest {report.digest}")
    click.echo(
        f"Against the checkpoint on {report.parity.leads} leads: Kendall's tau {report.parity.tau:.4f}, "
        f"logits within {report.parity.max_logit_difference:.2g}."
    )


def _read_snapshots(data: Path | None, mapping: Path | None) -> list[LeadSnapshot] | None:
    """Read the leads to compare on; a row without a time of its own counts as of now."""
    if data is None:
        if mapping is not None:
            raise ConfigError("--mapping says which column of --data is what, and there is no --data.")
        return None
    from hpro_sdk.data import load_mapping, read_leads
    from hpro_sdk.snapshots import take_snapshot

    rows = read_leads(data, None if mapping is None else load_mapping(mapping))
    now = datetime.now(UTC)
    return [take_snapshot(row.lead, row.as_of or now) for row in itertools.islice(rows, _COMPARED)]
