"""The funnel as examined, and as training takes or refuses it: they must agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.config.crm import CrmFunnel
from hpro_connectors.doctor import Level, check_funnel
from hpro_connectors.learning.funnel import funnel_of_org
from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.protocol import OrgDescription, StageInfo
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import OutcomeResult

STAGES = (
    StageInfo(name="s1", label="New"),
    StageInfo(name="s2", label="Talking"),
    StageInfo(name="s3", label="Sold", result=OutcomeResult.WON),
    StageInfo(name="s4", label="Dead", result=OutcomeResult.LOST),
)


def description(*stages: StageInfo) -> OrgDescription:
    return OrgDescription(object_type="lead", fields=(), stages=stages)


def levels(stages: tuple[StageInfo, ...], funnel: CrmFunnel) -> list[Level]:
    return [finding.level for finding in check_funnel(description(*stages), funnel)]


def test_the_funnel_of_the_crm_is_fine() -> None:
    (finding,) = check_funnel(description(*STAGES), CrmFunnel())
    assert finding.level is Level.OK
    assert finding.seen == "Open stages in order: New, Talking. The decisive one is Talking."


def test_no_open_stage() -> None:
    assert levels(STAGES[2:], CrmFunnel()) == [Level.PROBLEM]


def test_every_fault_is_a_finding_of_its_own() -> None:
    funnel = CrmFunnel(stages=("New", "Gone"), won="Nothing", lost="Dead")
    seen = [finding.seen for finding in check_funnel(description(*STAGES), funnel)]
    assert [text.rpartition(": ")[2] for text in seen] == ["Talking.", "Gone.", "Nothing."]


NAMES = st.sampled_from(["s1", "s2", "s3", "s4", "New", "Talking", "Sold", "Dead", "Gone"])


@given(
    stages=st.lists(st.sampled_from(STAGES), unique=True),
    named=st.none() | st.lists(NAMES, min_size=1, max_size=3, unique=True),
    won=st.none() | NAMES,
    lost=st.none() | NAMES,
)
def test_it_finds_a_problem_where_training_refuses(
    stages: list[StageInfo], named: list[str] | None, won: str | None, lost: str | None
) -> None:
    given_stages = None if named is None else tuple(named)
    try:
        funnel = CrmFunnel(stages=given_stages, won=won, lost=lost)
    except ValueError:
        return  # the configuration refuses it by itself
    settings = LearningSettings(stages=given_stages, won=won, lost=lost)
    try:
        funnel_of_org(description(*stages), settings)
        is_refused = False
    except ConfigError as exc:
        is_refused = "make no funnel" not in exc.message
    found = levels(tuple(stages), funnel)
    assert (Level.PROBLEM in found) == is_refused
