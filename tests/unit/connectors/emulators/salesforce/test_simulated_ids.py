from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.salesforce.company import simulated_ids as ids
from hpro_connectors.emulators.salesforce.org.ids import long_id

NUMBERS = st.integers(0, 10**7)


@given(NUMBERS, st.booleans())
def test_the_simulators_id_can_be_read_from_the_record(number: int, duplicate: bool) -> None:
    lead_id = f"L{number:06}{'D' if duplicate else ''}"
    record = ids.lead_record_id(lead_id)
    assert (record[:3], len(record), long_id(record[:15])) == ("00Q", 18, record)
    assert ids.simulated_lead_id(record) == ids.simulated_lead_id(record[:15]) == lead_id


def interaction_ids() -> st.SearchStrategy[str]:
    endings = st.one_of(
        st.just("dup"), st.integers(0, 900).map(lambda n: f"end{n}"), st.integers(0, 5000).map(lambda n: f"{n:03}")
    )
    return st.builds(lambda number, ending: f"I{number:06}-{ending}", NUMBERS, endings)


@given(interaction_ids(), interaction_ids())
def test_two_interactions_have_two_ids(one: str, other: str) -> None:
    same = ids.interaction_record_id(ids.TASK, one) == ids.interaction_record_id(ids.TASK, other)
    assert same == (one == other)


@pytest.mark.parametrize("record", ["00QHp0000000001AAA", "003Sm0000000001", "00QSm0", "00QSm00000000-1", ""])
def test_a_record_that_nobody_simulated_is_refused(record: str) -> None:
    with pytest.raises(ValueError, match="not the record of a simulated lead"):
        ids.simulated_lead_id(record)


@pytest.mark.parametrize("text", ["L12X", "P000001", ""])
def test_an_id_that_is_not_the_simulators_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the id of a simulated"):
        ids.lead_record_id(text)
    with pytest.raises(ValueError, match="not the id of a simulated"):
        ids.interaction_number(text)
