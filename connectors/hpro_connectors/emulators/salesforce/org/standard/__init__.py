"""Objects that an org has from its first day."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.standard.activities import ACTIVITIES
from hpro_connectors.emulators.salesforce.org.standard.histories import HISTORIES
from hpro_connectors.emulators.salesforce.org.standard.notes import NOTES
from hpro_connectors.emulators.salesforce.org.standard.people import PEOPLE
from hpro_connectors.emulators.salesforce.org.standard.sales import SALES
from hpro_connectors.emulators.salesforce.org.standard.setup import SETUP

STANDARD_OBJECTS: tuple[ObjectSchema, ...] = (*PEOPLE, *SALES, *ACTIVITIES, *NOTES, *HISTORIES, *SETUP)
"""All of them."""

__all__ = ["STANDARD_OBJECTS"]
