"""What an org is called on the net: the hosts that are its own, as the header ``Host`` names them."""

from __future__ import annotations

from dataclasses import dataclass

from hpro_connectors.emulators.http.messages import Request

LOGIN = "login.salesforce.com"
TEST = "test.salesforce.com"
_SHARED = (LOGIN, TEST)
_SUFFIX = ".salesforce.com"

DEFAULT_DOMAIN = "hpro-emulator.my"
"""My Domain of an emulated org that goes by no other name."""


@dataclass(frozen=True, slots=True)
class OrgHosts:
    """The hosts of an org.

    A client that was told to come here in place of Salesforce names the host that it meant; any other client names
    this machine.

    Attributes:
        url: Of the emulator.
        domain: The org's My Domain, such as ``acme.my``; ``None`` takes any name for its own.
        is_sandbox: Whether it is a test org: those are known to one of the shared hosts, all others to the other one.
    """

    url: str
    domain: str | None = None
    is_sandbox: bool = False

    @property
    def own_url(self) -> str:
        """The instance of the org."""
        return f"https://{self.domain or DEFAULT_DOMAIN}{_SUFFIX}"

    @property
    def shared(self) -> str:
        """The shared host that knows the users of the org."""
        return TEST if self.is_sandbox else LOGIN

    def is_shared(self, request: Request) -> bool:
        """Say whether a request was meant for a host that orgs share.

        Args:
            request: It.
        """
        return _host(request) in _SHARED

    def knows_users(self, request: Request) -> bool:
        """Say whether the host that a request was meant for knows the users of the org.

        Args:
            request: It.
        """
        return not self.is_shared(request) or _host(request) == self.shared

    def knows(self, request: Request) -> bool:
        """Say whether a request was meant for this org.

        Args:
            request: It.
        """
        host = _host(request)
        return not host.endswith(_SUFFIX) or host in _SHARED or self.domain is None or host == self.domain + _SUFFIX

    def instance_url(self, request: Request) -> str:
        """Where a client goes on after signing in.

        Args:
            request: With which it signed in.
        """
        host = _host(request)
        if host in _SHARED:
            return self.own_url
        return f"https://{host}" if host.endswith(_SUFFIX) else self.url

    def audiences(self, request: Request) -> set[str]:
        """Whom an assertion may be meant for.

        Args:
            request: With which it came.
        """
        own = {self.instance_url(request)} if self.domain is None else {f"https://{self.domain}{_SUFFIX}"}
        return {f"https://{self.shared}", *own}


def _host(request: Request) -> str:
    return request.headers.value("Host").lower().removesuffix(":443")
