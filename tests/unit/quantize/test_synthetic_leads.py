"""Made-up leads show all that a template knows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpro_quantize.synthetic_leads import AS_OF, synthetic_leads
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.ranking import Bands
from hpro_sdk.rendering.field_lines import describe_value
from hpro_sdk.rendering.quantiles import QUANTILE_WORDS
from hpro_sdk.rendering.template import FieldTemplate, Template
from hpro_sdk.scoring.calibration import Calibration
from hpro_sdk.scoring.manifest import BaseModelOrigin, ScorerManifest, ScoreTokens

FIELDS = (
    FieldTemplate(field="n", label="n", kind=FieldKind.NUMBER, edges=tuple(float(edge) for edge in range(9))),
    FieldTemplate(field="c", label="c", kind=FieldKind.CATEGORY, categories=("red", "green")),
    FieldTemplate(field="f", label="f", kind=FieldKind.FLAG),
    FieldTemplate(field="t", label="t", kind=FieldKind.TEXT),
    FieldTemplate(field="d", label="d", kind=FieldKind.DATE),
)


def manifest_with(*fields: FieldTemplate) -> ScorerManifest:
    return ScorerManifest(
        object_type="contact",
        template=Template(fields=fields),
        funnel=Funnel(stages=("new", "offer")),
        calibration=Calibration(convert_weight=1, rank_weight=0, bias=0),
        bands=Bands(edges=(1.0, 0.0, -1.0)),
        score_tokens=ScoreTokens(convert=0, rank=1),
        base=BaseModelOrigin(name="nano", licence="none"),
        training_report_digest="0" * 64,
    )


def shown(name: str) -> set[str]:
    field = next(field for field in FIELDS if field.field == name)
    leads = synthetic_leads(manifest_with(*FIELDS))
    return {describe_value(field, lead.fields.get(name), AS_OF).words for lead in leads}


def test_the_same_seed_gives_the_same_leads() -> None:
    manifest = manifest_with(*FIELDS)
    assert synthetic_leads(manifest, 50, seed=4) == synthetic_leads(manifest, 50, seed=4)
    assert synthetic_leads(manifest, 50, seed=4) != synthetic_leads(manifest, 50, seed=5)


def test_every_quantile_word_and_every_category_occurs() -> None:
    words = shown("n")
    assert all(any(f"({word})" in text for text in words) for word in QUANTILE_WORDS)
    assert {"red", "green", "other", "unknown"} == shown("c")
    assert {"yes", "no", "unknown"} == shown("f")
    assert any("ago" in text for text in shown("d"))
    assert any(text.startswith("in ") for text in shown("d"))


def test_stages_interactions_and_kinds_of_records_fit_the_model() -> None:
    leads = synthetic_leads(manifest_with(*FIELDS))
    assert {lead.stage for lead in leads} == {None, "new", "offer"}
    assert {lead.object_type for lead in leads} == {"contact"}
    assert {0, 1, 6} <= {len(lead.interactions) for lead in leads}
    assert len({lead.lead_id for lead in leads}) == 200


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=9), st.integers())
def test_any_edges_give_finite_numbers(edges: list[float], seed: int) -> None:
    field = FieldTemplate(field="n", label="n", kind=FieldKind.NUMBER, edges=tuple(sorted(edges)))
    assert len(synthetic_leads(manifest_with(field), 20, seed)) == 20
