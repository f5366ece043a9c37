"""The funnel of an org, from what the CRM describes and from what a person says."""

from __future__ import annotations

import pytest

from hpro_connectors.engine.stages import StageNames
from hpro_connectors.learning.funnel import funnel_of_org
from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.protocol import OrgDescription, StageInfo
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.errors import ConfigError, UnknownStageError
from hpro_sdk.lead import OutcomeResult

STAGES = (
    StageInfo(name="1001", label="New"),
    StageInfo(name="1002", label="Offer"),
    StageInfo(name="1003", label="Signed", result=OutcomeResult.WON),
    StageInfo(name="1004", label="Paid", result=OutcomeResult.WON),
    StageInfo(name="1005", label="Gone", result=OutcomeResult.LOST),
)
ORG = OrgDescription(object_type="lead", fields=(), stages=STAGES)


def test_stages_are_called_as_the_records_call_them() -> None:
    made = funnel_of_org(ORG, LearningSettings())
    assert made.funnel.stages == ("1001", "1002")
    assert made.funnel.key_stage == "1002"
    assert (made.funnel.won, made.funnel.lost) == ("won", "1005")
    assert [made.name_of(name) for name in ("1003", "1004", "1005")] == ["won", "won", "1005"]


def test_a_person_names_stages_by_label() -> None:
    settings = LearningSettings(stages=("New", "Offer"), won="Signed", lost="Gone", key_stage="New")
    made = funnel_of_org(ORG, settings)
    assert made.funnel.stages == ("New", "Offer")
    assert made.funnel.key_stage == "New"
    assert made.name_of("1002") == "Offer"
    assert made.result_of(made.name_of("1004")) is OutcomeResult.WON
    assert made.result_of(made.name_of("1005")) is OutcomeResult.LOST


def test_the_key_stage_may_be_named_by_its_label() -> None:
    assert funnel_of_org(ORG, LearningSettings(key_stage="New")).funnel.key_stage == "1001"


@pytest.mark.parametrize("settings", [LearningSettings(), LearningSettings(stages=("New", "Offer"), won="Signed")])
def test_a_model_of_this_funnel_fits_the_org(settings: LearningSettings) -> None:
    made = funnel_of_org(ORG, settings)
    names = StageNames(ORG, MANIFEST.model_copy(update={"funnel": made.funnel}))
    assert [names.name_of(stage.name) for stage in STAGES] == [made.name_of(stage.name) for stage in STAGES]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (LearningSettings(stages=("New",)), "'Offer' is not among"),
        (LearningSettings(stages=("New", "Offer", "Talk")), "no open stage 'Talk'"),
        (LearningSettings(won="Gone"), "no won stage 'Gone'"),
        (LearningSettings(key_stage="Signed"), "make no funnel"),
    ],
)
def test_a_funnel_that_does_not_fit_is_refused(settings: LearningSettings, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        funnel_of_org(ORG, settings)


def test_an_open_stage_that_is_called_lost_is_answered_with_the_key_that_says_so() -> None:
    stages = (StageInfo(name="New", label="New"), StageInfo(name="lost", label="lost"), *STAGES[2:3])
    with pytest.raises(ConfigError) as caught:
        funnel_of_org(ORG.model_copy(update={"stages": stages}), LearningSettings())
    assert "make no funnel" in caught.value.message
    assert "lost_stages" in str(caught.value.hint)


def test_without_open_stages_there_is_no_funnel() -> None:
    with pytest.raises(ConfigError, match="no open stage"):
        funnel_of_org(ORG.model_copy(update={"stages": STAGES[2:]}), LearningSettings())


def test_a_stage_of_the_past_that_nobody_knows_has_no_name() -> None:
    with pytest.raises(UnknownStageError):
        funnel_of_org(ORG, LearningSettings()).name_of("999")
