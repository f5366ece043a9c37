"""Numbers that could never call, or never stop, are refused."""

from __future__ import annotations

import math

import pytest

from hpro_connectors.calls import CallPolicy
from hpro_sdk.errors import ConfigError


def test_people_and_other_tools_keep_their_share_by_default() -> None:
    policy = CallPolicy()
    assert (policy.stop_at_percent, policy.run_percent) == (80, 25)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("max_tries", 0, "at least 1"),
        ("burst", 0, "at least 1"),
        ("breaker_failures", 0, "at least 1"),
        ("wait_initial_s", -1, "0 or more"),
        ("wait_max_s", math.nan, "0 or more"),
        ("retry_after_max_s", -0.1, "0 or more"),
        ("breaker_pause_s", -1, "0 or more"),
        ("stop_at_percent", 0, "above 0 and at most 100"),
        ("stop_at_percent", 101, "above 0 and at most 100"),
        ("run_percent", math.nan, "above 0 and at most 100"),
        ("calls_per_second", 0, "above 0"),
    ],
)
def test_a_number_out_of_range_is_named(name: str, value: float, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is .*{message}"):
        CallPolicy(**{name: value})  # type: ignore[arg-type]  # a name of a field, whichever
