"""A process that dies while it writes: the next one ends with the same rows, and sends no more of them than it must."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import requests

from hpro_connectors.salesforce.client.session import SalesforceSession
from hpro_connectors.testing import Crash, CrashPlace, CrashPoint

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.writing.conftest import WritingWorld

WRITES = re.compile(r"/composite/sobjects|/jobs/ingest")
_send = SalesforceSession.send


class Death:
    """Lets the process die at one of its requests that write, before it is sent or after it was answered."""

    def __init__(self, patch: pytest.MonkeyPatch, number: int, *, answered: bool) -> None:
        self.happened = False
        self._left = number
        self._answered = answered
        death = self

        def send(session: SalesforceSession, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401
            if death.happened:
                raise Crash
            return death.send(session, request, kwargs)

        patch.setattr(SalesforceSession, "send", send)

    def send(self, session: SalesforceSession, request: requests.PreparedRequest, kwargs: Any) -> requests.Response:  # noqa: ANN401
        here = False
        if WRITES.search(request.url or ""):
            here = self._left == 0
            self._left -= 1
        if here and not self._answered:
            self._die()
        response = _send(session, request, **kwargs)
        if here:
            self._die()
        return response

    def _die(self) -> None:
        self.happened = True
        raise Crash


def heal(world: WritingWorld, seen: Counter[str]) -> dict[str, int]:
    """Run as the next processes do, make sure that all is as if nothing had happened, and tell how often each was sent.

    A job whose rows were all settled may be noted still; the next write takes it away.
    """
    world.reopen()
    world.run()
    ranks = sorted(str(world.shown(one)) for one in world.lead_ids)
    assert ranks == sorted(f"{rank}.0" for rank in range(1, len(ranks) + 1))
    assert not any(row.resend for row in world.store.written_rows().values())
    assert world.store.outbox.size() == 0
    assert world.run().to_write == 0
    sent = dict(seen)
    world.org.update("Lead", world.lead_ids[0], {"Visits__c": 500})
    assert world.run().written >= 1
    assert not world.is_noted()
    assert world.emulator.ingest.held == ()
    return sent


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("number", range(10))
def test_row_30_a_process_that_dies_at_a_request_of_a_job_loses_no_row_and_sends_none_twice(
    world: WritingWorld, monkeypatch: pytest.MonkeyPatch, number: int, *, answered: bool
) -> None:
    world.add_leads(25)
    seen = world.count_updates()
    with monkeypatch.context() as patch:
        death = Death(patch, number, answered=answered)
        if number < 9:
            with pytest.raises(Crash):
                world.run()
        else:
            world.run()  # so many requests there are not
        assert death.happened is (number < 9)
    if number == 0 and answered:  # nobody knows of this job: it is the one that stays, empty, for the CRM to end
        [orphan] = world.emulator.ingest.held
        assert orphan.state.value == "Open"
        world.emulator.ingest.forget_all()
    assert set(heal(world, seen).values()) == {1}


@pytest.mark.parametrize("answered", [False, True])
def test_row_27_a_process_that_dies_at_a_request_by_rest_sends_it_again(
    world: WritingWorld, monkeypatch: pytest.MonkeyPatch, *, answered: bool
) -> None:
    world.add_leads(5)
    seen = world.count_updates()
    with monkeypatch.context() as patch:
        Death(patch, 0, answered=answered)
        with pytest.raises(Crash):
            world.run()
    assert set(heal(world, seen).values()) == {2 if answered else 1}


@pytest.mark.parametrize("place", list(CrashPlace))
def test_row_30_a_process_that_dies_at_a_transaction_of_the_state_sends_no_row_of_a_job_twice(
    world: WritingWorld, place: CrashPlace
) -> None:
    world.add_leads(25)
    world.run(dry_run=True)
    seen = world.count_updates()
    died = 0
    for number in range(200):
        with CrashPoint(world.store.transactions, number, place) as point:
            try:
                world.run()
            except Crash:
                died += 1
        world.reopen()
        if not point.happened:
            break
    assert died > 10
    assert set(heal(world, seen).values()) == {1}
