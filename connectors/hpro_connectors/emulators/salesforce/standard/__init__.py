"""Objects that an org has from its first day."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.standard.activities import ACTIVITIES
from hpro_connectors.emulators.salesforce.standard.histories import HISTORIES
from hpro_connectors.emulators.salesforce.standard.notes import NOTES
from hpro_connectors.emulators.salesforce.standard.people import PEOPLE
from hpro_connectors.emulators.salesforce.standard.sales import SALES
from hpro_connectors.emulators.salesforce.standard.setup import SETUP

STANDARD_OBJECTS: tuple[ObjectSchema, ...] = (*PEOPLE, *SALES, *ACTIVITIES, *NOTES, *HISTORIES, *SETUP)
"""All of them."""

__all__ = ["STANDARD_OBJECTS"]
