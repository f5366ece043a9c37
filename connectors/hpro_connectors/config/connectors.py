"""The connectors that a ``[crm.NAME]`` may name, and the class of the table for each."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from hpro_connectors.config.crm import CrmConfig, DemoCrm
from hpro_connectors.config.salesforce import SalesforceCrm

CONNECTORS: dict[str, type[CrmConfig]] = {"demo": DemoCrm, "salesforce": SalesforceCrm}
"""The class of ``[crm.NAME]`` for each value of ``connector``."""


def _check_connector(data: object) -> object:
    """Say which connectors there are; Pydantic's own finding would repeat the value."""
    if isinstance(data, dict) and data.get("connector") not in tuple(CONNECTORS):
        known = " or ".join(f'"{name}"' for name in CONNECTORS)
        raise PydanticCustomError("connector", "connector must be {known}", {"known": known})
    return data


AnyCrm = Annotated[DemoCrm | SalesforceCrm, Field(discriminator="connector"), BeforeValidator(_check_connector)]
"""The table of any connector, told apart by ``connector``."""
