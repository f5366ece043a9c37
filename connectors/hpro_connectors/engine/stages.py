"""The org's stages and the model's funnel: whether they fit, and what a stage of the CRM is called in the funnel."""

from __future__ import annotations

from hpro_connectors.protocol import OrgDescription, StageInfo
from hpro_sdk.errors import ModelFitError, UnknownStageError
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import OutcomeResult
from hpro_sdk.scoring.manifest import ScorerManifest


class StageNames:
    """Names and results of the CRM's stages, in the words of a model's funnel.

    Args:
        description: Of the org.
        manifest: Of the model.

    Raises:
        ModelFitError: The model is of another object, does not know an open stage, or has them in another order.
    """

    def __init__(self, description: OrgDescription, manifest: ScorerManifest) -> None:
        if manifest.object_type != description.object_type:
            raise ModelFitError(
                f"The model scores {manifest.object_type!r} records; the org's scored object is "
                f"{description.object_type!r}.",
                hint="Use a model that was trained on this object.",
            )
        self._funnel = manifest.funnel
        self._names: dict[str, str] = {}
        self._results = {info.name: info.result for info in description.stages}
        for info in description.stages:
            if info.result is OutcomeResult.OPEN:
                self._names[info.name] = _open_name(info, manifest.funnel)
            else:
                won = info.result is OutcomeResult.WON
                self._names[info.name] = manifest.funnel.won if won else manifest.funnel.lost
        # Several of the CRM's stages may be one of the funnel's.
        ordered = tuple(
            dict.fromkeys(self._names[info.name] for info in description.stages if info.result is OutcomeResult.OPEN)
        )
        if ordered != manifest.funnel.stages:
            raise ModelFitError(
                f"The org's open stages are {', '.join(ordered)}; the model's are {', '.join(manifest.funnel.stages)}.",
                hint="Use a model that was trained on this funnel, or train one.",
            )

    def names(self) -> dict[str, str]:
        """Give the funnel's names of all stages that may stand in a record: the org's own, and the funnel's."""
        funnel = self._funnel
        return {**funnel.values, **{name: name for name in funnel.stages}, **self._names}

    def name_of(self, stage: str) -> str:
        """Give the funnel's name of a stage, open or closed, as the CRM writes it.

        Raises:
            UnknownStageError: Neither the org nor the funnel knows it.
        """
        return self._names.get(stage) or self._funnel.resolve(stage)

    def result_of(self, stage: str | None) -> OutcomeResult:
        """Give what a stage says of a lead; no stage says open.

        Raises:
            UnknownStageError: Neither the org nor the funnel knows it.
        """
        if stage is None:
            return OutcomeResult.OPEN
        if stage in self._results:
            return self._results[stage]
        name = self._funnel.resolve(stage)
        if name == self._funnel.won:
            return OutcomeResult.WON
        return OutcomeResult.LOST if name == self._funnel.lost else OutcomeResult.OPEN


def _open_name(info: StageInfo, funnel: Funnel) -> str:
    """By its value, or else by its label: some CRMs hold opaque ids, and exports hold labels."""
    for value in (info.name, info.label):
        try:
            name = funnel.resolve(value)
        except UnknownStageError:
            continue
        if name in funnel.stages:
            return name
    raise ModelFitError(
        f"The org's open stage {info.label!r} is not an open stage of the model, whose stages are "
        f"{', '.join(funnel.stages)}.",
        hint="Use a model that was trained on this funnel, or train one.",
    )
