"""The journal answers what was asked, by path, method, object and query."""

from __future__ import annotations

from hpro_connectors.emulators.http.journal import JournalEntry, Labels, RequestJournal


def _journal() -> RequestJournal:
    journal = RequestJournal()
    journal.add(JournalEntry(1, "GET", "/query", {"q": "SELECT"}, 200, Labels("Lead", "SELECT Id FROM Lead", "u")))
    journal.add(JournalEntry(2, "PATCH", "/composite/sobjects", {}, None, Labels("Lead"), "reset_after"))
    journal.add(JournalEntry(3, "GET", "/query", {}, 400, Labels("Task", "SELECT Id FROM Task", "u")))
    return journal


def test_entries_are_found_by_all_that_is_given() -> None:
    journal = _journal()
    assert [entry.number for entry in journal.matching("query$")] == [1, 3]
    assert [entry.number for entry in journal.matching(method="PATCH")] == [2]
    assert [entry.number for entry in journal.matching(object_name="Lead")] == [1, 2]
    assert [entry.number for entry in journal.matching(text="FROM Task")] == [3]
    assert [entry.number for entry in journal.matching("query", after=1)] == [3]


def test_a_journal_is_json_and_can_be_forgotten() -> None:
    journal = _journal()
    told = journal.entries[1].as_json()
    assert told["status"] is None
    assert told["fault"] == "reset_after"
    assert told["labels"] == {"object_name": "Lead", "text": None, "user": None}
    journal.clear()
    assert journal.entries == ()
