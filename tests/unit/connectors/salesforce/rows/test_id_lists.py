from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.errors import NetworkError, RunStoppedError, ServerError
from hpro_connectors.protocol import IdList
from hpro_connectors.salesforce.client.bulk_jobs import BulkAnswer
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.rows import id_lists
from hpro_connectors.salesforce.rows.row_reader import RowReader, Source
from hpro_connectors.testing import ManualClock, ManualSleep

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.rows.conftest import CrmDouble

LEADS = Source("Lead", ("Id", "SystemModstamp", "IsDeleted", "Number"), {})


@pytest.fixture(autouse=True)
def _small_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_lists, "MOST_BY_REST", 50)


def reader(crm: CrmDouble) -> RowReader:
    clock = ManualClock()
    return RowReader(crm, sleep=ManualSleep(clock), clock=clock.seconds)


def methods(crm: CrmDouble) -> list[str]:
    return [name for name, _ in crm.calls]


def test_few_ids_are_read_by_rest(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 50)
    crm.rows["00Q000000000000007"]["IsDeleted"] = True
    listed = reader(crm).ids(LEADS)
    assert listed == IdList(ids=frozenset(crm.rows.keys() - {"00Q000000000000007"}), complete=True)
    assert methods(crm) == ["query", "query"]
    assert crm.calls[0][1] == "SELECT COUNT() FROM Lead"
    assert crm.calls[1][1] == "SELECT Id FROM Lead ORDER BY Id"


def test_many_ids_are_read_by_a_job(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 60)
    crm.states = (JobState.IN_PROGRESS, JobState.JOB_COMPLETE)
    listed = reader(crm).ids(LEADS)
    assert listed == IdList(ids=frozenset(crm.rows.keys()), complete=True)
    assert methods(crm) == ["query", "create", "poll", "poll", "results", "delete"]
    assert crm.named("create") == ["SELECT Id FROM Lead"]


def test_archived_rows_count_as_existing(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 3)
    reader(crm).ids(Source("Task", LEADS.columns, {}, archived=True, condition="Number != 7"))
    assert methods(crm) == ["query_all", "query_all"]
    assert crm.calls[1][1] == "SELECT Id FROM Task WHERE (Number != 7) AND IsDeleted = FALSE ORDER BY Id"


@pytest.mark.parametrize("why", ["unknown to Bulk", "refused by Bulk", "failed"])
def test_ids_that_bulk_does_not_give_are_read_by_rest(crm_double: type[CrmDouble], why: str) -> None:
    crm = crm_double.of_stamps([1] * 60)
    crm.bulk, crm.states = why != "refused by Bulk", (JobState.FAILED,)
    listed = reader(crm).ids(Source("Lead", LEADS.columns, {}, bulk=why != "unknown to Bulk"))
    assert listed == IdList(ids=frozenset(crm.rows.keys()), complete=True)


@pytest.mark.parametrize("reachable", [True, False])
def test_a_job_for_ids_is_ended_when_the_run_is_to_end(
    crm_double: type[CrmDouble], monkeypatch: pytest.MonkeyPatch, *, reachable: bool
) -> None:
    crm = crm_double.of_stamps([1] * 60)
    crm.states = (JobState.IN_PROGRESS,)

    def stopped(_seconds: float) -> None:
        if not reachable:
            monkeypatch.setattr(crm, "abort_query_job", unreachable)
        raise RunStoppedError

    def unreachable(_job_id: str) -> None:
        raise NetworkError

    with pytest.raises(RunStoppedError):
        RowReader(crm, sleep=stopped).ids(LEADS)
    assert methods(crm) == ["query", "create", "poll", *["abort"] * reachable, "delete"]
    assert not crm.jobs


def test_a_job_for_ids_that_never_ends_is_ended_and_the_run_with_it(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 60)
    crm.states = (JobState.IN_PROGRESS,)
    with pytest.raises(RunStoppedError, match="30 minutes and is not done"):
        reader(crm).ids(LEADS)
    assert methods(crm)[-2:] == ["abort", "delete"]


# Row 26: a short answer is never taken for all there is.
def test_row_26_a_list_shorter_than_announced_is_not_complete(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 20)
    crm.total_is_wrong_by = 1
    listed = reader(crm).ids(LEADS)
    assert listed == IdList(ids=frozenset(crm.rows.keys()), complete=False)


def test_row_26_a_job_that_gives_fewer_ids_than_announced_is_refused(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 60)
    crm.damage = lambda answer: BulkAnswer(answer.csv_text, None, answer.rows)
    crm.sizes = repeat(30)
    with pytest.raises(ServerError, match="ends after 30 rows of 60"):
        reader(crm).ids(LEADS)
    assert not crm.jobs


def test_a_count_that_is_too_large_for_the_crm_means_many(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 20)
    crm.most_rows = 10
    assert reader(crm).ids(LEADS).ids == crm.rows.keys()
    assert methods(crm)[:2] == ["query", "create"]


def test_an_answer_that_never_ends_is_not_followed_for_ever(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 20)
    crm.sizes = chain([5], repeat(0))
    with pytest.raises(ServerError, match="more rows of Lead, and gives none"):
        reader(crm).ids(LEADS)


@given(
    count=st.integers(0, 45),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    expiring=st.sets(st.integers(1, 9), max_size=5),
    purged=st.lists(st.integers(0, 44), max_size=6),
    fresh=st.booleans(),
)
def test_a_complete_list_holds_every_row_that_was_there_all_the_time(
    *, crm_double: type[CrmDouble], count: int, sizes: list[int], expiring: set[int], purged: list[int], fresh: bool
) -> None:
    crm = crm_double.of_stamps([1] * count)
    crm.sizes, crm.expiring, crm.fresh = chain(sizes, repeat(sizes[-1])), expiring, fresh
    before = set(crm.rows)
    leaving = iter(purged)

    def people(crm: CrmDouble) -> None:
        crm.rows.pop(f"00Q{next(leaving, 99):015d}", None)

    crm.before_call = people
    listed = reader(crm).ids(LEADS)
    assert crm.rows.keys() <= listed.ids <= before
    assert listed.complete or (fresh and before != crm.rows.keys())
