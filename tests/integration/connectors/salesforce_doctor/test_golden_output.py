"""What people and programs read, byte for byte: of an org in which all is fine, and of one that was never prepared.

To write the golden files anew: ``GOLDEN_UPDATE=1 pytest`` this file; the tests then fail, so that a run which writes is
never green.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

from .conftest import Doctor

GOLDEN = Path(__file__).parents[3] / "golden"


def check(name: str, said: str) -> None:
    file = GOLDEN / name
    if os.environ.get("GOLDEN_UPDATE"):
        file.write_text(said, "utf-8")
        pytest.fail(f"{name} was written anew")
    assert said == file.read_text("utf-8")


def test_the_table_of_an_org_in_which_all_is_fine(examine: Doctor) -> None:
    code, out, _ = examine.run()
    assert code == 0
    check("doctor_fine.txt", out)


class TestAnOrgThatWasNeverPrepared:
    @pytest.fixture
    def org(self, bare_org: SalesforceOrg) -> SalesforceOrg:
        bare_org.schema.track("Lead", "Status", on=False)
        bare_org.schema.remove_object("Note")
        bare_org.access.hide_field("Task", "Description", user_id=bare_org.integration_user_id)
        return bare_org

    @pytest.mark.parametrize(("arguments", "name"), [((), "doctor_bare.txt"), (("--json",), "doctor_bare.json")])
    def test_the_output(self, examine: Doctor, arguments: tuple[str, ...], name: str) -> None:
        code, out, err = examine.run(*arguments)
        assert (code, err) == (2, "")
        check(name, out)


def test_the_table_of_an_org_that_cannot_be_reached(examine: Doctor) -> None:
    examine.configure(domain="other.my")
    code, out, _ = examine.run()
    assert code == 1
    check("doctor_no_way_in.txt", out)
