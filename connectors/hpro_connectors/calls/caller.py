"""One call, made until it succeeds or there is no sense in it: every try is admitted, counted and judged here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from hpro_connectors.calls.breaker import CircuitBreaker
from hpro_connectors.calls.bucket import TokenBucket
from hpro_connectors.calls.budget import CallBudget
from hpro_connectors.calls.deadline import Clock, Deadline
from hpro_connectors.calls.pauses import Pauses
from hpro_connectors.calls.policy import CallPolicy
from hpro_connectors.calls.unknown import typed
from hpro_connectors.errors import NetworkError, RateLimitedError, RetriableError, RunStoppedError, ServerError
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import CallLimits

_LOGGER = logging.getLogger(__name__)
_MOST_DOUBLINGS = 60  # beyond, a power of two is no time any more

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Call:
    """What is called.

    Attributes:
        method: Of the connector.
        stream: What it reads.
        writes: Whether it changes the CRM.
        failed: Tries that failed since there was progress.
    """

    method: str
    stream: str | None = None
    writes: bool = False
    failed: int = 0


class Caller:
    """Makes calls of one connector, by one policy.

    Before each try: is the run asked to stop, does the budget allow it, does the breaker, is there a token. After it:
    the requests that it cost are taken off the bucket and the budget.

    Args:
        limits: Gives the connector's counters.
        policy: How many, how fast, how often.
        clock: Seconds.
        pauses: What waits.
        deadline: No wait passes it; a call that needs no wait is made all the same.
        random: Draws the waits.

    Attributes:
        retries: Tries beyond the first one of each call.
    """

    def __init__(
        self,
        limits: Callable[[], CallLimits],
        policy: CallPolicy,
        *,
        clock: Clock,
        pauses: Pauses,
        deadline: Deadline,
        random: Random,
    ) -> None:
        self.retries = 0
        self._limits = limits
        self._policy = policy
        self._pauses = pauses
        self._deadline = deadline
        self._random = random
        self._budget = CallBudget(policy.stop_at_percent, policy.run_percent, limits().calls)
        self._breaker = CircuitBreaker(policy.breaker_failures, policy.breaker_pause_s, clock)
        self._last_failure: RetriableError | None = None
        self._bucket = None
        if policy.calls_per_second is not None:
            self._bucket = TokenBucket(policy.calls_per_second, policy.burst, clock)

    def make(self, what: Callable[[], Answer], call: Call) -> Answer:
        """Make a call until it succeeds.

        Raises:
            RetriableError: Tries, or the time of the run, ran out; it is what the last try failed with.
            QuotaExhaustedError: The budget is used up.
            RunStoppedError: The run was asked to stop, or has no time left to wait for its turn.
            Exception: What is not to be retried, as it came or as :mod:`hpro_connectors.calls.unknown` says.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(RetriableError),
            wait=lambda state: self._wait_s(state, call),
            stop=lambda state: self._has_enough(state, call),
            before=self._admit,
            before_sleep=lambda state: _log_retry(state, call),
            sleep=self._pauses.wait,
            reraise=True,
        )
        answer: Answer = retrying(self._try, what, call)
        return answer

    def _admit(self, state: RetryCallState) -> None:
        self._pauses.check_stop()
        self._budget.check()
        while (wait_s := self._breaker.admit()) > 0:
            if not self._deadline.leaves_time_after(wait_s):
                raise self._left_alone(wait_s)
            self._pauses.wait(wait_s)
        self._wait_for_token()
        if state.attempt_number > 1:
            self.retries += 1

    def _wait_for_token(self) -> None:
        if self._bucket is None:
            return
        wait_s = self._bucket.reserve()
        if wait_s > 0 and not self._deadline.leaves_time_after(wait_s):
            self._bucket.give_back()
            raise RunStoppedError(
                "The run's time was up before it was its turn to call; what was stored stays.",
                hint="The next run goes on from there; or give a run more seconds.",
            )
        try:
            self._pauses.wait(wait_s)
        except BaseException:
            self._bucket.give_back()
            raise

    def _try(self, what: Callable[[], Answer], call: Call) -> Answer:
        calls_before = self._limits().calls
        try:
            answer = what()
        except Exception as exc:
            error = typed(exc, call.method, call.stream, writes=call.writes)
            if isinstance(error, RetriableError):
                self._note_failure(error, call)
            self._account(calls_before, answered=False)
            if error is exc:
                raise
            raise error from exc
        self._breaker.succeeded()
        self._account(calls_before, answered=True)
        return answer

    def _note_failure(self, error: RetriableError, call: Call) -> None:
        call.failed += 1
        self._last_failure = error
        if self._breaker.failed():
            _LOGGER.warning(
                "the CRM failed too often and is left alone for a while",
                extra={
                    "event": LogEvent.BREAKER_OPENED,
                    "method": call.method,
                    "stream": call.stream,
                    "error": type(error).__name__,
                    "pause_s": self._policy.breaker_pause_s,
                },
            )

    def _account(self, calls_before: int, *, answered: bool) -> None:
        limits = self._limits()
        self._budget.learn(limits)
        requests = limits.calls - calls_before
        if self._bucket is None:
            return
        if requests > 1:
            self._bucket.spend(requests - 1)
        elif requests == 0 and answered:  # it cost nothing; of a failed one that is not certain
            self._bucket.give_back()

    def _wait_s(self, state: RetryCallState, call: Call) -> float:
        doublings = min(call.failed - 1, _MOST_DOUBLINGS)
        longest = min(self._policy.wait_max_s, self._policy.wait_initial_s * 2.0**doublings)
        asked = _asked_wait_s(state)
        return max(self._random.uniform(0.0, longest), asked, self._breaker.wait_s())

    def _has_enough(self, state: RetryCallState, call: Call) -> bool:
        return (
            call.failed >= self._policy.max_tries
            or _asked_wait_s(state) > self._policy.retry_after_max_s
            or not self._deadline.leaves_time_after(state.upcoming_sleep)
        )

    def _left_alone(self, wait_s: float) -> RetriableError:
        kind = NetworkError if isinstance(self._last_failure, NetworkError) else ServerError
        return kind(
            f"The CRM failed {self._policy.breaker_failures} times in a row or more and is left alone for another "
            f"{wait_s:.0f} s, longer than this run may last.",
            hint="Try again later.",
        )


def _asked_wait_s(state: RetryCallState) -> float:
    """Give the seconds that the CRM asked to be left alone for."""
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, RateLimitedError) and error.retry_after_s is not None and error.retry_after_s > 0:
        return error.retry_after_s
    return 0.0


def _log_retry(state: RetryCallState, call: Call) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    _LOGGER.info(
        "a call failed and is made again",
        extra={
            "event": LogEvent.RETRIED,
            "method": call.method,
            "stream": call.stream,
            "error": type(error).__name__,
            "tries": call.failed,
            "wait_s": round(state.upcoming_sleep, 3),
        },
    )
