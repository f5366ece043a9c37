"""What `hpro emulate` prints: where the emulator is, and how HPRO is told to use it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from hpro_connectors.demo.demo_ids import SALESFORCE_DEMO_ORG_IDS
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_connectors.demo.simulator.life import LOST
from hpro_connectors.emulators.salesforce.company.demo_schema import names_known_at_creation, prompt_names
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.users import user_name
from hpro_connectors.emulators.salesforce.wire.hosts import DEFAULT_DOMAIN
from hpro_sdk._files import write_private

VARIABLE = "HPRO_CRM__MAIN__CONSUMER_SECRET"


def crm_table(emulator: SalesforceEmulator, key_file: Path | None) -> str:
    """The table of ``hpro.toml`` that reads an emulator.

    Args:
        emulator: Which.
        key_file: Where its private key lies; then the JWT flow is used.
    """
    lines = ["[crm.main]", 'connector = "salesforce"', f'domain = "{DEFAULT_DOMAIN}"', f'emulator = "{emulator.url}"']
    lines.append(f'consumer_key = "{emulator.app.consumer_key}"')
    if key_file is not None:
        lines += [
            'sign_in = "jwt"',
            f'username = "{user_name(emulator.org, emulator.org.integration_user_id)}"',
            f"private_key_file = {json.dumps(str(key_file.absolute()), ensure_ascii=False)}",
        ]
    company = {org_id: name for name, org_id in SALESFORCE_DEMO_ORG_IDS.items()}.get(emulator.org.org_id)
    if company is not None:
        lines += [f'lost_stages = ["{LOST}"]', "", "[crm.main.field_names]"]
        lines += [f'{field} = "{name}"' for field, name in prompt_names(COMPANIES[company]).items()]
        known = ", ".join(f'"{name}"' for name in names_known_at_creation(COMPANIES[company]))
        lines += ["", "[crm.main.training]", f"known_at_creation = [{known}]"]
    return "\n".join(lines)


def environment(emulator: SalesforceEmulator, key_file: Path | None) -> dict[str, str]:
    """The variables that hold the secrets.

    Args:
        emulator: Which.
        key_file: Where its private key lies; then there is no other secret.
    """
    return {} if key_file is not None else {VARIABLE: emulator.app.consumer_secret}


def ready_json(emulator: SalesforceEmulator, key_file: Path | None) -> dict[str, object]:
    """What a program needs to know.

    Args:
        emulator: Which.
        key_file: Where its private key lies.
    """
    org = emulator.org
    return {
        "url": emulator.url,
        "org_id": org.org_id,
        "clock": org.clock.now(),
        "domain": DEFAULT_DOMAIN,
        "consumer_key": emulator.app.consumer_key,
        "consumer_secret": emulator.app.consumer_secret,
        "username": user_name(org, org.integration_user_id),
        "key_file": key_file,
        "pid": os.getpid(),
        "config": crm_table(emulator, key_file),
        "environment": environment(emulator, key_file),
    }


def print_ready(emulator: SalesforceEmulator, key_file: Path | None) -> None:
    """Say that it can be used, and how.

    Args:
        emulator: Which.
        key_file: Where its private key lies.
    """
    click.echo(f"An emulated Salesforce is at {emulator.url}; it is {emulator.org.clock.now():%Y-%m-%d} there.")
    click.echo("\nIn hpro.toml:\n")
    click.echo(crm_table(emulator, key_file))
    if variables := environment(emulator, key_file):
        click.echo("\nIn the shell that HPRO runs in:\n")
        click.echo("\n".join(f"export {name}={value}" for name, value in variables.items()))
    click.echo("\nHPRO's fields, as an admin makes them:\n")
    click.echo(f"curl -s -X POST {emulator.url}/emulator/admin-session | hpro fields install --session -")
    click.echo(f"\nA week later: curl -X POST '{emulator.url}/emulator/advance?days=7'. Ctrl-C ends it.")


def what_went_wrong(emulator: SalesforceEmulator, *, strict: bool) -> list[str]:
    """Give lines about what it ends with 1 for; none where all was well.

    Args:
        emulator: Which.
        strict: Whether requests beyond a documented limit are among it.
    """
    lines = []
    if emulator.crashes:
        lines += ["The emulator itself failed to answer:", *(repr(crash) for crash in emulator.crashes)]
    if strict and emulator.violations:
        lines += ["Requests went beyond a documented limit:", *map(str, emulator.violations)]
    return lines


def write_key(emulator: SalesforceEmulator, key_file: Path) -> None:
    """Write the private key of the JWT flow where only its owner can read it.

    Args:
        emulator: Whose.
        key_file: Where.

    Raises:
        ConfigError: It cannot be written there.
        OutputError: The disk is full, or the write failed otherwise.
    """
    write_private(key_file, emulator.app.private_key_pem)
