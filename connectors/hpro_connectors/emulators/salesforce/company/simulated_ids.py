"""Ids of simulated records in an emulated Salesforce org: those of the simulator, written as Salesforce writes ids.

The same lead has the same id in every run of every seed, and the simulator's id can be read from it.
"""

from __future__ import annotations

import re

from hpro_connectors.emulators.salesforce.org.ids import make_id

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_INSTANCE = "Sm"  # ids that the org gives itself have another one

LEAD, USER, TASK, EVENT, EMAIL, NOTE, CONTENT_NOTE = "00Q", "005", "00T", "00U", "02s", "002", "069"
_BEFORE_DIGITS = f"{LEAD}{_INSTANCE}0"

_LEAD_ID = re.compile(r"L(\d+)(D?)")
_OWNER_ID = re.compile(r"rep-(\d+)")
_INTERACTION_ID = re.compile(r"I(\d+)-(?:(dup)|end(\d+)|(\d+))")
_DUPLICATE_SLOT, _FIRST_END_SLOT, _FIRST_SLOT, _SLOTS = 0, 1, 1000, 100_000


def record_id(prefix: str, number: int) -> str:
    """Give an id of 18 characters.

    Args:
        prefix: Of the object, three characters.
        number: Of the record within its object.
    """
    return make_id(prefix, number, instance=_INSTANCE)


def lead_number(lead_id: str) -> tuple[int, bool]:
    """Give the number of a simulated lead in its company, and whether it is the duplicate of that lead.

    Args:
        lead_id: As the simulator gives it.

    Raises:
        ValueError: It is no such id.
    """
    match = _LEAD_ID.fullmatch(lead_id)
    if match is None:
        raise ValueError(f"{lead_id!r} is not the id of a simulated lead")
    return int(match[1]), bool(match[2])


def lead_record_id(lead_id: str) -> str:
    """Give the id that a simulated lead has in the org.

    Args:
        lead_id: As the simulator gives it.
    """
    number, is_duplicate = lead_number(lead_id)
    return record_id(LEAD, 2 * number + is_duplicate)


def simulated_lead_id(record: str) -> str:
    """Give the simulator's id of a lead in the org.

    Args:
        record: Of 15 or 18 characters.

    Raises:
        ValueError: No simulated lead has this id.
    """
    digits = record[len(_BEFORE_DIGITS) : 15]
    if not record.startswith(_BEFORE_DIGITS) or not digits or not set(digits) <= set(_DIGITS):
        raise ValueError(f"{record!r} is not the record of a simulated lead")
    number = 0
    for digit in digits:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return f"L{number // 2:06}{'D' if number % 2 else ''}"


def interaction_number(interaction_id: str) -> int:
    """Give a number that only this interaction of a company has.

    Args:
        interaction_id: As the simulator gives it.

    Raises:
        ValueError: It is no such id.
    """
    match = _INTERACTION_ID.fullmatch(interaction_id)
    if match is None:
        raise ValueError(f"{interaction_id!r} is not the id of a simulated interaction")
    lead, duplicate, end, number = match.groups()
    if duplicate:
        slot = _DUPLICATE_SLOT
    else:
        slot = _FIRST_END_SLOT + int(end) if end is not None else _FIRST_SLOT + int(number)
    return int(lead) * _SLOTS + slot


def interaction_record_id(prefix: str, interaction_id: str) -> str:
    """Give the id that a simulated interaction has in the org.

    Args:
        prefix: Of the object that it becomes.
        interaction_id: As the simulator gives it.
    """
    return record_id(prefix, interaction_number(interaction_id))


def user_record_id(owner_id: str) -> str:
    """Give the id that a simulated rep has as a user of the org.

    Args:
        owner_id: As the simulator gives it, such as ``rep-3``.

    Raises:
        ValueError: It is no such id.
    """
    match = _OWNER_ID.fullmatch(owner_id)
    if match is None:
        raise ValueError(f"{owner_id!r} is not the id of a simulated rep")
    return record_id(USER, int(match[1]))
