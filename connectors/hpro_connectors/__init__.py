"""Connectors: leads out of a CRM, scores back into it, again and again without losing or doubling a write.

Everything that goes wrong between HPRO and a CRM is a :class:`~hpro_connectors.errors.ConnectorError`, and its
class says what to do next: try again, skip the record, or stop.
"""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
