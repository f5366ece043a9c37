"""From a mapping to the template of a new model."""

from __future__ import annotations

from pydantic import ValidationError

from hpro_sdk.data import TableMapping
from hpro_sdk.errors import ConfigError
from hpro_sdk.rendering.template import FieldTemplate, Template

_LONGEST_LABEL = 80


def template_of(mapping: TableMapping, max_tokens: int) -> Template:
    """Give the template, not fitted yet, that shows a mapping's features.

    Args:
        mapping: Its features in prompt order.
        max_tokens: Tokens of a whole prompt.

    Raises:
        ConfigError: There is nothing to show, or two features have the same label.
    """
    if not mapping.features and mapping.interactions is None and mapping.stage is None:
        raise ConfigError(
            "The mapping shows nothing to the model.", hint="Name the columns to learn from in [features]."
        )
    try:
        return Template(
            fields=tuple(
                FieldTemplate(
                    field=column,
                    label=feature.label or _label(column),
                    kind=feature.kind,
                    known_at_creation=feature.known_at_creation,
                )
                for column, feature in mapping.features.items()
            ),
            max_tokens=max_tokens,
        )
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"The mapping's features make no template: {problem}.", hint="Give each feature a short label of its own."
        ) from exc


def _label(column: str) -> str:
    """A column's own name, without what a label must not hold."""
    return " ".join(column.replace(":", " ").replace("\0", " ").split())[:_LONGEST_LABEL] or "field"
