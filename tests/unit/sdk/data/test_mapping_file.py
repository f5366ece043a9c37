"""A mapping's TOML: what loads, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpro_sdk.data import load_mapping, mapping_keys, mapping_schema
from hpro_sdk.errors import ConfigError
from hpro_sdk.field_kind import FieldKind

WHOLE = """
version = 1
id = "lead_id"
object_type = "contact"
time = "seen_at"
stage = "stage"
[outcome]
label = "won"
reached = "deepest"
[interactions.file]
path = "calls.csv"
text = "body"
[funnel]
stages = ["new", "engaged"]
[funnel.values]
"0" = "lost"
[features]
"Lead Origin" = "category"
"TotalVisits" = { kind = "number", label = "visits", known_at_creation = true }
"b" = "flag"
"""

RULE_ON_NO_NUMBER = """
id = "a"
[funnel]
stages = ["x"]
[[funnel.rules]]
name = "r"
margin = 1
chosen = { signal = "field:n", at_least = 1 }
rejected = { outcome = "lost" }
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_mapping(write(tmp_path, text))
    message = str(caught.value)
    assert "\n" not in message
    assert "mapping.toml" in message
    assert caught.value.hint
    return message


def test_whole_mapping_loads(tmp_path: Path) -> None:
    mapping = load_mapping(write(tmp_path, WHOLE))

    assert mapping.object_type == "contact"
    assert list(mapping.features) == ["Lead Origin", "TotalVisits", "b"]
    assert mapping.features["Lead Origin"].kind is FieldKind.CATEGORY
    assert not mapping.features["Lead Origin"].known_at_creation
    assert mapping.features["TotalVisits"].label == "visits"
    assert mapping.features["TotalVisits"].known_at_creation
    assert mapping.funnel is not None
    assert mapping.funnel.key_stage == "engaged"
    assert mapping.interactions is not None
    assert mapping.interactions.file is not None
    assert mapping.interactions.file.path == tmp_path / "calls.csv"
    assert mapping.interactions.file.text == "body"
    assert mapping.interactions.file.lead_id == "lead_id"


def test_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    assert load_mapping(write(tmp_path, '\ufeffid = "a"')).id == "a"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id = ", "not valid TOML"),
        ("", "id: is required"),
        ('id = "a"\nobjekt_type = "x"', "objekt_type: unknown key. Did you mean object_type?"),
        ('id = "a"\n[outcome]\nlabel = 3', "outcome.label: "),
        ('id = "a"\noutcome = "won"', "outcome: must be a table"),
        ('id = "a"\nversion = 2', "version: "),
        ('id = "a"\nversion = true', "version: "),
        ('id = "a"\nid = "b"', "not valid TOML"),
        ('id = "a"\n[features]\n"Lead Origin" = "categorie"', 'features."Lead Origin".kind: '),
        ('id = "a"\n[features]\nb = { kind = "flag", known_at_creation = "yes" }', "features.b.known_at_creation: "),
        ('id = "a"\n[features]\nb = { kind = "flag", size = 3 }', "features.b.size: unknown key"),
        ('id = "a"\n[funnel]\nstages = []', "funnel.stages: "),
        ('id = "a"\n[funnel]\nstages = ["x", 3]', "funnel.stages[1]: "),
        ('id = "a"\n[funnel]\nstages = ["x", "won"]', "funnel: the names of stages"),
        ('id = "a"\n[funnel]\nstages = ["x"]\n[funnel.values]\n1 = "y"', "'y', which is not one of"),
        ('id = "a"\ntime = "t"\norder = "o"', "time and order exclude each other"),
        ('id = "a"\nstage = "s"', "stage needs a [funnel]"),
        ('id = "a"\n[outcome]\nlabel = "l"\nreached = "r"', "outcome.reached needs a [funnel]"),
        ('id = "a"\n[interactions]\ncolumn = "c"\ntext = "t"', "interactions: needs exactly one"),
        ('id = "a"\n[interactions]', "interactions: needs exactly one"),
        ('id = "a"\n[features]\na = "text"', "features.a is also id"),
        ('id = "a"\nsplit = "s"\n[features]\ns = "text"', "features.s is also split"),
        ('id = "a"\n[outcome]\nlabel = "l"\n[features]\nl = "flag"', "features.l is also outcome.label"),
        ('id = "a"\n[outcome]\nlabel = "l"\nat = "t"\n[features]\nt = "date"', "features.t is also outcome.at"),
        (
            'id = "a"\nstage = "s"\n[outcome]\nlabel = "l"\nreached = "s"\n[funnel]\nstages = ["x"]',
            "stage is also outcome.reached",
        ),
        (
            RULE_ON_NO_NUMBER,
            "'n', which is not a number in [features]",
        ),
    ],
)
def test_wrong_mapping_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(tmp_path, text)


def test_missing_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_mapping(tmp_path / "none.toml")


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_mapping(tmp_path)


def test_other_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes('id = "größe"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_mapping(path)


def test_wrong_value_is_not_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in refusal(tmp_path, 'id = "a"\n[outcome]\nlabel = ["hunter2"]')


def test_schema_describes_every_key() -> None:
    keys = mapping_keys()
    assert all(key.description for key in keys)
    by_name = {key.key: key for key in keys}
    assert by_name["id"].default == "required"
    assert by_name["object_type"].default == '"lead"'
    assert by_name["features.COLUMN.kind"].type == '"number" | "category" | "flag" | "text" | "date"'
    assert {"interactions.file.path", "funnel.values", "funnel.rules[].chosen.signal"} <= by_name.keys()


def test_schema_allows_the_short_form_of_a_feature() -> None:
    forms = mapping_schema()["$defs"]["FeatureMapping"]["anyOf"]
    assert [form["type"] for form in forms] == ["string", "object"]
