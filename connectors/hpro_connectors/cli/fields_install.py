"""``hpro fields install`` and ``hpro fields remove``: our fields in a real org, by an admin's own session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_connectors.cli.admin_options import AdminAtWork, AdminOptions, admin_at_work, admin_options
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_sdk.errors import ConfigError

if TYPE_CHECKING:
    from hpro_connectors.salesforce.installing import OrgUser


@click.command(short_help="Make the fields in a Salesforce org, with an admin's session.")
@admin_options
@click.option(
    "--user", metavar="USERNAME", help="The user that HPRO signs in as. Default: the one that the configuration names."
)
@click.option(
    "--object",
    "objects",
    type=click.Choice([one.value for one in ScoredObjectName]),
    multiple=True,
    help="What is scored; may be given more than once. Default: as configured, else Lead.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def install(
    session: str,
    config_path: Path | None,
    crm_name: str | None,
    no_config: bool,
    emulator: str | None,
    user: str | None,
    objects: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make HPRO's eight fields, two permission sets, and the assignment of one of them to HPRO's own user.

    It takes the session of an admin for this one command, piped from the Salesforce CLI, and keeps it nowhere:

    \b
        { sf org display --json; sf org auth show-access-token --json; } |
            hpro fields install --session - --user hpro@acme.com

    HPRO's own user needs no right to change the org. What is there already is left as it is, so that the command can
    be run again after a failure. Where a field of the org has the name of one of HPRO's and cannot hold its values,
    nothing is changed and the difference is shown. In the end what HPRO's user sees is read back.
    """  # noqa: D301 - click's mark for lines that are not wrapped
    from hpro_connectors.cli.fields_output import print_installation, refuse_conflicts, say_what_is_left
    from hpro_connectors.salesforce.installing import admin_told, find_problems, has_conflict, plan_install
    from hpro_connectors.salesforce.installing import install as do_install

    with admin_at_work(AdminOptions(session, config_path, crm_name, no_config, emulator)) as admin:
        scored = _scored(admin, objects)
        with admin_told():
            who = _user(admin, user)
        act = plan_install if dry_run else do_install
        steps = act(admin.client, scored, who)
        problems: list[str] = []
        if not dry_run and not has_conflict(steps):
            with admin_told():
                problems = find_problems(admin.client, scored, who)
    print_installation(admin, who, steps, problems, dry_run=dry_run, as_json=as_json)
    refuse_conflicts(steps)
    say_what_is_left(problems)


@click.command(short_help="Take the fields out of a Salesforce org again.")
@admin_options
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be taken out.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def remove(
    ctx: click.Context,
    session: str,
    config_path: Path | None,
    crm_name: str | None,
    no_config: bool,
    emulator: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Take HPRO's fields with their values, its permission sets and their assignments out of an org.

    It takes the session of an admin, as `hpro fields install` does; where that comes from stdin, --yes is needed, since
    nobody can be asked. Only what HPRO made goes, of all three objects: a
    field of the same name that is something else stays. The org keeps deleted fields with their values for 15 days,
    in Setup. List views that were deployed are deleted by hand.
    """
    from hpro_connectors.cli.fields_output import print_removal, removal_words
    from hpro_connectors.cli.pass_output import PARTIAL
    from hpro_connectors.salesforce.installing import plan_removal
    from hpro_connectors.salesforce.installing import remove as do_remove

    options = AdminOptions(session, config_path, crm_name, no_config, emulator)
    if not dry_run and not yes and (options.from_stdin or as_json):
        raise ConfigError(
            "This asks before it deletes, and nobody can answer.",
            hint="Look with --dry-run at what would go, then run it with --yes.",
        )
    with admin_at_work(options) as admin:
        planned = plan_removal(admin.client)
        steps = [one.step for one in planned]
        if dry_run:
            print_removal(admin, steps, 0, dry_run=True, as_json=as_json)
            return
        if not yes and any(one.act is not None for one in planned):
            click.confirm(f"This deletes {removal_words(steps)} in {admin.org_words}. Go on?", abort=True, err=True)
        steps = do_remove(planned)
        left = sum(one.act is not None for one in plan_removal(admin.client))
    print_removal(admin, steps, left, dry_run=False, as_json=as_json)
    ctx.exit(PARTIAL if left else 0)


def _scored(admin: AdminAtWork, objects: tuple[str, ...]) -> tuple[ScoredObjectName, ...]:
    if objects:
        return tuple(name for name in ScoredObjectName if name in objects)
    return (ScoredObjectName.LEAD if admin.crm is None else ScoredObjectName(admin.crm.scored_object),)


def _user(admin: AdminAtWork, username: str | None) -> OrgUser:
    from hpro_connectors.salesforce.installing import find_user, user_of_id

    configured = admin.configured
    if username is None and configured is not None:
        if configured.user_id is not None:
            return user_of_id(admin.client, configured.user_id)
        username = configured.username
    if username is None:
        raise ConfigError("Nobody said which user HPRO signs in as.", hint="Name it with --user USERNAME.")
    found = find_user(admin.client, username)
    if configured is not None and configured.user_id not in {None, found.user_id}:
        click.echo(f"HPRO signs in as another user than {found.username}, as the configuration has it.", err=True)
    return found
