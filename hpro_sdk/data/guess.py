"""A first draft of a mapping, from the names and values of a table's columns, for a person to correct."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from hpro_sdk.data import column_names as names
from hpro_sdk.data.column_profile import ColumnProfile, profile_columns
from hpro_sdk.data.leads import no_rows
from hpro_sdk.data.table_rows import read_rows
from hpro_sdk.data.validation_text import quoted
from hpro_sdk.errors import DataError
from hpro_sdk.field_kind import FieldKind

_ROWS_READ = 5000
_FEW = 50
_FEW_SHARE = 0.05
_NAIVE = "dates without a time zone: write the offset, such as 2026-01-31T09:00:00+00:00, then map it"


def guess_mapping(path: Path) -> str:
    """Draft a mapping for a table from its first 5,000 rows.

    Columns that seem to tell the outcome are left as comments; names of persons, e-mail addresses and phone
    numbers are left out, a model would memorise them. The draft loads as it is, and is to be checked by someone
    who knows the columns.

    Args:
        path: CSV, JSONL or Parquet.

    Returns:
        Commented TOML.

    Raises:
        ConfigError: The file cannot be read.
        DataError: The file is malformed, has no rows, or no column could be the lead's id.
        MissingExtraError: Parquet without the ``parquet`` extra.
    """
    path = Path(path)
    rows = read_rows(path)
    profiles = profile_columns(islice(rows, _ROWS_READ))
    if not profiles:
        raise no_rows(path)
    return _Draft(path, profiles, has_more=next(rows, None) is not None).toml()


class _Draft:
    """Gives each column one role, the special ones first; what is left becomes a feature or a comment."""

    def __init__(self, path: Path, profiles: list[ColumnProfile], *, has_more: bool) -> None:
        self._path = path
        self._has_more = has_more
        self._left = {profile.name: profile for profile in profiles}
        self._notes: list[str] = []

    def toml(self) -> str:
        """Write the draft."""
        keys = [f"id = {quoted(self._take_id().name)}"]
        keys += self._key("split", names.SPLIT_NAMES, lambda column: column.all_are(column.splits))
        keys += self._time_keys()
        keys += self._key("group", names.GROUP_NAMES, lambda column: not column.nested)
        keys += self._key("person_id", names.PERSON_NAMES, lambda column: not column.nested)
        keys += self._key("account_id", names.ACCOUNT_NAMES, lambda column: not column.nested)
        outcome = self._outcome_lines()
        interactions = self._interaction_lines()
        stage = self._stage_lines()
        features = self._feature_lines()
        return "\n".join(
            [
                *self._header(),
                "version = 1",
                *keys,
                *outcome,
                *interactions,
                *stage,
                "",
                "[features]  # shown to the model, in this order; delete what was filled in after the outcome",
                *features,
                "",
            ]
        )

    def _header(self) -> list[str]:
        return [
            f"# Draft of a mapping for {quoted(self._path.name)}, made by `hpro mapping guess`. Check every line:",
            "# a column that was filled in after the outcome was known gives a model that is good only on paper.",
            *[f"# {note}" for note in self._notes],
        ]

    def _take(self, wanted: Iterable[str], fits: Callable[[ColumnProfile], bool]) -> ColumnProfile | None:
        for name in wanted:
            for column in self._left.values():
                if names.plain_name(column.name) == name and column.filled and fits(column):
                    return self._left.pop(column.name)
        return None

    def _key(self, key: str, wanted: Iterable[str], fits: Callable[[ColumnProfile], bool]) -> list[str]:
        column = self._take(wanted, fits)
        return [] if column is None else [f"{key} = {quoted(column.name)}"]

    def _take_id(self) -> ColumnProfile:
        column = self._take(names.ID_NAMES, lambda column: column.unique and not column.nested)
        if column is not None:
            return column
        candidates = [column for column in self._left.values() if _could_be_id(column)]
        if not candidates:
            raise DataError(
                f"{self._path}: no column has a different value in every row, so none can be the lead's id.",
                hint="Add a column with the id of the lead.",
            )
        # A name that ends in "id" or "number" is more likely an id than, say, an amount that never repeats.
        chosen = min(candidates, key=lambda column: not names.plain_name(column.name).endswith(("id", "number")))
        self._notes.append(f"id: {quoted(chosen.name)} was chosen because its values never repeat.")
        return self._left.pop(chosen.name)

    def _time_keys(self) -> list[str]:
        lines = self._key("time", names.TIME_NAMES, lambda column: column.all_are(column.moments))
        if not lines:
            lines = self._key("order", names.ORDER_NAMES, lambda column: column.all_are(column.numbers))
        created = self._take(names.CREATED_NAMES, lambda column: column.all_are(column.moments))
        if created is not None:
            lines.append(f"created_at = {quoted(created.name)}")
            if not lines[0].startswith("time"):
                self._notes.append("time: as there are dates, training needs the column that says when a row was true.")
        return lines

    def _outcome_lines(self) -> list[str]:
        label = self._take(names.LABEL_NAMES, lambda column: column.all_are(column.labels))
        if label is not None:
            return ["", "[outcome]", f"label = {quoted(label.name)}"]
        return [
            "",
            "# [outcome]  # training needs it: the column that says 1/0, true/false, yes/no or won/lost",
            '# label = ""',
        ]

    def _interaction_lines(self) -> list[str]:
        column = self._take(names.TEXT_NAMES, lambda column: column.json_lists == column.filled)
        if column is not None:
            return ["", "[interactions]", f"column = {quoted(column.name)}"]
        column = self._take(names.TEXT_NAMES, lambda column: column.long and not column.nested)
        if column is not None:
            return ["", "[interactions]", f"text = {quoted(column.name)}  # one undated note"]
        return []

    def _stage_lines(self) -> list[str]:
        column = self._take(names.STAGE_NAMES, lambda column: len(column.distinct) <= _FEW and not column.nested)
        if column is None:
            return []
        return [
            "",
            f"# {quoted(column.name)} looks like a stage. If it is the stage today, name it in stage above;",
            "# if it is the deepest one reached, set reached in [outcome]. Then name the open stages in order:",
            "# [funnel]",
            '# stages = ["first", "second"]',
            "# [funnel.values]  # to an open stage, won or lost",
            *[f'# {quoted(value)} = ""' for value in sorted(column.distinct)],
        ]

    def _feature_lines(self) -> list[str]:
        return [_feature_line(column, has_more=self._has_more) for column in self._left.values()]


def _could_be_id(column: ColumnProfile) -> bool:
    odd = column.nested or column.long or column.mails or column.phones or column.moments or column.naive
    fractions = column.numbers > column.whole
    return bool(column.name) and column.unique and not odd and not fractions


def _feature_line(column: ColumnProfile, *, has_more: bool) -> str:
    if not column.name:
        return "# a column without a name: left out"
    key, kind = quoted(column.name), _kind(column)
    why_not = _why_not(column, has_more=has_more)
    if why_not is not None:
        return f"# {key}: left out, {why_not}"
    line = f'{key} = "{kind}"'
    if names.looks_leaky(column.name):
        return f"# {line}  # leaky? its name suggests that it tells the outcome"
    if column.not_finite and kind is FieldKind.NUMBER:
        return f"{line}  # {column.not_finite} values are NaN or infinite: empty them, or reading stops there"
    if column.not_finite:
        return (
            f'{line}  # {column.not_finite} values are a text like "nan": empty them, or they count as one more value'
        )
    if len(column.distinct) == 1:
        return f"{line}  # always the same in the first {_ROWS_READ} rows"
    return line


def _why_not(column: ColumnProfile, *, has_more: bool) -> str | None:
    """Say why a column is no feature, or ``None``."""
    if not column.filled:
        return "always empty"
    if column.nested or column.most_are(column.json_lists):
        return "it holds lists or objects"
    if column.all_are(column.splits):
        return "it names splits"
    is_flag = column.all_are(column.flags)
    few_values = len(column.distinct) <= _FEW < column.filled
    if not is_flag and (column.most_are(column.mails) or column.most_are(column.phones)):
        return "e-mail addresses or phone numbers would be memorised"
    if not is_flag and not few_values and names.looks_private(column.name):
        return "names, e-mail addresses and phone numbers of persons would be memorised"
    if column.all_are(column.naive):
        return _NAIVE
    if len(column.distinct) == 1 < column.filled and not has_more:
        return "it always has the same value"
    is_name = column.unique and column.filled > _FEW and not column.spaced
    if is_name and not column.numbers and not column.moments:
        return "a different value in every row says nothing about the next lead"
    return None


def _kind(column: ColumnProfile) -> FieldKind:
    if column.all_are(column.flags) and (len(column.distinct) > 1 or not column.numbers):
        return FieldKind.FLAG
    if column.all_are(column.numbers):
        return FieldKind.NUMBER
    if column.all_are(column.moments):
        return FieldKind.DATE
    few = len(column.distinct) <= max(_FEW, _FEW_SHARE * column.filled)
    return FieldKind.CATEGORY if few and not column.long else FieldKind.TEXT
