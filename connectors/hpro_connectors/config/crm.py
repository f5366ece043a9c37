"""``[crm.NAME]``: one scored object of one CRM, with its funnel and the training of its own model."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from hpro_connectors.config.kinds import Count, Days, Name, Names, PathKey, PositiveNumber, Seed
from hpro_connectors.config.secrets import WithSecrets
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import Frozen

_NAME = re.compile(r"(?=.{1,64}$)[a-z][a-z0-9]*(_[a-z0-9]+)*")


def _check_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name is lower-case letters, digits and single underscores, and begins with a letter")
    return value


CrmName = Annotated[str, AfterValidator(_check_name)]
"""Such as ``main`` or ``sales_eu``: lower case and single underscores, so that a variable can name it too."""


class CrmFunnel(Frozen):
    """``[crm.NAME.funnel]``: the stages; what is not given is as the CRM describes it."""

    stages: Annotated[Names, Field(min_length=1)] | None = Field(
        default=None, description="Open stages in order, shallow first; default: as the CRM describes them."
    )
    won: Name | None = Field(default=None, description="The winning end; default: as the CRM describes it.")
    lost: Name | None = Field(default=None, description="The losing end; default: as the CRM describes it.")
    key_stage: Name | None = Field(default=None, description="The decisive step; default: the last open stage.")

    @model_validator(mode="after")
    def _check_ends(self) -> Self:
        if self.won is not None and self.won == self.lost:
            raise ValueError("won and lost must be two stages")
        if self.stages is not None:
            if self.won in self.stages or self.lost in self.stages:
                raise ValueError("stages are the open ones, without won and lost")
            if self.key_stage is not None and self.key_stage not in self.stages:
                raise ValueError("key_stage must be one of stages")
        return self


class CrmTraining(Frozen):
    """``[crm.NAME.training]``: how a model is trained on this CRM's own history."""

    horizon_days: Days = Field(default=90, description="Days in which a lead must be won to count as won.")
    cutoff_every_days: Days = Field(default=30, description="Days between two looks at the same lead's history.")
    leave_out: Names = Field(default=(), description="Names of fields that are never shown to the model.")
    known_at_creation: Names = Field(
        default=(),
        description="Names of fields whose value is set at creation and stays, beyond those that the CRM marks so.",
    )
    max_minutes: PositiveNumber = Field(default=15.0, description="Minutes of training at most.")
    max_tokens: Annotated[Count, Field(ge=64, le=32_768)] = Field(
        default=352, description="Tokens of a prompt; a longer history is cut."
    )
    base: Literal["nano"] = Field(default="nano", description="What training starts from.")
    seed: Seed = Field(default=0, description="Of weights and batches: same seed, same model.")


class CrmConfig(WithSecrets):
    """What every ``[crm.NAME]`` has, whatever its connector.

    ``state`` and ``models`` have a default that holds the table's name, which only the loader knows; in Python they
    are given.
    """

    connector: str = Field(description="Which CRM it is.")
    label: Name | None = Field(default=None, description="What people call it; default: the table's name.")
    state: PathKey = Field(
        description="HPRO's state of it, a SQLite file.", json_schema_extra={"default": "hpro-state/NAME.sqlite"}
    )
    models: PathKey = Field(
        description="Folder of the models trained on it.", json_schema_extra={"default": "hpro-state/NAME-models"}
    )
    exclude_field: Name | None = Field(
        default=None, description="Name of a yes/no field: a lead that has it set is not scored. Default: none."
    )
    funnel: CrmFunnel = Field(default=CrmFunnel(), description="The stages, where the CRM does not describe them well.")
    training: CrmTraining = Field(default=CrmTraining(), description="Training of a model on its own history.")

    @property
    def exclude_name(self) -> str | None:
        """The name that the field of ``exclude_field`` has in records; a connector may give fields names of its own."""
        return self.exclude_field

    def problems(self) -> list[str]:
        """Say what of it cannot be used: places and secrets. Nothing is made and nothing is changed."""
        return [*self.place_problems(), *self.secret_problems()]

    def place_problems(self) -> list[str]:
        """Say which of its files and folders cannot be used; a connector's class adds its own."""
        return [
            f"{key} would be made in {place.parent.parent}, which is no folder"
            for key, place in (("state", self.state), ("models", self.models))
            if not place.parent.parent.is_dir()
        ]

    def secret_problems(self) -> list[str]:
        """Say which of its secrets cannot be fetched; a connector's class adds those that are missing."""
        found = []
        for key in self.secret_keys:
            if self.has_secret(key):
                try:
                    self.secret(key)
                except ConfigError as exc:
                    found.append(str(exc).rstrip("."))
        return found

    def make_folders(self) -> None:
        """Make the folders that state and models are in, and that of the models, for their owner alone.

        The folder around the former must exist: a typo in a path is not to grow a tree.

        Raises:
            ConfigError: A folder cannot be made.
        """
        for folder in (self.state.parent, self.models.parent, self.models):
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
            except OSError as exc:
                raise ConfigError(
                    f"The folder {folder} cannot be made: {exc.strerror}.",
                    hint="Make it, or name another place with state and models.",
                ) from exc


class DemoCrm(CrmConfig):
    """``[crm.NAME]`` with ``connector = "demo"``: an org file, as ``hpro demo`` and ``hpro import`` make them."""

    connector: Literal["demo"] = Field(description="Which CRM it is.")
    org: PathKey = Field(description="The org file.")

    def place_problems(self) -> list[str]:
        """Say which of its places cannot be used; the org file must exist."""
        return [*super().place_problems(), *([] if self.org.is_file() else [f"the org file {self.org} does not exist"])]
