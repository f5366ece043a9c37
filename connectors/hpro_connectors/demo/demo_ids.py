"""Ids of the demo orgs: fixed, so that everything can tell invented companies from real ones."""

from __future__ import annotations

DEMO_ORG_IDS = {"test_drive": "hpro-demo-test-drive", "saas": "hpro-demo-saas"}
"""Org id of an org file, by kind of company."""

SALESFORCE_DEMO_ORG_IDS = {"test_drive": "00DHPRO000000012DA", "saas": "00DHPRO000000022DA"}
"""Org id of an emulated Salesforce, by kind of company; in the form of Salesforce, and of no real org."""


def is_demo_org(org_id: str) -> bool:
    """Say whether an org is one of the invented companies.

    Args:
        org_id: As the connector's identity gives it.
    """
    return org_id in {*DEMO_ORG_IDS.values(), *SALESFORCE_DEMO_ORG_IDS.values()}
