"""Examining a Salesforce org: what its user may read and write, what is lost, and what an admin must do about it.

Nothing is written, no Bulk job is begun, and no call is made twice; an examination costs about thirty calls.
"""

from hpro_connectors.salesforce.doctor.examination import Surroundings, examine_salesforce

__all__ = ["Surroundings", "examine_salesforce"]
