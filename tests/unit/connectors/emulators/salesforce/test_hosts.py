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


@pytest.mark.parametrize(("is_sandbox", "shared"), [(False, "login"), (True, "test")])
def test_an_assertion_is_meant_for_the_shared_host_of_the_org_or_its_own(is_sandbox: bool, shared: str) -> None:
    hosts = OrgHosts(URL, "acme.my", is_sandbox=is_sandbox)
    own = {f"https://{shared}.salesforce.com", "https://acme.my.salesforce.com"}
    assert hosts.audiences(_from("acme.my.salesforce.com")) == own
    assert hosts.audiences(_from("other.my.salesforce.com")) == own
    assert "https://any.my.salesforce.com" in OrgHosts(URL).audiences(_from("any.my.salesforce.com"))


def test_of_the_shared_hosts_one_knows_the_users_of_an_org() -> None:
    production, sandbox = OrgHosts(URL), OrgHosts(URL, is_sandbox=True)
    for host, knows in (("login.salesforce.com", (True, False)), ("test.salesforce.com", (False, True))):
        assert (production.knows_users(_from(host)), sandbox.knows_users(_from(host))) == knows
        assert production.is_shared(_from(host))
    for host in ("acme.my.salesforce.com", "127.0.0.1:1234"):
        assert production.knows_users(_from(host))
        assert not production.is_shared(_from(host))
