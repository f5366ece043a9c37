from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.demo_ids import is_demo_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.table_import import import_table
from hpro_connectors.errors import StateLockedError
from hpro_connectors.protocol import Backfill, InteractionRecord, LeadRecord
from hpro_sdk.data import TableMapping
from hpro_sdk.errors import ConfigError, DataError, HproError
from hpro_sdk.lead import LeadKey, OutcomeResult

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

PLAIN = TableMapping.model_validate({"id": "id", "features": {"size": "number", "branch": "category"}})
FULL = TableMapping.model_validate(
    {
        "id": "id",
        "object_type": "contact",
        "person_id": "person",
        "account_id": "account",
        "created_at": "created",
        "time": "seen",
        "stage": "stage",
        "interactions": {"column": "talks"},
        "funnel": {"stages": ["new", "talk"], "won": "won", "lost": "lost", "values": {"N": "new"}},
        "features": {
            "size": {"kind": "number", "label": "Seats", "known_at_creation": True},
            "branch": "category",
        },
    }
)


def read(path: Path) -> tuple[list[LeadRecord], list[InteractionRecord], DemoConnector]:
    with Org.open(path) as org:
        connector = DemoConnector(org)
        end = Backfill(end=connector.server_time())  # what the engine reads at most
        leads = [one for page in connector.read("lead", end) for one in page.upserts if isinstance(one, LeadRecord)]
        talks = [
            one
            for page in connector.read("interaction", end)
            for one in page.upserts
            if isinstance(one, InteractionRecord)
        ]
        connector.describe()
        return leads, talks, connector


def full_row(lead_id: str, **changes: object) -> str:
    row = {
        "id": lead_id,
        "person": f"p-{lead_id}",
        "account": "acme",
        "created": "2026-01-01T00:00:00Z",
        "seen": "2026-03-01T00:00:00Z",
        "stage": "N",
        "talks": [],
        "size": 5,
        "branch": "retail",
    }
    return json.dumps({**row, **changes}) + "\n"


def test_a_table_without_dates_becomes_an_org(tmp_path: Path) -> None:
    table = tmp_path / "my leads.csv"
    table.write_text("id,size,branch\na,1,retail\nb,,\n")
    out = tmp_path / "out.org"
    summary = import_table(table, PLAIN, out, now=NOW)
    assert (summary.name, summary.leads, summary.interactions, summary.clock) == ("my leads", 2, 0, NOW)
    assert (summary.won, summary.lost, summary.open) == (0, 0, 2)
    assert summary.org_id.startswith("import-")
    assert len(summary.org_id) == len("import-") + 12
    assert not is_demo_org(summary.org_id)
    leads, talks, _ = read(out)
    assert talks == []
    assert leads[0] == LeadRecord(
        key=LeadKey(summary.org_id, "lead", "a"),
        modified_at=NOW - HOUR,
        stage="open",
        result=OutcomeResult.OPEN,
        fields={"size": 1, "branch": "retail"},
    )
    assert leads[1].fields == {"size": None, "branch": None}
    with Org.open(out) as org:
        description = DemoConnector(org).describe()
        assert [stage.name for stage in description.stages] == ["open"]
        assert not DemoConnector(org).identity().is_test


def test_all_that_a_table_tells_is_kept(tmp_path: Path) -> None:
    talks = [
        {"text": "<p>Hello</p>", "kind": "email", "speaker": "lead", "occurred_at": "2026-02-01T00:00:00Z"},
        {"text": "Undated", "call_seconds": 10**30},
        {
            "interaction_id": "shared",
            "text": "Both",
            "occurred_at": "2026-02-02T00:00:00Z",
            "recorded_at": "2026-02-03T00:00:00Z",
            "modified_at": "2026-02-04T00:00:00Z",
        },
    ]
    table = tmp_path / "leads.jsonl"
    table.write_text(full_row("a", talks=talks) + full_row("b", stage="won", talks=talks[2:], created=None))
    out = tmp_path / "out.org"
    summary = import_table(table, FULL, out, now=NOW)
    seen = datetime(2026, 3, 1, tzinfo=UTC)
    assert summary.clock == seen
    leads, found, _ = read(out)
    by_id = {lead.key.lead_id: lead for lead in leads}
    assert by_id["a"].key == LeadKey(summary.org_id, "contact", "a")
    assert (by_id["a"].person_id, by_id["a"].account_id, by_id["a"].stage) == ("p-a", "acme", "new")
    assert by_id["a"].created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (by_id["b"].created_at, by_id["b"].result) == (None, OutcomeResult.WON)  # nothing is invented
    texts = {one.text: one for one in found}
    assert set(texts) == {"Hello", "Undated", "Both"}
    assert [lead.lead_id for lead in texts["Both"].leads] == ["a", "b"]
    assert texts["Both"].modified_at == datetime(2026, 2, 4, tzinfo=UTC)
    assert texts["Undated"].occurred_at is None
    assert texts["Undated"].recorded_at is None
    with Org.open(out) as org:
        description = DemoConnector(org).describe()
    assert description.object_type == "contact"
    assert [(stage.name, stage.result) for stage in description.stages] == [
        ("new", OutcomeResult.OPEN),
        ("talk", OutcomeResult.OPEN),
        ("won", OutcomeResult.WON),
        ("lost", OutcomeResult.LOST),
    ]
    assert [(one.name, one.label, one.known_at_creation) for one in description.fields] == [
        ("size", "Seats", True),
        ("branch", "branch", False),
    ]


def test_a_planned_meeting_does_not_put_the_clock_into_the_future(tmp_path: Path) -> None:
    table = tmp_path / "leads.jsonl"
    talks = [{"kind": "meeting", "occurred_at": "2027-01-01T00:00:00Z"}]
    table.write_text(full_row("a", talks=talks))
    assert import_table(table, FULL, tmp_path / "out.org", now=NOW).clock == NOW
    leads, found, _ = read(tmp_path / "out.org")
    assert len(leads) == 1
    assert [one.occurred_at for one in found] == [datetime(2027, 1, 1, tzinfo=UTC)]


ENDED = {"label": "end", "at": "ended"}


def test_leads_that_ended_are_in_the_stage_of_their_end(tmp_path: Path) -> None:
    table = tmp_path / "leads.jsonl"
    rows: list[dict[str, object]] = [
        {"end": "won", "ended": "2026-04-01T00:00:00Z", "stage": "talk"},
        {"end": 0, "ended": None, "stage": "talk"},
        {"end": "", "ended": "2026-05-01T00:00:00Z", "stage": "talk"},
        {"stage": "won"},
        {"stage": "N"},
    ]
    table.write_text("".join(full_row(f"l{number}", **row) for number, row in enumerate(rows)))
    mapping = TableMapping.model_validate({**FULL.model_dump(), "outcome": ENDED})
    told: list[int] = []
    summary = import_table(table, mapping, tmp_path / "out.org", now=NOW, progress=told.append)
    assert (summary.leads, summary.won, summary.lost, summary.open, sum(told)) == (5, 2, 1, 2, 5)
    april = datetime(2026, 4, 1, tzinfo=UTC)
    assert summary.clock == april  # the last thing that happened; an open lead has no end
    leads = {lead.key.lead_id: lead for lead in read(tmp_path / "out.org")[0]}
    assert [(leads[f"l{number}"].stage, leads[f"l{number}"].result_at) for number in range(5)] == [
        ("won", april),
        ("lost", None),
        ("talk", None),
        ("won", None),
        ("new", None),
    ]


def test_leads_end_without_a_funnel_as_well(tmp_path: Path) -> None:
    table = tmp_path / "leads.csv"
    table.write_text("id,size,branch,end\na,1,x,yes\nb,2,y,\nc,3,z,no\n")
    mapping = TableMapping.model_validate({**PLAIN.model_dump(), "outcome": {"label": "end"}})
    summary = import_table(table, mapping, tmp_path / "out.org", now=NOW)
    assert (summary.won, summary.lost, summary.open) == (1, 1, 1)
    leads = {lead.key.lead_id: lead for lead in read(tmp_path / "out.org")[0]}
    assert [leads[name].result for name in "abc"] == [OutcomeResult.WON, OutcomeResult.OPEN, OutcomeResult.LOST]
    table.write_text("id,size,branch\na,1,x\n")  # leads of today, with the mapping of those one trained on
    assert import_table(table, mapping, tmp_path / "out.org", now=NOW).open == 1


def test_a_result_that_is_none_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "leads.csv"
    table.write_text("id,size,branch,end\na,1,x,perhaps\n")
    mapping = TableMapping.model_validate({**PLAIN.model_dump(), "outcome": {"label": "end"}})
    with pytest.raises(DataError, match="end"):
        import_table(table, mapping, tmp_path / "out.org", now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["leads.csv"]


def test_the_same_content_gives_the_same_org_id(tmp_path: Path) -> None:
    for name, size in (("a.csv", 1), ("b.csv", 1), ("c.csv", 2)):
        (tmp_path / name).write_text(f"id,size,branch\na,{size},x\n")
    first, second, third = (
        import_table(tmp_path / f"{name}.csv", PLAIN, tmp_path / f"{name}.org", now=NOW).org_id for name in "abc"
    )
    assert first == second != third


def test_an_imported_org_takes_scores(tmp_path: Path) -> None:
    table = tmp_path / "leads.csv"
    table.write_text("id,size,branch\na,1,retail\n")
    import_table(table, PLAIN, tmp_path / "out.org", now=NOW)
    with Org.open(tmp_path / "out.org") as org:
        states = {one.state.value for one in DemoConnector(org).ensure_fields()}
    assert states == {"created"}


def test_a_long_column_name_is_refused(tmp_path: Path) -> None:
    column = "c" * 256
    table = tmp_path / "leads.csv"
    table.write_text(f"id,{column}\na,1\n")
    mapping = TableMapping.model_validate({"id": "id", "features": {column: "number"}})
    with pytest.raises(ConfigError, match="255"):
        import_table(table, mapping, tmp_path / "out.org", now=NOW)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, ConfigError),
        ("", DataError),
        ("id,size,branch\n", DataError),
        ("id,size\na,1\n", ConfigError),
        ("id,size,branch\na,1,x\n,2,y\n", DataError),
        ("id,size,branch\na,1,x\na,2,y\n", DataError),
        ("id,size,branch\na,1,x\nb,many,y\n", DataError),
    ],
)
def test_a_table_that_cannot_be_read_leaves_everything_as_it_was(
    tmp_path: Path, make_org: Callable[..., Path], content: str | None, error: type[HproError], old: bool
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    if content is not None:
        (folder / "leads.csv").write_text(content)
    out = make_org() if old else tmp_path / "out.org"
    before = out.read_bytes() if old else None
    with pytest.raises(error) as caught:
        import_table(folder / "leads.csv", PLAIN, out, now=NOW)
    assert "\n" not in str(caught.value)
    assert (out.read_bytes() if out.exists() else None) == before
    assert {path.name for path in tmp_path.iterdir()} == {"data", *([out.name] if old else [])}


def test_a_file_that_is_no_org_and_one_in_use_are_not_replaced(tmp_path: Path, make_org: Callable[..., Path]) -> None:
    table = tmp_path / "leads.csv"
    table.write_text("id,size,branch\na,1,retail\n")
    with pytest.raises(ConfigError, match="not an org"):
        import_table(table, PLAIN, table, now=NOW)
    assert table.read_text() == "id,size,branch\na,1,retail\n"
    path = make_org()
    with Org.open(path) as org, org.transaction(), pytest.raises(StateLockedError):
        import_table(table, PLAIN, path, now=NOW)
    with pytest.raises(ConfigError, match="does not exist"):
        import_table(table, PLAIN, tmp_path / "no" / "out.org", now=NOW)
