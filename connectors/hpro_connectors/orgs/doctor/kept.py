"""What HPRO keeps of an org: whether the state is of this org, and whether the model in use fits it."""

from __future__ import annotations

from collections.abc import Iterator

from hpro_connectors.config import CrmConfig
from hpro_connectors.doctor import Finding
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.orgs.model_in_use import load_model_in_use
from hpro_connectors.protocol import OrgDescription, OrgIdentity
from hpro_connectors.state import StateStore

_STATE = "state"
_MODEL = "model"


def check_state(crm: CrmConfig, identity: OrgIdentity, object_type: str) -> Iterator[Finding]:
    """Look at whose state it is.

    Args:
        crm: The CRM's table.
        identity: The org that the credentials lead to.
        object_type: What is scored.

    Raises:
        SafetyRailError: It is of another org.
        StateError: It cannot be read.
    """
    if not crm.state.exists():
        yield Finding.ok(_STATE, "There is no state of this org yet; the first run makes it.")
        return
    with StateStore.open(crm.state, create=False) as store:
        store.check_org(identity, object_type)
    yield Finding.ok(_STATE, "The state is of this org.")


def check_model(crm: CrmConfig, identity: OrgIdentity, description: OrgDescription) -> Iterator[Finding]:
    """Look at whether the model in use fits the org.

    Args:
        crm: The CRM's table.
        identity: The org.
        description: What it holds.

    Raises:
        ModelError: It cannot be loaded, or does not fit.
        ConfigError: Its file is gone.
        StateError: The state cannot be read.
    """
    if crm.state.exists():
        with StateStore.open(crm.state, create=False) as store:
            scorer = load_model_in_use(store, crm, identity, description)
    else:
        scorer = load_model_in_use(None, crm, identity, description)
    if scorer is None:
        yield Finding.ok(
            _MODEL,
            "There is no model yet, so that nothing is scored.",
            "After the first `hpro run --once`, train one with `hpro model train`.",
        )
        return
    StageNames(description, scorer.manifest)
    hidden = sorted(
        {field.field for field in scorer.manifest.template.fields} - {one.name for one in description.fields}
    )
    if hidden:
        yield Finding.warning(
            _MODEL,
            f"The model {scorer.model_id} knows fields that are not read: {', '.join(hidden)}. It scores without them.",
            "Let the user see them again, or train anew.",
        )
        return
    yield Finding.ok(_MODEL, f"The model {scorer.model_id} fits the org.")
