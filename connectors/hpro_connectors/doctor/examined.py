"""What a connector's own examination hands on to the checks that hold for every CRM."""

from __future__ import annotations

from dataclasses import dataclass

from hpro_connectors.doctor.finding import Finding
from hpro_connectors.protocol import OrgDescription, OrgIdentity


@dataclass(frozen=True, slots=True)
class Examined:
    """An examined org.

    Attributes:
        findings: In the order in which they were made.
        identity: Which org it is; ``None`` where it did not get that far.
        object_type: What is scored, as states and models call it.
        description: What it holds; ``None`` where it cannot be read as configured.
    """

    findings: tuple[Finding, ...]
    identity: OrgIdentity | None = None
    object_type: str = ""
    description: OrgDescription | None = None
