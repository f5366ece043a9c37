"""Which request a fault is played on: the nth that fits, or a share of them that a seed fixes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.http.fault_script import Fault, FaultKind, FaultScript
from hpro_connectors.emulators.http.journal import Labels
from hpro_connectors.emulators.http.messages import Request, Response


def _played(script: FaultScript, path: str = "/a", method: str = "GET", text: str | None = None) -> str | None:
    fault = script.draw(Request(method, path), Labels(text=text))
    return None if fault is None else fault.label


def test_a_rule_is_about_the_nth_request_that_fits_and_so_many_after_it() -> None:
    script = FaultScript()
    rule = script.add(Fault.reset(), path="^/a", method="GET", nth=2, times=2)
    played = [_played(script, path) for path in ("/a", "/b", "/a", "/b", "/a", "/a")]
    assert played == [None, None, "reset_before", None, "reset_before", None]
    assert rule.played == 2


def test_a_rule_without_an_end_goes_on() -> None:
    script = FaultScript()
    script.add(Fault.hang(), nth=3, times=None)
    assert [_played(script) for _ in range(6)] == [None, None] + ["hang_before"] * 4


def test_a_rule_may_be_about_what_is_asked() -> None:
    script = FaultScript()
    script.add(Fault.truncated(), text=r"FROM Task\b", times=None)
    assert _played(script, text="SELECT Id FROM Task") == "truncated"
    assert _played(script, text="SELECT Id FROM Lead") is None
    assert _played(script) is None


def test_the_first_rule_that_is_due_is_played_and_the_others_count_on() -> None:
    script = FaultScript()
    script.add(Fault.acting("first"), nth=1)
    script.add(Fault.acting("second"), nth=2)
    assert [_played(script) for _ in range(3)] == ["first", "second", None]


@given(st.integers(0, 2**32), st.sampled_from([0.05, 0.1, 0.5, 1.0]))
def test_a_share_is_the_same_each_time_with_one_seed(seed: int, share: float) -> None:
    faults = (Fault.reset(), Fault.hang(), Fault.truncated())

    def draws() -> list[str | None]:
        script = FaultScript()
        script.add(*faults, share=share, seed=seed)
        return [_played(script) for _ in range(200)]

    drawn = draws()
    assert drawn == draws()
    assert (sum(1 for fault in drawn if fault) / 200 == 1.0) is (share == 1.0)


def test_a_share_is_about_that_share_of_the_requests() -> None:
    script = FaultScript()
    rule = script.add(Fault.reset(), share=0.1, seed=4)
    for _ in range(5_000):
        _played(script)
    assert 400 < rule.played < 600


@pytest.mark.parametrize("wrong", [{"nth": 0}, {"times": 0}, {"share": 0.0}, {"share": 1.1}])
def test_a_rule_that_could_never_be_played_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"counted from 1|share is"):
        FaultScript().add(Fault.reset(), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"path": "("}, {"text": "[a-"}])
def test_a_rule_that_is_no_regular_expression_is_refused(wrong: dict[str, str]) -> None:
    script = FaultScript()
    with pytest.raises(ValueError, match="is no regular expression"):
        script.add(Fault.reset(), **wrong)  # type: ignore[arg-type]
    assert script.rules == ()


def test_a_rule_needs_a_fault() -> None:
    with pytest.raises(ValueError, match="needs a fault"):
        FaultScript().add()


def test_an_answer_is_journaled_by_its_name_or_its_status() -> None:
    assert Fault.answering(Response.of_html("Down", 503)).label == "503"
    assert Fault.answering(Response.of_html("Down", 503), "maintenance", applied=True).label == "maintenance"
    assert Fault.answering(Response(), applied=True).kind is FaultKind.ANSWER_AFTER
