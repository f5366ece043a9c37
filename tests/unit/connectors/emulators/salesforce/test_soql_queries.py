from __future__ import annotations

from datetime import timedelta

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values
from hpro_connectors.emulators.salesforce.org.querying import OpenQuery, QueryResult
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.unit.connectors.emulators.salesforce.conftest import Ask


def fault(ask: Ask, soql: str) -> ApiFault:
    with pytest.raises(ApiFault) as caught:
        ask(soql)
    return caught.value


def names(org: SalesforceOrg, *values: str | None) -> list[str]:
    return [org.create("Lead", {"LastName": "x", "Title": value}) for value in values]


def test_values_are_those_of_rest(org: SalesforceOrg, ask: Ask) -> None:
    made = org.create(
        "Lead",
        {
            "LastName": "Muster",
            "AnnualRevenue": 5000,
            "NumberOfEmployees": 12,
            "Street": "Am Markt 1",
            "EmailBouncedDate": "2026-01-02T04:04:05.600+01:00",
            "DoNotCall": True,
        },
    )
    org.convert_lead(made)
    (row,) = ask(
        "SELECT Id, Name, FirstName, AnnualRevenue, NumberOfEmployees, EmailBouncedDate, DoNotCall, IsConverted,"
        " ConvertedDate, Address FROM Lead"
    )
    assert row[:9] == (made, "Muster", None, 5000.0, 12, "2026-01-02T03:04:05.000+0000", True, True, "2026-03-02")
    assert isinstance(row[3], float)
    assert isinstance(row[4], int)
    assert row[9] == {
        "city": None,
        "country": None,
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": None,
        "state": None,
        "street": "Am Markt 1",
    }


def test_an_address_without_parts_is_null(ask: Ask, org: SalesforceOrg) -> None:
    names(org, "a")
    assert ask("SELECT Address FROM Lead") == [(None,)]


def test_names_are_given_as_the_schema_has_them(org: SalesforceOrg, lead_id: str) -> None:
    found = org.run_query("select ID, lead.lastname, OWNER.name from LEAD", user_id=org.integration_user_id)
    assert (found.object_name, found.columns) == ("Lead", ("Id", "LastName", "Owner.Name"))
    assert found.rows == [(lead_id, "Muster", "Ada Admin")]


def test_an_alias_of_the_object(ask: Ask, lead_id: str) -> None:
    assert ask("SELECT l.Id FROM Lead l WHERE l.City = 'Bonn' ORDER BY l.Id") == [(lead_id,)]


def test_counting(org: SalesforceOrg, lead_id: str) -> None:
    found = org.run_query("SELECT COUNT() FROM Lead", user_id=org.integration_user_id)
    assert (found.count, found.rows, found.columns) == (1, [], ())
    assert org.run_query("SELECT COUNT() FROM Lead LIMIT 0", user_id=None).count == 0


def test_grouping(org: SalesforceOrg, ask: Ask) -> None:
    names(org, "a", "b", "a")
    found = org.run_query(
        "SELECT Title, COUNT(Id) n, COUNT_DISTINCT(Title) FROM Lead GROUP BY Title ORDER BY Title", user_id=None
    )
    assert (found.columns, found.rows, found.grouped) == (("Title", "n", "expr0"), [("a", 2, 1), ("b", 1, 1)], True)
    assert "must be grouped" in fault(ask, "SELECT Title, COUNT(Id) FROM Lead").message
    assert ask("SELECT MAX(CreatedDate), MIN(Title) FROM Lead") == [("2026-03-02T09:00:00.000+0000", "a")]
    assert "does not support aggregate" in fault(ask, "SELECT SUM(Title) FROM Lead").message


def test_text_is_compared_without_regard_to_case(org: SalesforceOrg, ask: Ask) -> None:
    made = names(org, "Straße", "STRASSE", "Ölwerk", "ölwerk", "abc", "ABC")
    assert ask("SELECT Id FROM Lead WHERE Title = 'aBc' ORDER BY Id") == [(made[4],), (made[5],)]
    assert ask("SELECT Id FROM Lead WHERE Title = 'ÖLWERK' ORDER BY Id") == [(made[2],), (made[3],)]
    assert ask("SELECT Id FROM Lead WHERE Title IN ('ÖLWERK', 'abc') ORDER BY Id") == [(one,) for one in made[2:]]
    assert ask("SELECT Id FROM Lead WHERE Title LIKE 'öl%' ORDER BY Id") == [(made[2],), (made[3],)]


def test_patterns(org: SalesforceOrg, ask: Ask) -> None:
    made = names(org, "50% off", "50 cent", "a_b", "axb", None)
    assert ask("SELECT Id FROM Lead WHERE Title LIKE '50%' ORDER BY Id") == [(made[0],), (made[1],)]
    assert ask(r"SELECT Id FROM Lead WHERE Title LIKE '50\%%'") == [(made[0],)]
    assert ask(r"SELECT Id FROM Lead WHERE Title LIKE 'a\_b'") == [(made[2],)]
    assert ask("SELECT Id FROM Lead WHERE Title LIKE 'a_b' ORDER BY Id") == [(made[2],), (made[3],)]
    assert ask("SELECT Id FROM Lead WHERE (NOT Title LIKE '%') ORDER BY Id") == [(made[4],)]


def test_what_is_unlike_a_value_may_be_empty(org: SalesforceOrg, ask: Ask) -> None:
    made = names(org, "a", "b", None)
    assert ask("SELECT Id FROM Lead WHERE Title != 'a' ORDER BY Id") == [(made[1],), (made[2],)]
    assert ask("SELECT Id FROM Lead WHERE Title NOT IN ('a') ORDER BY Id") == [(made[1],), (made[2],)]
    assert ask("SELECT Id FROM Lead WHERE Title NOT IN ('a', null)") == [(made[1],)]
    assert ask("SELECT Id FROM Lead WHERE Title IN ('a', null) ORDER BY Id") == [(made[0],), (made[2],)]
    assert ask("SELECT Id FROM Lead WHERE NOT (Title > 'a') ORDER BY Id") == [(made[0],), (made[2],)]
    assert ask("SELECT Id FROM Lead WHERE Title = null") == [(made[2],)]
    assert ask("SELECT Id FROM Lead WHERE Title = ''") == [(made[2],)]
    assert ask("SELECT Id FROM Lead WHERE Title != '' ORDER BY Id") == [(made[0],), (made[1],)]
    assert ask("SELECT Id FROM Lead WHERE Title IN ('')") == [(made[2],)]


def test_ids_are_compared_in_both_lengths(ask: Ask, lead_id: str) -> None:
    for text in (lead_id, lead_id[:15], lead_id.lower()):
        assert ask(f"SELECT Id FROM Lead WHERE Id = '{text}'") == [(lead_id,)]
    assert ask(f"SELECT Id FROM Lead WHERE Id > '{lead_id}'") == []
    caught = fault(ask, "SELECT Id FROM Lead WHERE Id = 'nonsense'")
    assert caught.code == "INVALID_QUERY_FILTER_OPERATOR"
    assert caught.message.endswith("invalid ID field: nonsense")


def test_order(org: SalesforceOrg, ask: Ask) -> None:
    made = names(org, "b", None, "A", "a")
    by_title = [made[1], made[2], made[3], made[0]]
    assert ask("SELECT Id FROM Lead ORDER BY Title, Id") == [(one,) for one in by_title]
    assert ask("SELECT Id FROM Lead ORDER BY Title ASC NULLS LAST, Id") == [(one,) for one in [*by_title[1:], made[1]]]
    assert ask("SELECT Id FROM Lead ORDER BY Title DESC NULLS LAST, Id DESC") == [
        (one,) for one in [made[0], made[3], made[2], made[1]]
    ]
    assert ask("SELECT Id FROM Lead ORDER BY Id LIMIT 2 OFFSET 1") == [(made[1],), (made[2],)]


def test_parents_of_parents(org: SalesforceOrg, ask: Ask) -> None:
    account = org.create("Account", {"Name": "Muster AG"})
    contact = org.create("Contact", {"LastName": "M", "AccountId": account})
    role = org.create(
        "OpportunityContactRole",
        {"ContactId": contact, "OpportunityId": org.create("Opportunity", {"Name": "x", "StageName": "Prospecting"})},
    )
    assert ask("SELECT Contact.Account.Name, Contact.Account.Owner.Name FROM OpportunityContactRole") == [
        ("Muster AG", "Ada Admin")
    ]
    assert ask("SELECT Id FROM OpportunityContactRole WHERE Contact.Account.Name = 'muster ag'") == [(role,)]


def test_a_parent_that_may_be_of_several_objects(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    contact = org.create("Contact", {"LastName": "Beispiel"})
    for who in (lead_id, contact, None):
        org.create("Task", {"Subject": "x", "WhoId": who})
    assert ask("SELECT Who.Name, Who.Type FROM Task ORDER BY Id") == [
        ("Eva Muster", "Lead"),
        ("Beispiel", "Contact"),
        (None, None),
    ]
    assert ask("SELECT COUNT(Id) FROM Task WHERE Who.Type = 'Lead'") == [(1,)]
    assert "No such column 'Company' on entity 'Name'" in fault(ask, "SELECT Who.Company FROM Task").message


def test_the_call_of_a_mail_is_found_through_it(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    task = org.create("Task", {"Subject": "m", "WhoId": lead_id, "TaskSubtype": "Email"})
    alone = org.create("Task", {"Subject": "m", "WhoId": lead_id, "TaskSubtype": "Email"})
    org.create("EmailMessage", {"ActivityId": task, "Subject": "m"})
    org.create("EmailMessage", {"Subject": "of nothing"})
    assert ask("SELECT Activity.WhoId FROM EmailMessage ORDER BY Id") == [(lead_id,), (None,)]
    assert ask(
        "SELECT Id FROM Task WHERE TaskSubtype = 'Email' AND Id NOT IN (SELECT ActivityId FROM EmailMessage)"
    ) == [(alone,)]
    assert ask("SELECT Id FROM Task WHERE Id IN (SELECT ActivityId FROM EmailMessage WHERE Subject = 'm')") == [(task,)]


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id, Foo FROM Lead", "INVALID_FIELD", "No such column 'Foo' on entity 'Lead'. If you are attempting"),
        ("SELECT Id FROM Lead WHERE Foo__c = 1", "INVALID_FIELD", "No such column 'Foo__c' on entity 'Lead'."),
        ("SELECT Id FROM Lead ORDER BY Foo", "INVALID_FIELD", "No such column 'Foo' on entity 'Lead'."),
        ("SELECT Owner.Foo FROM Lead", "INVALID_FIELD", "No such column 'Foo' on entity 'Name'."),
        (
            "SELECT Contact.Foo FROM OpportunityContactRole",
            "INVALID_FIELD",
            "No such column 'Foo' on entity 'Contact'.",
        ),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Boss' in field path."),
        ("SELECT Id FROM Leadd", "INVALID_TYPE", "sObject type 'Leadd' is not supported. If you are attempting"),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        (
            "SELECT Id FROM Lead WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a",
        ),
        ("SELECT Id FROM Lead WHERE Address = 'x'", "INVALID_FIELD", "field 'Address' can not be filtered in a query"),
        ("SELECT Id FROM LeadHistory WHERE OldValue = 'x'", "INVALID_FIELD", "field 'OldValue' can not be filtered"),
        ("SELECT Id FROM Lead ORDER BY Description", "MALFORMED_QUERY", "field 'Description' can not be sorted in a"),
        ("SELECT COUNT(Id) FROM Lead GROUP BY CreatedDate", "MALFORMED_QUERY", "'CreatedDate' can not be grouped"),
        (
            "SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01T00:00:00Z'",
            "INVALID_FIELD",
            "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in",
        ),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE ConvertedDate > 2026-01-01T00:00:00Z", "INVALID_FIELD", "must be of type date"),
        ("SELECT Id FROM Lead WHERE IsConverted = 'true'", "INVALID_FIELD", "must be of type boolean"),
        ("SELECT Id FROM Lead WHERE AnnualRevenue = '1'", "INVALID_FIELD", "must be of type currency"),
        ("SELECT Id FROM Lead WHERE Title = 1", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Lead WHERE Title = TODAY", "INVALID_FIELD", "must be of type string"),
        ("SELECT Id FROM Lead WHERE Id = 1", "INVALID_FIELD", "must be of type ID and should be enclosed in quotes"),
        (
            "SELECT Id FROM Lead WHERE IsConverted > true",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on boolean",
        ),
        ("SELECT Id FROM Lead WHERE OwnerId LIKE '005%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id"),
        ("SELECT Id FROM Lead WHERE Title INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on"),
        ("SELECT Id FROM Lead WHERE Title > null", "INVALID_FIELD", "invalid operator on null value"),
        (
            "SELECT Id FROM Task WHERE Subject = 'x' OR Id IN (SELECT ActivityId FROM EmailMessage)",
            "MALFORMED_QUERY",
            "Semi join sub-selects are only allowed at the top level",
        ),
        (
            "SELECT Id FROM Lead WHERE Id IN (SELECT WhoId FROM Task)",
            "MALFORMED_QUERY",
            "Entity 'Task' is not supported",
        ),
        (
            "SELECT Id FROM Lead WHERE Id IN (SELECT Id FROM Lead)",
            "MALFORMED_QUERY",
            "should not be on the same object",
        ),
        (
            "SELECT Id FROM Task WHERE Id IN (SELECT Subject FROM EmailMessage)",
            "MALFORMED_QUERY",
            "only query id fields",
        ),
        (
            "SELECT Id FROM Task WHERE Subject IN (SELECT Id FROM EmailMessage)",
            "MALFORMED_QUERY",
            "only query id fields",
        ),
        (
            "SELECT Id FROM Task WHERE Id IN (SELECT Id FROM EmailMessage LIMIT 1)",
            "MALFORMED_QUERY",
            "ordered or limited",
        ),
        ("SELECT COUNT(), Id FROM Lead", "MALFORMED_QUERY", "Grouped query cannot use COUNT()"),
        ("SELECT Id FROM ContentDocumentLink", "MALFORMED_QUERY", "Implementation restriction: ContentDocumentLink"),
        ("SELECT Id FROM FieldDefinition", "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "a filter on a reified column"),
    ],
)
def test_what_a_query_may_not(ask: Ask, soql: str, code: str, words: str) -> None:
    caught = fault(ask, soql)
    assert (caught.status, caught.code) == (400, code)
    assert words in caught.message


def test_a_missing_column_is_shown_where_it_stands(ask: Ask) -> None:
    assert fault(ask, "SELECT Id, Foo FROM Lead").message.startswith(
        "\nSELECT Id, Foo FROM Lead\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo'"
    )


def test_links_of_documents_are_found_by_what_they_link(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    note = org.create("ContentNote", {"Title": "x", "Content": b"<p>hello</p>"})
    link = org.create("ContentDocumentLink", {"ContentDocumentId": note, "LinkedEntityId": lead_id})
    for condition in (f"LinkedEntityId = '{lead_id}'", f"ContentDocumentId IN ('{note}') AND ShareType = 'V'"):
        assert ask(f"SELECT Id FROM ContentDocumentLink WHERE {condition}") == [(link,)]
    caught = fault(ask, f"SELECT Id FROM ContentDocumentLink WHERE LinkedEntityId = '{lead_id}' OR ShareType = 'V'")
    assert "Implementation restriction" in caught.message


def test_ranges_of_days(org: SalesforceOrg, ask: Ask, clock: EmulatorClock) -> None:
    made = []
    for _ in range(4):
        made += names(org, "x")
        clock.advance(timedelta(days=1))
    assert ask("SELECT Id FROM Lead WHERE CreatedDate = LAST_N_DAYS:2 ORDER BY Id") == [(one,) for one in made[2:]]
    assert ask("SELECT Id FROM Lead WHERE CreatedDate = YESTERDAY") == [(made[3],)]
    assert ask("SELECT Id FROM Lead WHERE CreatedDate < LAST_N_DAYS:2 ORDER BY Id") == [(one,) for one in made[:2]]
    assert ask("SELECT Id FROM Lead WHERE CreatedDate <= LAST_N_DAYS:2 ORDER BY Id") == [(one,) for one in made]
    assert ask("SELECT Id FROM Lead WHERE CreatedDate >= LAST_N_DAYS:2 ORDER BY Id") == [(one,) for one in made[2:]]
    assert ask("SELECT Id FROM Lead WHERE CreatedDate > LAST_N_DAYS:2") == []
    assert ask("SELECT Id FROM Lead WHERE CreatedDate != LAST_N_DAYS:2 ORDER BY Id") == [(one,) for one in made[:2]]


def test_picklists_of_many_values(org: SalesforceOrg, ask: Ask) -> None:
    org.schema.add_field(
        "Lead", FieldSchema("Likes__c", FieldType.MULTIPICKLIST, length=255, picklist=picklist_values("abc"))
    )
    made = [org.create("Lead", {"LastName": "x", "Likes__c": value}) for value in ("a;b", "b;c", None)]
    assert ask("SELECT Id FROM Lead WHERE Likes__c INCLUDES ('a;b', 'c') ORDER BY Id") == [(made[0],), (made[1],)]
    assert ask("SELECT Id FROM Lead WHERE Likes__c INCLUDES ('a;c')") == []
    assert ask("SELECT Id FROM Lead WHERE Likes__c EXCLUDES ('a') ORDER BY Id") == [(made[1],), (made[2],)]


def test_many_conditions_are_no_problem(ask: Ask, lead_id: str) -> None:
    many = " OR ".join(f"Title = 'x{number}'" for number in range(3000))
    assert ask(f"SELECT Id FROM Lead WHERE {many}") == []
    listed = ", ".join(f"'x{number}'" for number in range(5000))
    assert ask(f"SELECT Id FROM Lead WHERE Title NOT IN ({listed})") == [(lead_id,)]


def test_what_people_typed_never_gets_into_the_sql(org: SalesforceOrg, ask: Ask) -> None:
    text = "x' OR 1=1 -- \" ; DROP TABLE Lead"
    (made,) = names(org, text)
    quoted = text.replace("'", "\\'").replace('"', '\\"')
    assert ask(f"SELECT Id, Title FROM Lead WHERE Title = '{quoted}'") == [(made, text)]


def test_an_open_query_gives_page_after_page(org: SalesforceOrg, ask: Ask) -> None:
    made = names(org, *"abcdefg")
    opened = org.open_query("SELECT Title, Owner.Name FROM Lead ORDER BY Title DESC", user_id=org.integration_user_id)
    assert isinstance(opened, OpenQuery)
    assert (opened.total, opened.columns, opened.object_name) == (7, ("Title", "Owner.Name"), "Lead")
    assert opened.rows(0, 3) == [(one, "Ada Admin") for one in "gfe"]
    org.update("Lead", made[3], {"Title": "changed"})
    org.purge("Lead", made[2])
    names(org, "new")
    assert [row[0] for row in opened.rows(3, 100)] == ["changed", "b", "a"]
    assert opened.rows(7, 10) == []


def test_an_open_query_takes_no_new_record_for_one_that_is_gone(org: SalesforceOrg) -> None:
    made = names(org, "a", "b")
    opened = org.open_query("SELECT Title FROM Lead ORDER BY Title", user_id=None)
    assert isinstance(opened, OpenQuery)
    org.purge("Lead", made[1])
    names(org, "new")
    assert opened.rows(0, 10) == [("a",)]


def test_an_open_query_that_counts_is_done_at_once(org: SalesforceOrg, lead_id: str) -> None:
    counted = org.open_query("SELECT COUNT() FROM Lead", user_id=None)
    assert isinstance(counted, QueryResult)
    assert counted.count == 1


def test_content_is_given_as_a_path(org: SalesforceOrg, ask: Ask) -> None:
    note = org.create("ContentNote", {"Title": "x", "Content": b"hello"})
    assert ask("SELECT Content FROM ContentNote") == [(f"/services/data/v62.0/sobjects/ContentNote/{note}/Content",)]
