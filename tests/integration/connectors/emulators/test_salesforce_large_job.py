"""A large Bulk job: its results lie in a file, and neither making nor serving them takes the memory of all of them."""

from __future__ import annotations

import tracemalloc

import pytest
import requests

from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

ROWS = 400_000
WORDS = 'Said "yes", and then\nsaid "no".\n' * 8
SOQL = "SELECT Id, Subject, Description, WhoId, Status, CreatedDate, SystemModstamp, IsDeleted FROM Task"


@pytest.mark.soak
def test_the_results_of_a_large_job_never_lie_in_memory(
    emulator: SalesforceEmulator, org: SalesforceOrg, soak_share: float
) -> None:
    rows = int(ROWS * soak_share)
    with org.transaction():
        for number in range(rows):
            org.create("Task", {"Subject": f"Call {number}", "Description": WORDS})
    jobs = f"{emulator.url}/services/data/v62.0/jobs/query"
    read, size, locator = 0, 0, ""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {emulator.session_id()}"
        tracemalloc.start()
        try:
            job = session.post(jobs, json={"operation": "queryAll", "query": SOQL}).json()
            while session.get(f"{jobs}/{job['id']}").json()["state"] != "JobComplete":
                pass
            while locator != "null":
                where = {"maxRecords": str(rows // 3), **({"locator": locator} if locator else {})}
                answer = session.get(f"{jobs}/{job['id']}/results", params=where, stream=True)
                size += sum(len(part) for part in answer.iter_content(1 << 16))
                read += int(answer.headers["Sforce-NumberOfRecords"])
                locator = answer.headers["Sforce-Locator"]
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert read == rows
    assert size > rows * len(WORDS)
    assert most < size / 2
