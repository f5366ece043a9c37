"""What an examination of a CRM gives, whichever CRM it is: findings, and the checks that hold for every one.

An examination reads and changes nothing. Each check is a small function that yields findings; one that fails is a
finding itself.
"""

from hpro_connectors.doctor.clock import check_clock
from hpro_connectors.doctor.configuration import check_places, check_secrets
from hpro_connectors.doctor.examined import Examined
from hpro_connectors.doctor.exclusion import check_exclusion
from hpro_connectors.doctor.finding import Finding, Level, exit_code_of
from hpro_connectors.doctor.findings import Findings
from hpro_connectors.doctor.funnel import check_funnel
from hpro_connectors.doctor.outcomes import OutcomeCounts, StageCount, check_outcomes

__all__ = [
    "Examined",
    "Finding",
    "Findings",
    "Level",
    "OutcomeCounts",
    "StageCount",
    "check_clock",
    "check_exclusion",
    "check_funnel",
    "check_outcomes",
    "check_places",
    "check_secrets",
    "exit_code_of",
]
