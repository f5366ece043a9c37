"""What ``hpro fields install`` and ``hpro fields remove`` print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from hpro_connectors.cli.admin_options import AdminAtWork
from hpro_connectors.cli.problems import count_words
from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError
from hpro_connectors.salesforce.installing import OrgUser, Step, StepKind, StepState, count_changes, has_conflict
from hpro_sdk.cli.output import print_json, print_table, terminal_safe


def print_installation(
    admin: AdminAtWork, user: OrgUser, steps: Sequence[Step], problems: Sequence[str], *, dry_run: bool, as_json: bool
) -> None:
    """Print what was done, or would be; of conflicts nothing but what stands against each other.

    Args:
        admin: Of which org.
        user: Who HPRO signs in as.
        steps: What was done.
        problems: What still keeps the user from the fields.
        dry_run: Whether nothing was changed.
        as_json: Whether JSON is wanted.
    """
    clashing = has_conflict(steps)
    changes = 0 if clashing else count_changes(steps)
    if as_json:
        told = {"user": user.username, "dry_run": dry_run, "changes": changes}
        print_json({"org": _org(admin), **told, "steps": [_as_json(step) for step in steps], "problems": problems})
        return
    if clashing:
        rows = [
            (one.name, *((one.clash.expected, one.clash.found) if one.clash else ("", "")), one.detail)
            for one in steps
            if one.state is StepState.CONFLICT
        ]
        print_table(("name", "HPRO makes", "the org has", "why it cannot be used"), rows)
        return
    _print_steps(steps, dry_run=dry_run)
    if changes:
        words = "would be made; nothing was changed" if dry_run else "made"
        click.echo(terminal_safe(f"{admin.org_words}: {count_words(changes, 'change')} {words}."), err=True)
    else:
        click.echo(terminal_safe(f"{admin.org_words}: all of it was there."), err=True)
    if not dry_run and not problems:
        click.echo(terminal_safe(f"Read back: {user.username} may read and write all of it."), err=True)
        click.echo("Assign the permission set HPRO_Viewer to the people who shall see the fields.", err=True)


def refuse_conflicts(steps: Sequence[Step]) -> None:
    """End where something of the org has the name of one of ours.

    Args:
        steps: What was planned.

    Raises:
        SchemaDriftError: Something has.
    """
    names = [step.name for step in steps if step.state is StepState.CONFLICT]
    if names:
        raise SchemaDriftError(
            f"{', '.join(names)}: the org has something else of that name. Nothing was changed.",
            hint="Rename or delete it in Setup, then run this again.",
            connector="salesforce",
        )


def say_what_is_left(problems: Sequence[str]) -> None:
    """End where the user cannot use the fields, although all was done.

    Args:
        problems: As they were read back.

    Raises:
        PermissionDeniedError: There is one.
    """
    if problems:
        raise PermissionDeniedError(
            f"All was done, and HPRO's user still cannot use the fields: {' '.join(problems)}",
            hint="See in Setup which permission sets the user has, and whether its licence allows what they open.",
            connector="salesforce",
        )


def print_removal(admin: AdminAtWork, steps: Sequence[Step], left: int, *, dry_run: bool, as_json: bool) -> None:
    """Print what was taken out, or would be.

    Args:
        admin: Of which org.
        steps: What was done.
        left: How much of ours is there still.
        dry_run: Whether nothing was changed.
        as_json: Whether JSON is wanted.
    """
    changes = count_changes(steps)
    if as_json:
        told = {"dry_run": dry_run, "changes": changes, "left": left}
        print_json({"org": _org(admin), **told, "steps": [_as_json(step) for step in steps]})
        return
    _print_steps(steps, dry_run=dry_run)
    if not changes and not left:
        click.echo(terminal_safe(f"{admin.org_words}: nothing of HPRO is there."), err=True)
        return
    words = "would be deleted; nothing was changed" if dry_run else "deleted"
    click.echo(terminal_safe(f"{admin.org_words}: {removal_words(steps)} {words}."), err=True)
    if left:
        click.echo(f"Partial: {left} could not be deleted. Take away what needs it, then run this again.", err=True)
    if not dry_run:
        click.echo("Setup keeps deleted fields with their values for 15 days. Delete list views by hand.", err=True)


def removal_words(steps: Sequence[Step]) -> str:
    """Say how much is taken out.

    Args:
        steps: Of a plan, or of what was done.
    """
    counts = Counter(step.kind for step in steps if step.state is StepState.REMOVED)
    kinds = (StepKind.FIELD, StepKind.PERMISSION_SET, StepKind.ASSIGNMENT)
    return ", ".join(count_words(counts[kind], kind.value) for kind in kinds if counts[kind]) or "nothing"


_TO_DO = {StepState.CREATED: "to create", StepState.CHANGED: "to change", StepState.REMOVED: "to remove"}


def _print_steps(steps: Sequence[Step], *, dry_run: bool) -> None:
    if steps:
        words = _TO_DO if dry_run else {}
        rows = [(step.kind.value, step.name, words.get(step.state, step.state.value), step.detail) for step in steps]
        print_table(("what", "name", "state", "detail"), rows)


def _org(admin: AdminAtWork) -> dict[str, object]:
    return {"id": admin.org.org_id, "name": admin.org.name, "is_test": admin.org.is_test}


def _as_json(step: Step) -> dict[str, object]:
    told: dict[str, object] = {"kind": step.kind, "name": step.name, "state": step.state, "detail": step.detail}
    if step.clash is not None:
        told |= {"expected": step.clash.expected, "found": step.clash.found}
    return told
