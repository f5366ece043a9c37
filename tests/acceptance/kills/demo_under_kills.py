"""The demo org under kills: its writes fail by a script of the process, and people delete, merge and edit in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from hpro_connectors.demo import org_admin
from hpro_connectors.demo.filling import set_clock
from hpro_connectors.demo.generated_org import advance, create_generated_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_schema import SCORE_COLUMNS
from hpro_connectors.demo.org_scores import existing_score_columns
from hpro_connectors.demo.simulation import VISITS
from hpro_connectors.demo.simulator.companies import TEST_DRIVE

FAULTS_A_PASS = 3


class DemoUnderKills:
    """A car dealer's org in a folder; see :class:`kill_storm.CrmUnderKills`.

    Args:
        folder: Empty.
        leads: How many arrive in the org's first year.
        seed: Of the company.
    """

    def __init__(self, folder: Path, leads: int, seed: int) -> None:
        folder.mkdir(exist_ok=True)
        self.org = folder / "org.sqlite"
        self.config = folder / "hpro.toml"
        create_generated_org(self.org, TEST_DRIVE, seed, leads)
        self.config.write_text(
            '[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n[writing]\nbatch_rows = 7\n', encoding="utf-8"
        )

    def clock(self) -> datetime:
        """What time it is in the org."""
        with Org.open(self.org, writable=False) as org:
            return org.clock()

    def streams(self) -> tuple[str, ...]:
        """What is read of it."""
        return ("lead", "interaction", "stage_history", "field_history")

    def advance(self, days: int) -> None:
        """Let simulated days go by."""
        with Org.open(self.org) as org:
            advance(org, days)

    def let_writes_be_read(self) -> None:
        """Let a second go by."""
        with Org.open(self.org) as org:
            set_clock(org, org.clock() + timedelta(seconds=1))

    def begin(self, _number: int, writes: int | None) -> float:
        """Let so many writes fail that some passes end all the same."""
        return 0.0 if writes is None else min(0.15, FAULTS_A_PASS / (1 + writes))

    def environment(self, _number: int) -> Mapping[str, str]:
        """Nothing is needed."""
        return {}

    def people_work(self, random: Random, changes: int) -> None:
        """Change this and that, deletions, merges and fields of our own included."""
        with Org.open(self.org) as org:
            _people_work(org, random, changes)


def _people_work(org: Org, random: Random, changes: int) -> None:
    """Change this and that, deletions, merges and fields of our own included.

    Args:
        org: Open for writing.
        random: Decides what.
        changes: How much.
    """
    with org.reading() as connection:
        rows = connection.execute("SELECT lead_id, is_deleted, merged_into FROM lead").fetchall()
        stages = [row[0] for row in connection.execute("SELECT name FROM stage")]
        has_ours = bool(existing_score_columns(connection))
    live = [row["lead_id"] for row in rows if not row["is_deleted"]]
    gone = [row["lead_id"] for row in rows if row["is_deleted"] and row["merged_into"] is None]
    for lead_id in random.sample(live, changes):
        match random.choice(("visits", "note", "stage", "score", "delete", "undelete", "merge", "exclude")):
            case "visits":
                org_admin.edit_field(org, lead_id, VISITS, random.randint(0, 30))
            case "note":
                org_admin.add_note(org, lead_id, f"called again about offer {random.randint(1, 10_000)}")
            case "stage":
                org_admin.move_stage(org, lead_id, random.choice(stages))
            case "score" if has_ours:  # one of the fields that are ours
                org_admin.edit_field(org, lead_id, SCORE_COLUMNS["score"], random.randint(0, 100))
            case "delete":
                org_admin.delete_lead(org, lead_id)
                live.remove(lead_id)
            case "undelete" if gone:
                org_admin.undelete_lead(org, gone.pop(random.randrange(len(gone))))
            case "merge":
                live.remove(lead_id)
                org_admin.merge_leads(org, lead_id, random.choice(live))
            case "exclude":
                org_admin.exclude_lead(org, lead_id, excluded=random.random() < 0.7)
