"""Examining a configured CRM: its connector's own examination, and what HPRO keeps beside it."""

from hpro_connectors.orgs.doctor.examine import Checkup, examine

__all__ = ["Checkup", "examine"]
