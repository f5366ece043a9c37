"""No sign-in, no answer, a closed API: the examination ends early, says why, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS, api_error

from .conftest import Doctor
from .test_healthy_org import jwt

DATA = "^/services/data/v"


class TestSignIn:
    def test_a_wrong_domain(self, examine: Doctor) -> None:
        examine.configure(domain="other.my")
        finding = examine.only("fatal", 1)
        assert finding["area"] == "sign-in"
        assert "other.my.salesforce.com" in finding["seen"]
        assert "domain in hpro.toml" in finding["remedy"]

    def test_a_wrong_secret(self, examine: Doctor) -> None:
        examine.set_secret("CONSUMER_SECRET", "not-the-secret")
        finding = examine.only("fatal", 1)
        assert "consumer_secret" in finding["seen"]
        assert "not-the-secret" not in str(finding)

    def test_a_wrong_key(self, examine: Doctor) -> None:
        examine.configure(consumer_key="3MVG9unknown")
        assert "consumer_key" in examine.only("fatal", 1)["seen"]

    def test_consent_that_was_revoked(self, examine: Doctor, emulator: SalesforceEmulator) -> None:
        emulator.app.revoke_consent()
        assert "Run As" in examine.only("fatal", 1)["remedy"]

    def test_an_expired_certificate(self, examine: Doctor, emulator: SalesforceEmulator, tmp_path: Path) -> None:
        jwt(examine, tmp_path)
        emulator.app.certificate_until = datetime.now(UTC) - timedelta(days=1)
        finding = examine.only("fatal", 1)
        assert "certificate" in finding["seen"]
        assert "upload the certificate" in finding["remedy"]

    def test_a_session_that_has_ended(self, examine: Doctor) -> None:
        examine.configure('sign_in = "session"', 'instance_url = "https://acme.my.salesforce.com"')
        examine.set_secret("SESSION_ID", "00DHp0000000001!ended")
        finding = examine.only("fatal", 1)
        assert finding["area"] == "sign-in"
        assert "ended" not in finding["seen"].replace("Session expired", "")


class TestSecrets:
    def test_one_that_is_missing(self, examine: Doctor) -> None:
        examine.set_secret("CONSUMER_SECRET", "")
        finding = examine.only("fatal", 1)
        assert finding["area"] == "secrets"
        assert "consumer_secret" in finding["seen"]
        assert not examine.emulator.journal.entries

    def test_one_that_others_may_read(self, examine: Doctor, tmp_path: Path) -> None:
        jwt(examine, tmp_path)
        (tmp_path / "hpro.key").chmod(0o644)
        assert "chmod 600" in examine.only("fatal", 1)["seen"]


class TestOutage:
    @pytest.mark.parametrize("fault", ["maintenance_503", "maintenance_200", "bad_gateway", "reset", "unavailable"])
    def test_nothing_answers(self, examine: Doctor, emulator: SalesforceEmulator, fault: str) -> None:
        emulator.faults.add(FAULTS[fault](), times=None)
        finding = examine.only("fatal", 1)
        assert finding["area"] == "sign-in"

    def test_nothing_listens(self, examine: Doctor) -> None:
        examine.configure()
        config = (examine.folder / "hpro.toml").read_text()
        (examine.folder / "hpro.toml").write_text(config.replace(examine.emulator.url, "http://127.0.0.1:1"))
        assert "cannot be reached" in examine.only("fatal", 1)["seen"]

    def test_what_was_found_before_it_began_is_kept(self, examine: Doctor, emulator: SalesforceEmulator) -> None:
        emulator.faults.add(FAULTS["maintenance_503"](), path=DATA, nth=8, times=None)
        code, findings = examine.findings()
        assert code == 1
        assert [one["area"] for one in findings if one["level"] == "ok"][:5] == [
            "configuration",
            "secrets",
            "sign-in",
            "API version",
            "org",
        ]
        assert [one["level"] for one in findings].count("fatal") == 1
        assert findings[-1]["level"] == "fatal"


class TestTheApi:
    def test_row_23_an_api_that_is_disabled(self, examine: Doctor, emulator: SalesforceEmulator) -> None:
        emulator.faults.add(FAULTS["api_disabled"](), path=DATA, times=None)
        finding = examine.only("problem", 2)
        assert finding["area"] == "API"
        assert "API_DISABLED_FOR_ORG" in finding["seen"]
        assert "API Enabled" in finding["remedy"]
        assert "edition" in finding["remedy"]

    def test_row_23_a_scope_that_is_missing(self, examine: Doctor, emulator: SalesforceEmulator) -> None:
        emulator.faults.add(api_error(403, "MISSING_SCOPES", "The app lacks scopes."), path=DATA, times=None)
        finding = examine.only("problem", 2)
        assert "scope api" in finding["remedy"]

    def test_a_version_that_the_org_does_not_offer(self, examine: Doctor) -> None:
        examine.configure('api_version = "99.0"')
        finding = examine.only("problem", 2)
        assert finding["area"] == "API version"
        assert "31.0 to 68.0" in finding["seen"]
        assert "api_version" in finding["remedy"]

    def test_calls_that_are_used_up(self, examine: Doctor, emulator: SalesforceEmulator) -> None:
        emulator.limits.daily_requests = 1
        emulator.limits.count_request()
        assert "24 hours" in examine.only("problem", 2)["remedy"]

    def test_calls_of_which_hpro_leaves_the_rest_to_others(self, examine: Doctor, emulator: SalesforceEmulator) -> None:
        emulator.limits.daily_requests = 1000
        emulator.limits.requests.add(850)
        finding = examine.only("problem", 2)
        assert finding["area"] == "API calls"
        assert "stops at 80 %" in finding["seen"]

    def test_calls_that_will_not_last_a_whole_run(self, examine: Doctor, emulator: SalesforceEmulator) -> None:
        emulator.limits.daily_requests = 1000
        emulator.limits.requests.add(650)
        finding = examine.only("warning", 3)
        assert "A run may use 250" in finding["seen"]
        assert "run_percent" in finding["remedy"]

    @pytest.mark.parametrize(("used", "level", "code"), [(9_990, "warning", 3), (10_000, "problem", 2)])
    def test_bulk_jobs_that_are_nearly_used_up(
        self, examine: Doctor, emulator: SalesforceEmulator, used: int, level: str, code: int
    ) -> None:
        emulator.limits.query_jobs.add(used)
        assert examine.only(level, code)["area"] == "Bulk query jobs"
