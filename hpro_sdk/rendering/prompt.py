"""From a snapshot to a prompt: text, token ids, hash, and when it is due to change by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hpro_sdk.errors import PromptTooLongError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import Interaction, LeadSnapshot
from hpro_sdk.rendering.ages import AGE_WORDS, AHEAD_WORDS
from hpro_sdk.rendering.cutting import fit_text
from hpro_sdk.rendering.field_lines import OTHER, UNKNOWN
from hpro_sdk.rendering.lines import Line, count_line, field_lines, interaction_line
from hpro_sdk.rendering.quantiles import QUANTILE_WORDS
from hpro_sdk.rendering.template import FieldTemplate, Template
from hpro_sdk.rendering.text import clean_text
from hpro_sdk.rendering.tokenizer import CachingEncoder, Encoder

_SMALLEST_INTERACTION = 16
_LONGEST_NUMBER = "-1.23e-308"


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """One prompt.

    Attributes:
        text: The whole prompt.
        token_ids: Its tokens; each segment is tokenised on its own, special tokens not parsed.
        shared_tokens: How many tokens at the beginning are the same for every lead of the template.
        input_hash: SHA-256 of ``text``, in hex; age words are part of it, the model is not.
        next_due_at: When the text changes by itself because an age crosses a bucket edge; ``None``: never.
        interactions_shown: Interactions in the prompt.
        interactions_dropped: Older ones that the budget left out.
        interactions_cut: Interactions whose middle was cut.
    """

    text: str
    token_ids: tuple[int, ...]
    shared_tokens: int
    input_hash: str
    next_due_at: datetime | None
    interactions_shown: int
    interactions_dropped: int
    interactions_cut: int


class _Segments:
    """Text and ids of a prompt as it grows."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.token_ids: list[int] = []

    def add(self, text: str, token_ids: Sequence[int]) -> None:
        self.texts.append(text)
        self.token_ids.extend(token_ids)


@dataclass(frozen=True, slots=True)
class _ShownInteraction:
    label: str
    text: str
    token_ids: tuple[int, ...]
    was_cut: bool
    next_edge_at: datetime | None


class PromptRenderer:
    """Renders snapshots by one template and one tokenizer.

    Args:
        template: Fields, labels, learnt edges, budgets.
        tokenizer: Of the model that will read the prompts.
    """

    def __init__(self, template: Template, tokenizer: Encoder) -> None:
        self.template = template
        self._tokenizer = CachingEncoder(tokenizer)
        self._preamble = f"{template.preamble}\n"
        self._preamble_ids = self._tokenizer.encode(self._preamble)
        self._closing_ids = self._tokenizer.encode(template.closing)

    @property
    def shared_token_ids(self) -> tuple[int, ...]:
        """Tokens that every prompt of this template begins with."""
        return self._preamble_ids

    def render(self, snapshot: LeadSnapshot) -> RenderedPrompt:
        """Give the prompt of a snapshot, within the template's token budget.

        Interactions are shown newest first; where the room ends, older ones are dropped whole and their number is
        stated. One interaction longer than its share keeps its beginning and its end.

        Args:
            snapshot: What was known; nothing else can reach the prompt.

        Raises:
            PromptTooLongError: The fields alone exceed the budget (training refuses such a template).
        """
        prompt = _Segments()
        edges: list[datetime | None] = [snapshot.next_known_at]
        prompt.add(self._preamble, self._preamble_ids)
        for line in field_lines(self.template, snapshot):
            self._add_line(prompt, line)
            edges.append(line.next_edge_at)
        room = self.template.max_tokens - len(prompt.token_ids) - len(self._closing_ids)
        if room < 0:
            raise PromptTooLongError(
                f"Lead {snapshot.lead_id}: its fields take {self.template.max_tokens - room} tokens of "
                f"{self.template.max_tokens}.",
                tokens=self.template.max_tokens - room,
                limit=self.template.max_tokens,
                hint="Train with a larger token budget or fewer fields.",
            )
        shown, next_due_at = self._fit_interactions(snapshot, room, _earliest(edges))
        dropped = len(snapshot.interactions) - len(shown)
        if snapshot.interactions and (shown or room >= self._count_tokens(dropped)):
            self._add_line(prompt, count_line(len(shown), dropped))
        for interaction in shown:
            prompt.add(f"{interaction.label}{interaction.text}", interaction.token_ids)
        prompt.add(self.template.closing, self._closing_ids)
        text = "".join(prompt.texts)
        return RenderedPrompt(
            text=text,
            token_ids=tuple(prompt.token_ids),
            shared_tokens=len(self._preamble_ids),
            input_hash=hashlib.sha256(text.encode()).hexdigest(),
            next_due_at=next_due_at,
            interactions_shown=len(shown),
            interactions_dropped=dropped,
            interactions_cut=sum(interaction.was_cut for interaction in shown),
        )

    def longest_fixed_part(self, stages: Iterable[str]) -> int:
        """Give the most tokens that everything but the interactions can take.

        Args:
            stages: Every stage name that a lead can be in.
        """
        longest_age = self._longest([*AGE_WORDS, *AHEAD_WORDS])
        total = len(self._preamble_ids) + len(self._closing_ids)
        total += len(self._label_ids("created")) + longest_age
        total += len(self._label_ids("stage")) + longest_age
        total += self._longest(f"{clean_text(stage)}, since" for stage in stages)
        for field in self.template.fields:
            total += len(self._label_ids(field.label)) + self._longest_value(field)
        return total + self._count_tokens(999_999)

    def _add_line(self, prompt: _Segments, line: Line) -> None:
        prompt.add(f"{line.label}:", self._label_ids(line.label))
        if line.max_tokens is None:
            value = f" {line.value}\n"
            prompt.add(value, self._tokenizer.encode(value))
        else:
            fitted = fit_text(line.value, line.max_tokens, self._tokenizer)
            prompt.add(fitted.text, fitted.token_ids)

    def _label_ids(self, label: str) -> tuple[int, ...]:
        return self._tokenizer.encode(f"{label}:")

    def _fit_interactions(
        self, snapshot: LeadSnapshot, room: int, due_at: datetime | None
    ) -> tuple[list[_ShownInteraction], datetime | None]:
        """Give the newest interactions that fit, the line that counts them taken off, and when the prompt changes."""
        total = len(snapshot.interactions)
        shown: list[_ShownInteraction] = []
        if not total:
            return shown, due_at
        room -= self._count_tokens(total)
        share = max(_SMALLEST_INTERACTION, int(room * self.template.interaction_share))
        left_out: Interaction | None = None
        for interaction in snapshot.interactions:
            fitted = self._fit_interaction(interaction, snapshot.as_of, share)
            if len(fitted.token_ids) > room:
                left_out = interaction
                break
            room -= len(fitted.token_ids)
            shown.append(fitted)
        due_at = _earliest([due_at, *(interaction.next_edge_at for interaction in shown)])
        # The words of another age may be shorter, and let the first one left out in after all.
        at = None if left_out is None else interaction_line(left_out, snapshot.as_of).next_edge_at
        while left_out is not None and at is not None and (due_at is None or at < due_at):
            fitted = self._fit_interaction(left_out, at, share)
            if len(fitted.token_ids) <= room:
                return shown, at
            at = fitted.next_edge_at
        return shown, due_at

    def _fit_interaction(self, interaction: Interaction, as_of: datetime, share: int) -> _ShownInteraction:
        line = interaction_line(interaction, as_of)
        label_ids = self._label_ids(line.label)
        fitted = fit_text(line.value, max(8, share - len(label_ids)), self._tokenizer)
        return _ShownInteraction(
            label=f"{line.label}:",
            text=fitted.text,
            token_ids=(*label_ids, *fitted.token_ids),
            was_cut=fitted.was_cut,
            next_edge_at=line.next_edge_at,
        )

    def _count_tokens(self, interactions: int) -> int:
        """Tokens to keep free for the line that counts; digits may be merged differently, hence the slack."""
        line = count_line(interactions, interactions)
        return len(self._label_ids(line.label)) + len(self._tokenizer.encode(f" {line.value}\n")) + 4

    def _longest(self, values: Iterable[str]) -> int:
        return max((len(self._tokenizer.encode(f" {value}\n")) for value in values), default=0)

    def _longest_value(self, field: FieldTemplate) -> int:
        match field.kind:
            case FieldKind.NUMBER:
                return self._longest([*(f"{_LONGEST_NUMBER} ({word})" for word in QUANTILE_WORDS), UNKNOWN])
            case FieldKind.CATEGORY:
                return self._longest([*field.categories, OTHER, UNKNOWN])
            case FieldKind.FLAG:
                return self._longest(["yes", "no", UNKNOWN])
            case FieldKind.TEXT:
                return field.max_tokens
            case FieldKind.DATE:
                return self._longest([*AGE_WORDS, *AHEAD_WORDS, UNKNOWN])


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
