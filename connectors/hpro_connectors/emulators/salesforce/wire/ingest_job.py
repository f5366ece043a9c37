"""An ingest job of Bulk API 2.0: what it is, and how the API describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hpro_connectors.emulators.salesforce.wire.bulk_jobs import BulkJob, BulkState
from hpro_connectors.emulators.salesforce.wire.ingest_batch import IngestData, RowResult


@dataclass(slots=True, kw_only=True)
class IngestJob(BulkJob):
    """An ingest job.

    Attributes:
        state: What became of it.
        content: What was uploaded and is not read yet.
        data: What was read of it.
        results: Of the rows that were written, in their order.
    """

    state: BulkState = BulkState.OPEN
    content: bytes | None = None
    data: IngestData = field(default_factory=lambda: IngestData((), ()))
    results: list[RowResult] = field(default_factory=list)

    @property
    def was_uploaded(self) -> bool:
        """Whether its data came."""
        return self.content is not None or bool(self.data.columns)

    @property
    def failed(self) -> int:
        """How many rows were refused."""
        return sum(1 for one in self.results if one.error)

    def told(self, progress: Mapping[str, object] | None = None) -> dict[str, object]:
        """Describe the job as the API does, with where its data go.

        Args:
            progress: How far it is.
        """
        # Not super(): a dataclass with slots is another class than the one that this was written in.
        content_url = f"services/data/v{self.version}/jobs/ingest/{self.job_id}/batches"
        return {**BulkJob.told(self, progress), "contentUrl": content_url}

    def told_whole(self) -> dict[str, object]:
        """Describe the job with its progress."""
        return self.told(
            {
                "jobType": "V2Ingest",
                "numberRecordsProcessed": len(self.results),
                "numberRecordsFailed": self.failed,
                "apiActiveProcessingTime": 0,
                "apexProcessingTime": 0,
            }
        )
