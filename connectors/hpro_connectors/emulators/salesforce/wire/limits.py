"""What an org may be asked in 24 hours, and how much of it is left."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault

DAY = timedelta(hours=24)
QUERY_JOBS = 10_000
RESULT_MB = 976_562
BATCHES = 15_000
_STORAGE_MB = 1_024
_MB = 1_000_000


class RollingCount:
    """How often something happened within 24 hours. Safe to use from several threads.

    Args:
        clock: By which the hours go.
    """

    def __init__(self, clock: EmulatorClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: deque[tuple[datetime, int]] = deque()
        self._sum = 0

    def add(self, amount: int = 1) -> None:
        """Count.

        Args:
            amount: How many at once.
        """
        now = self._clock.now()
        with self._lock:
            self._sum += amount
            if self._times and self._times[-1][0] == now:
                self._times[-1] = (now, self._times[-1][1] + amount)
            else:
                self._times.append((now, amount))

    @property
    def used(self) -> int:
        """How often in the last 24 hours."""
        since = self._clock.now() - DAY
        with self._lock:
            while self._times and self._times[0][0] <= since:
                self._sum -= self._times.popleft()[1]
            return self._sum

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._times.clear()
            self._sum = 0


class OrgLimits:
    """The limits of an org.

    Args:
        clock: By which the 24 hours go.
        daily_requests: Calls in 24 hours.

    Attributes:
        daily_requests: See above; may be changed.
        requests: Calls that were counted.
        query_jobs: Bulk query jobs that were made.
        result_bytes: Of the results of Bulk query jobs.
        batches: Of Bulk ingest jobs.
    """

    def __init__(self, clock: EmulatorClock, daily_requests: int) -> None:
        self.daily_requests = daily_requests
        self.requests = RollingCount(clock)
        self.query_jobs = RollingCount(clock)
        self.result_bytes = RollingCount(clock)
        self.batches = RollingCount(clock)

    @property
    def header(self) -> str:
        """The value of ``Sforce-Limit-Info``."""
        return f"api-usage={self.requests.used}/{self.daily_requests}"

    def count_request(self) -> None:
        """Count a call.

        Raises:
            ApiFault: None is left.
        """
        if self.requests.used >= self.daily_requests:
            raise ApiFault(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self.requests.add()

    def count_query_job(self) -> None:
        """Count a Bulk query job.

        Raises:
            ApiFault: None is left, or no room for its results.
        """
        if self.result_bytes.used >= RESULT_MB * _MB:
            raise ApiFault(400, "LIMIT_EXCEEDED", "Exceeded max limit for DailyBulkV2QueryFileStorageMB")
        if self.query_jobs.used >= QUERY_JOBS:
            raise ApiFault(400, "LIMIT_EXCEEDED", "Exceeded max limit for DailyBulkV2QueryJobs")
        self.query_jobs.add()

    def check_batches(self) -> None:
        """Refuse a Bulk ingest job where no batch is left.

        Raises:
            ApiFault: None is.
        """
        if self.batches.used >= BATCHES:
            raise ApiFault(400, "LIMIT_EXCEEDED", "Exceeded max limit for DailyBulkApiBatches")

    def as_json(self) -> dict[str, dict[str, int]]:
        """The answer of the resource ``limits``."""

        def row(most: int, used: int = 0) -> dict[str, int]:
            return {"Max": most, "Remaining": max(most - used, 0)}

        return {
            "ConcurrentAsyncGetReportInstances": row(200),
            "DailyApiRequests": row(self.daily_requests, self.requests.used),
            "DailyAsyncApexExecutions": row(250_000),
            "DailyBulkApiBatches": row(BATCHES, self.batches.used),
            "DailyBulkV2QueryFileStorageMB": row(RESULT_MB, -(-self.result_bytes.used // _MB)),
            "DailyBulkV2QueryJobs": row(QUERY_JOBS, self.query_jobs.used),
            "DataStorageMB": row(_STORAGE_MB),
            "FileStorageMB": row(_STORAGE_MB),
            "HourlyTimeBasedWorkflow": row(1_000),
        }

    def clear(self) -> None:
        """Count anew."""
        for count in (self.requests, self.query_jobs, self.result_bytes, self.batches):
            count.clear()
