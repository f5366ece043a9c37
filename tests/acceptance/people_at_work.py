"""What people do in an org by hand while passes run over it; see test_kills.py."""

from __future__ import annotations

from random import Random

from hpro_connectors.demo import org_admin
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_schema import SCORE_COLUMNS
from hpro_connectors.demo.org_scores import existing_score_columns
from hpro_connectors.demo.simulation import VISITS


def people_work(org: Org, random: Random, changes: int) -> None:
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
