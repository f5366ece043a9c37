from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.salesforce.company.invented_people import invent_company, invent_person

COMPANIES = st.sampled_from(("test_drive", "saas"))


@given(COMPANIES, st.integers(0, 10**9), st.integers(0, 10**7))
def test_nobody_could_be_reached(company: str, seed: int, number: int) -> None:
    person = invent_person(company, seed, number)
    assert re.fullmatch(r"[a-z]+\.[a-z]+\.\d+@example\.(com|net|org)", person.email)
    assert re.fullmatch(r"\+1 \d{3} 555 01\d\d", person.phone)
    assert person == invent_person(company, seed, number)


def test_companies_of_two_accounts_have_two_names_that_say_what_they_are() -> None:
    names = {invent_company("saas", 1, f"A{number:05}") for number in range(2000)}
    assert len(names) == 2000
    assert all(name.endswith("(Example)") for name in names)


def test_another_seed_is_other_people() -> None:
    assert [invent_person("saas", 1, n)[:2] for n in range(9)] != [invent_person("saas", 2, n)[:2] for n in range(9)]


def test_leads_of_a_company_have_many_names() -> None:
    people = {invent_person("test_drive", 1, number)[:2] for number in range(2000)}
    assert len(people) > 1500
    assert len({invent_person("test_drive", 1, number).email for number in range(2000)}) == 2000
