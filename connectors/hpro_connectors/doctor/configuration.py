"""Whether what the configuration names can be used: folders, files, secrets."""

from __future__ import annotations

from collections.abc import Iterator

from hpro_connectors.config import CrmConfig
from hpro_connectors.doctor.finding import Finding

_AREA = "configuration"


def check_places(crm: CrmConfig) -> Iterator[Finding]:
    """Say which places cannot be used.

    Args:
        crm: The CRM's table.
    """
    problems = crm.place_problems()
    for problem in problems:
        yield Finding.problem(_AREA, f"{_sentence(problem)}.", "Correct it in hpro.toml, or make the place.")
    if not problems:
        yield Finding.ok(_AREA, "The places that hpro.toml names can be used.")


def check_secrets(crm: CrmConfig) -> Iterator[Finding]:
    """Say which secrets cannot be fetched; without one there is no sign-in.

    Args:
        crm: The CRM's table.
    """
    problems = crm.secret_problems()
    for problem in problems:
        yield Finding.fatal(
            "secrets",
            f"{_sentence(problem)}.",
            "Give it there; `hpro config check` looks at that again without a sign-in.",
        )
    if crm.secret_keys and not problems:
        yield Finding.ok("secrets", "The secrets can be fetched.")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
