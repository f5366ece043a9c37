"""What is wrong with a query, and where."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault

_SHOWN = 40


def fault_at(soql: str, position: int, code: str, message: str) -> ApiFault:
    """Say what is wrong with a query, with the piece of it that is meant.

    Args:
        soql: The query.
        position: Where in it, from 0.
        code: The error code.
        message: What is wrong.
    """
    row = soql.count("\n", 0, position) + 1
    begins = soql.rfind("\n", 0, position) + 1
    ends = soql.find("\n", position)
    line = soql[begins : len(soql) if ends < 0 else ends]
    column = position - begins
    start = max(0, column - _SHOWN)
    piece = line[start : column + _SHOWN]
    arrow = " " * (column - start) + "^"
    return ApiFault(400, code, f"\n{piece}\n{arrow}\nERROR at Row:{row}:Column:{column + 1}\n{message}")


def malformed(soql: str, position: int, message: str) -> ApiFault:
    """Say that a text is no query."""
    return fault_at(soql, position, "MALFORMED_QUERY", message)


def unexpected(soql: str, position: int, token: str) -> ApiFault:
    """Say that something stands where it may not."""
    return malformed(soql, position, f"unexpected token: '{token or '<EOF>'}'")
