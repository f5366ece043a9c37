"""Which fields a model of an org may be shown, and the template that shows them.

A past snapshot may hold a field only as it was then: fields that are set at creation and stay, and tracked ones by
their history. What else a record says today may have been written after the outcome, so it is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.protocol import FieldInfo, OrgDescription
from hpro_sdk.data.column_names import looks_private, plain_name
from hpro_sdk.errors import ConfigError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue, Lead
from hpro_sdk.rendering import FieldTemplate, Template
from hpro_sdk.rendering.template import RESERVED_LABELS
from hpro_sdk.rendering.text import mask_personal

OWN_PREFIX = "hpro"
"""Every field that HPRO itself writes has a name that begins so, whatever the CRM."""

PAST_UNKNOWN = "its past is not known: it may change, and the CRM keeps no history of it"
"""Why a field is left out that may have been filled in after the outcome."""

_LONGEST_LABEL = 80
_LOOKED_AT = 2000
_MANY = 50


@dataclass(frozen=True, slots=True)
class ShownFields:
    """What the model is shown of the fields.

    Attributes:
        template: Not fitted yet.
        known_at_creation: Fields of the template whose value at creation is known of every lead.
        left_out: Why each other field of the org is not shown, by name; our own are not among them.
    """

    template: Template
    known_at_creation: frozenset[str]
    left_out: dict[str, str]

    def only_shown(self, lead: Lead) -> Lead:
        """Give a lead without the fields that are not shown, and without their changes."""
        names = {field.field for field in self.template.fields}
        return lead.model_copy(
            update={
                "fields": {name: value for name, value in lead.fields.items() if name in names},
                "field_changes": tuple(change for change in lead.field_changes if change.field in names),
            }
        )


def choose_fields(description: OrgDescription, settings: LearningSettings, leads: Sequence[Lead]) -> ShownFields:
    """Choose the fields to show, in the order in which the CRM lists them.

    Left out are our own fields, those that ``settings`` leaves out, untracked ones that may change, and those that
    hold names, mail addresses, phone numbers or something else for every lead. A tracked field with which every lead
    starts alike, such as a count from 0 on, is known at creation too.

    Args:
        description: Of the org.
        settings: What a person said of the fields.
        leads: With all their fields.

    Raises:
        ConfigError: ``settings`` names a field that does not exist, or the labels make no template.
    """
    infos = [info for info in description.fields if not plain_name(info.name).startswith(OWN_PREFIX)]
    _require_known({*settings.leave_out, *settings.known_at_creation}, infos)
    alike = _start_alike([info.name for info in infos if info.history_tracked], leads)
    shown: list[FieldInfo] = []
    left_out: dict[str, str] = {}
    for info in infos:
        reason = _why_not(info, settings, leads)
        if reason is None:
            shown.append(info)
        else:
            left_out[info.name] = reason
    known = frozenset(
        info.name
        for info in shown
        if info.known_at_creation or info.name in settings.known_at_creation or info.name in alike
    )
    return ShownFields(_template(shown, known, settings.max_tokens), known, left_out)


def _require_known(names: Collection[str], infos: Iterable[FieldInfo]) -> None:
    unknown = sorted(set(names) - {info.name for info in infos})
    if unknown:
        raise ConfigError(
            f"The CRM has no field {unknown[0]!r}.", hint="Correct leave_out or known_at_creation of the training."
        )


def _why_not(info: FieldInfo, settings: LearningSettings, leads: Sequence[Lead]) -> str | None:
    if info.name in settings.leave_out:
        return "as configured"
    if info.name == settings.exclude_field:
        return "it says which leads are excluded"
    if not (info.known_at_creation or info.history_tracked or info.name in settings.known_at_creation):
        return PAST_UNKNOWN
    if info.kind is FieldKind.FLAG:
        return None
    if looks_private(info.name) or looks_private(info.label):
        return "names, mail addresses and phone numbers would be memorised"
    if info.kind not in {FieldKind.CATEGORY, FieldKind.TEXT}:
        return None
    values = [value for lead in leads[:_LOOKED_AT] if isinstance(value := lead.fields.get(info.name), str) and value]
    if sum(mask_personal(value) != value for value in values) > len(values) / 2:
        return "mail addresses and phone numbers would be memorised"
    if len(values) > _MANY and len(set(values)) == len(values) and not any(" " in value for value in values):
        return "another value for every lead says nothing about the next one"
    return None


def _start_alike(tracked: Iterable[str], leads: Sequence[Lead]) -> set[str]:
    """Give the tracked fields that have the same value in every lead before its first change.

    Such a value tells nothing about a lead, and least of all whether it is going to change.
    """
    wanted = set(tracked)
    first: defaultdict[str, set[tuple[type, FieldValue]]] = defaultdict(set)
    for lead in leads:
        changed: set[str] = set()
        for change in sorted(lead.field_changes, key=lambda change: change.at):
            if change.field in wanted and change.field not in changed:
                changed.add(change.field)
                first[change.field].add((type(change.old), change.old))
        for name in wanted - changed:
            value = lead.fields.get(name)
            first[name].add((type(value), value))
    return {name for name, values in first.items() if len(values) == 1}


def _template(shown: Iterable[FieldInfo], known: Collection[str], max_tokens: int) -> Template:
    labels: set[str] = set(RESERVED_LABELS)
    fields: list[FieldTemplate] = []
    try:
        for info in shown:
            label = _label(info.label)
            if label in labels:
                label = _label(f"{label} {info.name}")
            labels.add(label)
            fields.append(
                FieldTemplate(field=info.name, label=label, kind=info.kind, known_at_creation=info.name in known)
            )
        return Template(fields=tuple(fields), max_tokens=max_tokens)
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"The org's fields make no template: {problem}.", hint="Leave a field out with leave_out."
        ) from exc


def _label(text: str) -> str:
    """A label as people see it, without what a prompt's line must not hold."""
    return " ".join(text.replace(":", " ").replace("\0", " ").split())[:_LONGEST_LABEL] or "field"
