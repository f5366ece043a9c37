"""What a person decides about reading an org: the scored object, its fields, what counts as won, which interactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from hpro_sdk.errors import ConfigError


class ScoredObjectName(StrEnum):
    """The object whose records are scored."""

    LEAD = "Lead"
    CONTACT = "Contact"
    OPPORTUNITY = "Opportunity"


class OutcomeRule(StrEnum):
    """What decides that a record is won.

    Attributes:
        CONVERTED: A lead is won when it is converted.
        OPPORTUNITY: A converted lead is won or lost as its opportunity is; so is an opportunity itself.
        STATUS: The stage alone decides.
    """

    CONVERTED = "converted"
    OPPORTUNITY = "opportunity"
    STATUS = "status"


INTERACTION_STREAMS: Final = ("Task", "Event", "EmailMessage", "Note", "ContentNote")
"""All interaction streams, in the order in which they are read."""

_DEFAULT_RULES: Final = {
    ScoredObjectName.LEAD: OutcomeRule.CONVERTED,
    ScoredObjectName.CONTACT: OutcomeRule.STATUS,
    ScoredObjectName.OPPORTUNITY: OutcomeRule.OPPORTUNITY,
}
_STAGE_FIELDS: Final = {ScoredObjectName.LEAD: "Status", ScoredObjectName.OPPORTUNITY: "StageName"}


@dataclass(frozen=True, slots=True)
class SalesforceSettings:
    """How one scored object of one org is read.

    Attributes:
        scored_object: Whose records are scored.
        fields: Fields to read, by their API names; empty: all that are of use, see
            :mod:`~hpro_connectors.salesforce.mapping.field_choice`.
        field_names: The name in prompts by API name; a field that is not named here keeps its API name.
        stage_field: The picklist that holds the stage; ``None``: ``Status`` of a lead, ``StageName`` of an opportunity.
        interactions: Streams to read; ``None``: all that the org has.
        note_bodies: Whether whole ContentNotes are read, at one call each, instead of their first 255 characters.
        outcome: What decides that a record is won; ``None``: as is usual for the object.
        won_stages: Stages that count as won, by value or label, beside what the CRM says.
        lost_stages: Stages that count as lost; empty: those that Salesforce ships with.
        exclude_field: A checkbox that keeps a record from being scored, by API name or name in prompts.
        describe_hours: How long a description of the org is used.
        describe_cache: File that keeps it for the next process; ``None``: none does.
        page_size: Rows that one REST answer is asked for, from 200 to 2,000.
        bulk_above: More rows than these are written by a Bulk job; fewer than a job has, so that none is left to REST.
        write_job: File that names such a job to the next process; ``None``: none does.

    Raises:
        ConfigError: The settings contradict each other.
    """

    scored_object: ScoredObjectName = ScoredObjectName.LEAD
    fields: tuple[str, ...] = ()
    field_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    stage_field: str | None = None
    interactions: tuple[str, ...] | None = None
    note_bodies: bool = False
    outcome: OutcomeRule | None = None
    won_stages: tuple[str, ...] = ()
    lost_stages: tuple[str, ...] = ()
    exclude_field: str | None = None
    describe_hours: float = 24.0
    describe_cache: Path | None = None
    page_size: int = 2000
    bulk_above: int = 2000
    write_job: Path | None = None

    def __post_init__(self) -> None:
        unknown = [name for name in self.interactions or () if name not in INTERACTION_STREAMS]
        if unknown:
            raise ConfigError(
                f"There are no interactions {unknown[0]!r}.", hint=f"Name some of: {', '.join(INTERACTION_STREAMS)}."
            )
        is_lead = self.scored_object is ScoredObjectName.LEAD
        if self.outcome is OutcomeRule.CONVERTED and not is_lead:
            raise ConfigError("Only leads are converted.", hint='Set outcome to "opportunity" or "status".')
        if self.outcome is OutcomeRule.OPPORTUNITY and self.scored_object is ScoredObjectName.CONTACT:
            raise ConfigError("A contact has no opportunity of its own.", hint='Set outcome to "status".')
        prompts = list(self.field_names.values())
        twice = sorted({name for name in prompts if prompts.count(name) > 1})
        if twice:
            raise ConfigError(
                f"Two fields are called {twice[0]!r}.", hint="Give each a name of its own in field_names."
            )
        both = sorted(set(self.won_stages) & set(self.lost_stages))
        if both:
            raise ConfigError(f"The stage {both[0]!r} is both won and lost.", hint="Name it in one of the lists.")

    @property
    def object_type(self) -> str:
        """The scored object in keys and models: ``lead``, ``contact`` or ``opportunity``."""
        return self.scored_object.value.lower()

    @property
    def rule(self) -> OutcomeRule:
        """What decides that a record is won."""
        return self.outcome or _DEFAULT_RULES[self.scored_object]

    @property
    def follows_opportunity(self) -> bool:
        """Whether a lead is won or lost as its opportunity is."""
        return self.scored_object is ScoredObjectName.LEAD and self.rule is OutcomeRule.OPPORTUNITY

    @property
    def stage_column(self) -> str | None:
        """The field that holds the stage; contacts have none of their own."""
        return self.stage_field or _STAGE_FIELDS.get(self.scored_object)

    @property
    def has_own_stage_field(self) -> bool:
        """Whether the stage is in a field that Salesforce does not make the stage by itself."""
        return self.stage_column != _STAGE_FIELDS.get(self.scored_object)

    @property
    def exclude_column(self) -> str | None:
        """The API name of ``exclude_field``."""
        return None if self.exclude_field is None else self.column_of(self.exclude_field)

    @property
    def exclude_name(self) -> str | None:
        """The name of ``exclude_field`` in prompts and records."""
        return None if self.exclude_column is None else self.prompt_name(self.exclude_column)

    def prompt_name(self, column: str) -> str:
        """Give the name in prompts of a field, by its API name."""
        return self.field_names.get(column, column)

    def column_of(self, name: str) -> str:
        """Give the API name of a field, by either name."""
        return next((column for column, prompt in self.field_names.items() if prompt == name), name)
