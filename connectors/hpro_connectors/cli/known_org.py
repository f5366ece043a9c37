"""What the org file says beside a state: which org it is, and what its stages are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.org import Org
from hpro_connectors.protocol import OrgDescription, OrgIdentity
from hpro_connectors.state import StateStore
from hpro_sdk.errors import ConfigError, HproError
from hpro_sdk.lead import OutcomeResult


@dataclass(frozen=True, slots=True)
class KnownOrg:
    """What an org file says of itself.

    Attributes:
        identity: Which org it is.
        description: What it holds.
    """

    identity: OrgIdentity
    description: OrgDescription


def read_known_org(path: Path) -> KnownOrg | None:
    """Read what an org is; a state can be looked at without its org, so a file that is gone or damaged is no error.

    Args:
        path: The org file.
    """
    try:
        with Org.open(path, writable=False) as org:
            connector = DemoConnector(org)
            return KnownOrg(connector.identity(), connector.describe())
    except HproError:
        return None


def find_stage(store: StateStore, org: KnownOrg | None, wanted: str) -> str:
    """Give the funnel's name of an open stage that a person named by it, or as the org calls it.

    Args:
        store: The state.
        org: Of the state, where it is there; without it only stages with leads in them are known.
        wanted: The name.

    Raises:
        ConfigError: There is no such open stage.
    """
    ranked = sorted({row.stage for row in store.queue() if row.stage is not None})
    names = {} if org is None else _names(store, org)
    if wanted in ranked:
        return wanted
    if wanted not in names:
        stages = dict.fromkeys([*names.values(), *ranked])
        raise ConfigError(f"There is no open stage {wanted!r}.", hint=f"Name one of: {', '.join(stages)}.")
    return names[wanted]


def _names(store: StateStore, org: KnownOrg) -> dict[str, str]:
    """Give the funnel's names by name and label in the org; leads that were scored tell what each stands for."""
    current = store.current_scores(org.identity.org_id, org.description.object_type)
    scored = {one.raw_stage: one.scored.stage for one in current if one.scored.stage is not None}
    stages = [stage for stage in org.description.stages if stage.result is OutcomeResult.OPEN]
    by_label = any(scored.get(stage.name) == stage.label != stage.name for stage in stages)
    names: dict[str, str] = {}
    for stage in stages:
        names[stage.name] = scored.get(stage.name) or (stage.label if by_label else stage.name)
    return {**{stage.label: names[stage.name] for stage in stages}, **names}
