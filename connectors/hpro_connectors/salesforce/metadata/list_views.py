"""List views of open leads.

A lead that is won, lost or excluded loses its ranks, so a lead with a rank is an open one; no view has to know which
statuses mean that. A view carries no order of its rows: people click on a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hpro_connectors.fields import Trend
from hpro_connectors.salesforce.metadata.xml import XmlValue
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS
from hpro_sdk.lead import Band

TOP_OF_STAGE: Final = 20
"""How many leads of a stage count as its top."""

_OWNER: Final = "CORE.USERS.ALIAS"
_STANDARD_COLUMNS: Final = ("FULL_NAME", "LEAD.COMPANY", "LEAD.STATUS")
"""Names that list views have for fields of the CRM; these differ from the names that everything else uses."""


@dataclass(frozen=True, slots=True)
class ListViewFilter:
    """A condition on a column.

    Attributes:
        column: API name.
        operation: As list views call it, such as ``greaterOrEqual``.
        value: What the column is compared with.
    """

    column: str
    operation: str
    value: str


@dataclass(frozen=True, slots=True)
class ListView:
    """A list of leads that meet all of some conditions.

    Attributes:
        name: API name.
        label: As people see it.
        filters: The conditions.
        only_own: Whether everybody sees only leads of their own.
    """

    name: str
    label: str
    filters: tuple[ListViewFilter, ...]
    only_own: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, as list views name them."""
        ours = tuple(SCORE_COLUMNS[name] for name in ("score", "band", "trend", "stage_rank", "stage_size"))
        return (*_STANDARD_COLUMNS, *ours, *(() if self.only_own else (_OWNER,)), SCORE_COLUMNS["scored_at"])

    def to_metadata(self) -> Mapping[str, XmlValue]:
        """Describe it as metadata of type ``ListView``, its elements in the order of that type."""
        return {
            "fullName": self.name,
            "columns": self.columns,
            "filterScope": "Mine" if self.only_own else "Everything",
            "filters": tuple(
                {"field": one.column, "operation": one.operation, "value": one.value} for one in self.filters
            ),
            "label": self.label,
        }


_RANKED: Final = ListViewFilter(SCORE_COLUMNS["rank"], "greaterOrEqual", "1")


def _has(name: str, value: str) -> tuple[ListViewFilter, ...]:
    return (_RANKED, ListViewFilter(SCORE_COLUMNS[name], "equals", value))


LIST_VIEWS: Final = (
    ListView("HPRO_Hot_Now", "HPRO: Hot now", _has("band", Band.A)),
    ListView("HPRO_Rising", "HPRO: Rising", _has("trend", Trend.IMPROVING)),
    ListView("HPRO_Going_Cold", "HPRO: Going cold", _has("trend", Trend.DECLINING)),
    ListView(
        "HPRO_Top_Of_My_Stage",
        "HPRO: Top of my stage",
        (_RANKED, ListViewFilter(SCORE_COLUMNS["stage_rank"], "lessOrEqual", str(TOP_OF_STAGE))),
        only_own=True,
    ),
)
"""All list views of leads."""
