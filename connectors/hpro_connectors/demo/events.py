"""What happens in a simulated company: leads, and dated events on them; what an org file is filled from.

Events carry the text as people typed it (HTML, quoted mail, typing errors); the connector cleans it when it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hpro_sdk.lead import FieldValue, InteractionKind, Speaker


@dataclass(frozen=True, slots=True)
class SimulatedOwner:
    """A rep of the company."""

    owner_id: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class SimulatedLead:
    """A lead as it is created.

    Attributes:
        lead_id: Its id, the same in every run of the same seed.
        person_id: The person; two records of one person have the same.
        account_id: The company that the person belongs to, or ``None``.
        owner_id: The rep.
        created_at: When.
        stage: The stage it is created in.
        fields: Values at creation.
    """

    lead_id: str
    person_id: str
    account_id: str | None
    owner_id: str
    created_at: datetime
    stage: str
    fields: Mapping[str, FieldValue]


@dataclass(frozen=True, slots=True)
class InteractionLogged:
    """An interaction was entered at ``at``; it happened at ``occurred_at``, which may be days before."""

    at: datetime
    lead_id: str
    interaction_id: str
    kind: InteractionKind
    speaker: Speaker | None
    text: str
    call_seconds: int | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class InteractionEdited:
    """The text of an interaction was changed."""

    at: datetime
    lead_id: str
    interaction_id: str
    text: str


@dataclass(frozen=True, slots=True)
class StageEntered:
    """A lead went to another stage; won and lost are stages too."""

    at: datetime
    lead_id: str
    stage: str


@dataclass(frozen=True, slots=True)
class FieldSet:
    """A field got another value; ``tracked`` says whether the CRM keeps the old one."""

    at: datetime
    lead_id: str
    field: str
    old: FieldValue
    new: FieldValue
    tracked: bool


@dataclass(frozen=True, slots=True)
class LeadDeleted:
    """A lead was deleted."""

    at: datetime
    lead_id: str


@dataclass(frozen=True, slots=True)
class LeadMerged:
    """A lead was merged into another one of the same person."""

    at: datetime
    lead_id: str
    survivor_id: str


@dataclass(frozen=True, slots=True)
class LeadCreated:
    """A lead was created."""

    at: datetime
    lead: SimulatedLead


Event = LeadCreated | InteractionLogged | InteractionEdited | StageEntered | FieldSet | LeadDeleted | LeadMerged
"""Whatever happens; ``at`` is when the CRM learns of it, and orders them."""
