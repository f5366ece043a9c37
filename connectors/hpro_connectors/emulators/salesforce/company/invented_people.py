"""Names, companies, mail addresses and phones of people who do not exist, and plainly so.

Addresses are of the domains that are kept for examples, and phones of the numbers that are kept for films.
"""

from __future__ import annotations

import random
from typing import NamedTuple

_FIRST_NAMES = (
    "Alma", "Anouk", "Arvo", "Bruno", "Cleo", "Dario", "Edda", "Enzo", "Flora", "Gala", "Hugo", "Ines", "Ida", "Jaro",
    "Juno", "Kalle", "Lena", "Lotte", "Malou", "Marek", "Mira", "Nadia", "Nero", "Odile", "Orla", "Otto", "Pelle",
    "Quinn", "Rhea", "Rosa", "Ruben", "Selma", "Sven", "Tessa", "Tilda", "Uma", "Vito", "Wanda", "Yara", "Zeno",
)  # fmt: skip
_BEGINNINGS = (
    "Ald", "Brim", "Corv", "Drev", "Elm", "Fesk", "Gorl", "Hask", "Ingr", "Jast", "Kelv", "Lusk", "Mord", "Nusk",
    "Orm", "Prusk", "Quell", "Rusk", "Skell", "Torv", "Umbr", "Vesk", "Wulm", "Xand", "Yelv", "Zorn",
)  # fmt: skip
_ENDINGS = ("abrook", "anter", "elmo", "endale", "erby", "ifax", "imoor", "ingsol", "ovan", "umbry", "usk", "yndel")
_TRADES = ("Bakery", "Consulting", "Foods", "Freight", "Gardens", "Labs", "Metals", "Print", "Supplies", "Tools")
_DOMAINS = ("example.com", "example.net", "example.org")
_AREAS = (201, 312, 415, 503, 617, 702, 808, 907)


class InventedPerson(NamedTuple):
    """Somebody who does not exist.

    Attributes:
        first_name: First name.
        last_name: Last name.
        email: Of a domain that is kept for examples.
        phone: Of the numbers that are kept for films.
    """

    first_name: str
    last_name: str
    email: str
    phone: str


def invent_person(company: str, seed: int, number: int) -> InventedPerson:
    """Invent the person behind a lead.

    Args:
        company: Kind of company that the lead is of.
        seed: Of the company.
        number: Of the lead; the same one is always the same person.
    """
    draw = random.Random(f"person:{company}:{seed}:{number}")
    first, last = draw.choice(_FIRST_NAMES), _name(draw)
    return InventedPerson(
        first_name=first,
        last_name=last,
        email=f"{first}.{last}.{number}@{draw.choice(_DOMAINS)}".lower(),
        phone=f"+1 {draw.choice(_AREAS)} 555 01{draw.randrange(100):02}",
    )


def invent_company(company: str, seed: int, account: str) -> str:
    """Invent the name of the company that a lead belongs to.

    Args:
        company: Kind of company that the lead is of.
        seed: Of the company.
        account: Of the lead; the same one always has the same name, which no other one has.
    """
    draw = random.Random(f"account:{company}:{seed}:{account}")
    return f"{_name(draw)} {draw.choice(_TRADES)} {account} (Example)"


def _name(draw: random.Random) -> str:
    return draw.choice(_BEGINNINGS) + draw.choice(_ENDINGS)
