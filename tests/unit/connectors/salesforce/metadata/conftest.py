"""The judge of the project's XML: the types of the metadata WSDL that the installed client library brings."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import simple_salesforce

etree: Any = importlib.import_module("lxml.etree")  # comes with simple-salesforce; it has no types of its own

XSD = "{http://www.w3.org/2001/XMLSchema}"
KINDS = ("CustomField", "PermissionSet", "ListView")


class MetadataTypes:
    """Judges components by the schema inside the WSDL, in which a type says nothing of files and their root."""

    def __init__(self) -> None:
        wsdl = etree.parse(str(Path(simple_salesforce.__file__).with_name("metadata.wsdl")))
        self.version = float(str(wsdl.xpath("string(//comment())")).split("API version")[1].split()[0])
        within = wsdl.find(f".//{XSD}schema")
        for kind in KINDS:
            etree.SubElement(within, f"{XSD}element", name=kind, type=f"tns:{kind}")
        self._schema = etree.XMLSchema(etree.fromstring(etree.tostring(within)))

    def faults(self, xml: str) -> list[str]:
        """What is wrong with a component; empty where nothing is."""
        self._schema.validate(etree.fromstring(xml.encode()))
        return [error.message for error in self._schema.error_log]


@pytest.fixture(scope="session")
def metadata_types() -> MetadataTypes:
    return MetadataTypes()
