"""What may happen in the org before a request, for a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from hpro_connectors.emulators.salesforce.wire import faults

if TYPE_CHECKING:
    from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator

_FAILED_JOB = "InternalServerError: Unexpected exception encountered in query processing"


def actions_of(emulator: SalesforceEmulator) -> Mapping[str, Callable[[], None]]:
    """Give what lets each happen, by name.

    Args:
        emulator: In whose org.
    """

    def fail_bulk_job() -> None:
        emulator.jobs.fail_next = _FAILED_JOB

    def forget_bulk_jobs() -> None:
        emulator.jobs.forget_all()
        emulator.ingest.forget_all()

    def fail_ingest_job() -> None:
        emulator.ingest.fail_next = _FAILED_JOB

    def abort_ingest_job() -> None:
        emulator.ingest.aborts_next = True

    def deactivate_user() -> None:
        emulator.org.update("User", emulator.org.integration_user_id, {"IsActive": False})

    return {
        faults.EXPIRE_SESSIONS: emulator.sessions.expire_all,
        faults.EXPIRE_CURSORS: emulator.cursors.expire_all,
        faults.FAIL_BULK_JOB: fail_bulk_job,
        faults.FORGET_BULK_JOBS: forget_bulk_jobs,
        faults.FAIL_INGEST_JOB: fail_ingest_job,
        faults.ABORT_INGEST_JOB: abort_ingest_job,
        faults.REVOKE_CONSENT: emulator.app.revoke_consent,
        faults.DEACTIVATE_USER: deactivate_user,
    }
