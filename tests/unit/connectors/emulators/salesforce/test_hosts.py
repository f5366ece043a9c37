"""Which hosts are the org's own, and where a client goes on after signing in."""

from __future__ import annotations

import pytest

from hpro_connectors.emulators.http.messages import Headers, Request
from hpro_connectors.emulators.salesforce.wire.hosts import OrgHosts

URL = "http://127.0.0.1:1234"


def _from(host: str) -> Request:
    return Request("GET", "/", Headers([("Host", host)]))


@pytest.mark.parametrize(
    ("domain", "host", "known", "goes_on_at"),
    [
        ("acme.my", "acme.my.salesforce.com", True, "https://acme.my.salesforce.com"),
        ("acme.my", "ACME.my.salesforce.com:443", True, "https://acme.my.salesforce.com"),
        ("acme.my", "login.salesforce.com", True, "https://acme.my.salesforce.com"),
        ("acme.my", "other.my.salesforce.com", False, "https://other.my.salesforce.com"),
        (None, "other.my.salesforce.com", True, "https://other.my.salesforce.com"),
        (None, "test.salesforce.com", True, "https://hpro-emulator.my.salesforce.com"),
        ("acme.my", "127.0.0.1:1234", True, URL),
    ],
)
def test_a_host_is_known_or_not(domain: str | None, host: str, known: bool, goes_on_at: str) -> None:
    hosts = OrgHosts(URL, domain)
    assert hosts.knows(_from(host)) is known
    assert hosts.instance_url(_from(host)) == goes_on_at


def test_an_assertion_is_meant_for_the_shared_hosts_or_the_orgs_own() -> None:
    assert OrgHosts(URL, "acme.my").audiences(_from("login.salesforce.com")) == {
        "https://login.salesforce.com",
        "https://test.salesforce.com",
        "https://acme.my.salesforce.com",
    }
    assert "https://other.my.salesforce.com" not in OrgHosts(URL, "acme.my").audiences(_from("other.my.salesforce.com"))
