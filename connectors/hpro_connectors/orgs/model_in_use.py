"""The model that an org is scored with: its own, or on invented companies the bundled one."""

from __future__ import annotations

from hpro_connectors.config import CrmConfig
from hpro_connectors.demo.demo_ids import is_demo_org
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.protocol import OrgDescription, OrgIdentity
from hpro_connectors.state import StateStore
from hpro_sdk.errors import ModelError, ModelFitError
from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.scorer import Scorer


def load_model_in_use(
    store: StateStore | None, crm: CrmConfig, identity: OrgIdentity, description: OrgDescription
) -> Scorer | None:
    """Load the model in use.

    Args:
        store: The state of the org; ``None`` where there is none yet.
        crm: The CRM; it names the models folder.
        identity: The org.
        description: The org's stages.

    Returns:
        The scorer; ``None`` when the org has no model yet.

    Raises:
        ConfigError: The file of the model is gone.
        ModelError: It cannot be loaded, or is not the one that was installed.
    """
    installed = None if store is None else store.models.in_use()
    if installed is None:
        return _bundled(description) if is_demo_org(identity.org_id) else None
    path = installed.path_in(crm.models)
    scorer = Scorer.load(path)
    if scorer.model_id != installed.model_id:
        raise ModelError(
            f"The file {path} holds the model {scorer.model_id}, not {installed.model_id}.",
            hint="Bring the right file back, or name another model with `hpro model use ID`.",
        )
    return scorer


def _bundled(description: OrgDescription) -> Scorer | None:
    scorer = Scorer.load(bundled_model_path())
    try:
        StageNames(description, scorer.manifest)
    except ModelFitError:  # an invented company of another kind
        return None
    return scorer
