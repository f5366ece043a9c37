"""The contract refuses connectors that break it: each of its newer promises is broken once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from unittest import SkipTest

import pytest
from pydantic import JsonValue

from hpro_connectors.protocol import Backfill, Connector, Page, Window
from hpro_connectors.testing import ConnectorContract, ContractCrm, ManualClock, MemoryCompany, MemoryConnector


class BeginsAnew(MemoryConnector):
    """Gives everything again after a resume."""

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        del resume
        return super().read(stream, window)


class BeginsAnewInHistories(MemoryConnector):
    """Does so in one stream only."""

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        return super().read(stream, window, None if stream == "History" else resume)


class LosesAPage(MemoryConnector):
    """Skips the page after a resume."""

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        pages = super().read(stream, window, resume)
        if resume is not None:
            next(pages)
        yield from pages


class OnePage(MemoryConnector):
    """Gives everything at once, so that nothing is tried."""

    def __init__(self, company: MemoryCompany, *, page_size: int = 50) -> None:
        super().__init__(company, page_size=1000 * page_size)


class KnowsNoInteractionsById(MemoryConnector):
    """Answers by id for leads and histories only."""

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        return super().read_by_lead(stream, [] if stream == "Interaction" else lead_ids)


class GivesAllHistoriesById(MemoryConnector):
    """Answers with rows of leads that nobody asked for."""

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        return super().read_by_lead(stream, list(self.company.leads) if stream == "History" else lead_ids)


class FirstPageById(MemoryConnector):
    """Says that the first page of an answer by id is all."""

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        yield next(super().read_by_lead(stream, lead_ids)).model_copy(update={"complete": True})


def contract_of(make: Callable[[MemoryCompany], Connector], *, can_merge: bool = True) -> ConnectorContract:
    class Crm:
        def __init__(self) -> None:
            self.company = MemoryCompany(ManualClock())
            for number in range(12):
                self.company.create_lead(f"L{number}", person_id=f"P{number}")
                self.company.log_interaction(f"I{number}", f"L{number}", text="words")

        def connector(self) -> Connector:
            return make(self.company)

    class Contract(ConnectorContract):
        merges = can_merge

        def make_crm(self) -> ContractCrm:
            return Crm()  # type: ignore[return-value]  # what is tried here only reads

    return Contract()


def resuming(contract: ConnectorContract) -> None:
    contract.test_reading_goes_on_after_any_page()


def by_id(contract: ConnectorContract) -> None:
    contract.test_reading_by_id_gives_a_lead_whenever_it_was_modified()


def many_by_id(contract: ConnectorContract) -> None:
    contract.test_reading_many_leads_by_id_gives_all_pages()


@pytest.mark.parametrize(
    ("made", "test", "message"),
    [
        (BeginsAnew, resuming, "goes back to earlier pages"),
        (BeginsAnewInHistories, resuming, "History: a resume goes back"),
        (LosesAPage, resuming, "loses records"),
        (OnePage, resuming, "fewer than 3 pages"),
        (KnowsNoInteractionsById, by_id, "Interaction: by id is not what is there"),
        (GivesAllHistoriesById, by_id, "History: by id is not what is there"),
        (FirstPageById, many_by_id, "fewer than 3 pages"),
        (KnowsNoInteractionsById, many_by_id, "Interaction"),
        (OnePage, many_by_id, "fewer than 3 pages"),
    ],
)
def test_a_connector_that_breaks_a_promise_fails(
    made: type[MemoryConnector], test: Callable[[ConnectorContract], None], message: str
) -> None:
    test(contract_of(lambda company: MemoryConnector(company, page_size=3)))
    with pytest.raises(AssertionError, match=message):
        test(contract_of(lambda company: made(company, page_size=3)))


def test_a_crm_that_cannot_merge_is_skipped_aloud() -> None:
    with pytest.raises(SkipTest, match="cannot merge"):
        contract_of(MemoryConnector, can_merge=False).test_a_merge_is_told()
