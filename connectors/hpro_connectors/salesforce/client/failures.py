"""A refused request, in one form whatever part of Salesforce refused it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hpro_connectors.errors import Where
from hpro_connectors.salesforce.client.vendor_words import VendorWords

NAME = "salesforce"
"""The connector, in errors."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that Salesforce refused.

    Attributes:
        status: Of HTTP.
        words: What it says; empty where the answer is no data.
        where: What was asked for, such as an object's name.
        retry_after_s: Seconds that the server asks to be left alone for.
        location: Host that a redirect leads to.
    """

    status: int
    words: VendorWords = field(default_factory=lambda: VendorWords("", ""))
    where: str | None = None
    retry_after_s: float | None = None
    location: str = ""

    @property
    def code(self) -> str:
        """The CRM's code in capitals."""
        return self.words.code.upper()

    @property
    def said(self) -> str:
        """Words and status, for a message."""
        return f"{self.words} (HTTP {self.status})" if str(self.words) else f"HTTP {self.status}"

    @property
    def of_what(self) -> str:
        """Such as `` of Lead``, for a message; empty where nothing is known."""
        return f" of {self.where}" if self.where else ""

    def says(self, *parts: str) -> bool:
        """Tell whether one of some lower-case texts is in the message.

        Args:
            *parts: The texts.
        """
        return any(part in self.words.message.lower() for part in parts)

    def told(self, hint: str) -> Where:
        """Give what every error is told beside its message.

        Args:
            hint: The remedy.
        """
        return Where(hint=hint, connector=NAME, stream=self.where)
