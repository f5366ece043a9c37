"""Which model a command scores with: invented companies get the bundled one, everyone else says which."""

from __future__ import annotations

from pathlib import Path

from hpro_connectors.demo.demo_ids import is_demo_org
from hpro_sdk.errors import ConfigError
from hpro_sdk.models import bundled_model_path

BUNDLED_COMPANY = "test_drive"
"""The kind of company that the bundled model was trained on."""


def choose_model(org_id: str, model: Path | None, *, demo_model: bool) -> Path:
    """Give the path of the model to score an org with.

    Args:
        org_id: Of the org.
        model: That a person named.
        demo_model: Whether a person asked for the bundled model.

    Raises:
        ConfigError: Nobody said which, and the org is not an invented one; or both were asked for; or the bundled
            model is not installed.
    """
    if model is not None and demo_model:
        raise ConfigError("--model and --demo-model name two models.", hint="Give one of them.")
    if model is not None:
        return model
    if demo_model or is_demo_org(org_id):
        return bundled_model_path()
    raise ConfigError(
        "The bundled model has only ever seen invented companies, and this org is not one of them.",
        hint="Name a model of your own with --model, or insist with --demo-model.",
    )


def require_company_model(company: str, model: Path | None) -> None:
    """Refuse a kind of company that the bundled model was not trained on, where no other model is named.

    Args:
        company: The kind.
        model: That a person named.

    Raises:
        ConfigError: There is no model for it.
    """
    if model is None and company != BUNDLED_COMPANY:
        raise ConfigError(
            f"The bundled model was trained on the funnel of {BUNDLED_COMPANY}; a {company} company has another one.",
            hint=f"Train one with `python benchmarks/train_bundled_model.py --company {company} --out {company}.gguf` "
            f"and name it with --model.",
        )
