"""Whom an activity belongs to: records of the scored object, and persons, told by the ids that it names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hpro_connectors.protocol import RecordKey
from hpro_connectors.salesforce.client.record_ids import is_record_id
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_sdk.lead import LeadKey

PREFIXES: Final = {
    ScoredObjectName.LEAD: "00Q",
    ScoredObjectName.CONTACT: "003",
    ScoredObjectName.OPPORTUNITY: "006",
}
"""What ids of each object begin with, in every org."""

PERSON_PREFIX: Final = PREFIXES[ScoredObjectName.CONTACT]


class Links:
    """Keys of one scored object of one org.

    Args:
        org_id: Of the org.
        scored_object: Whose records are scored.
    """

    def __init__(self, org_id: str, scored_object: ScoredObjectName) -> None:
        self.org_id = org_id
        self.object_type = scored_object.value.lower()
        self.scored_object = scored_object
        self._prefix = PREFIXES[scored_object]

    def lead_key(self, record_id: str) -> LeadKey:
        """Give the key of a scored record."""
        return LeadKey(self.org_id, self.object_type, record_id)

    def record_key(self, object_name: str, record_id: str) -> RecordKey:
        """Give the key of any other record."""
        return RecordKey(self.org_id, object_name, record_id)

    def is_scored(self, record_id: str | None) -> bool:
        """Whether an id is one of the scored object."""
        return record_id is not None and record_id.startswith(self._prefix) and is_record_id(record_id)

    def scored_ids(self, record_ids: Iterable[str]) -> list[str]:
        """Give those that are ids of the scored object, each once."""
        return [one for one in dict.fromkeys(record_ids) if self.is_scored(one)]

    def sort(self, *record_ids: str | None) -> tuple[tuple[LeadKey, ...], tuple[str, ...]]:
        """Give scored records and persons among some ids; a person that is itself scored is a record."""
        found = dict.fromkeys(one for one in record_ids if one)
        leads = tuple(self.lead_key(one) for one in found if self.is_scored(one))
        persons = tuple(one for one in found if one.startswith(PERSON_PREFIX) and not self.is_scored(one))
        return leads, persons
