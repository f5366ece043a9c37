from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from hpro_sdk.cli.train import train
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import FieldValue, Interaction, LeadSnapshot, Outcome, OutcomeResult, TrainingExample
from hpro_sdk.leaks import LeakFinding, find_leaks, words
from hpro_sdk.leaks.finding import MIN_AUC, MIN_OF_EACH_RESULT

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = [f"word{number}" for number in range(60)]

Field = Callable[[bool, random.Random], FieldValue]
Texts = Callable[[bool, random.Random], list[str]]


def example_of(
    number: int,
    won: bool,
    *,
    fields: dict[str, FieldValue] | None = None,
    texts: list[str] | None = None,
    stage: str | None = None,
    split: str = "train",
    group: str | None = None,
) -> TrainingExample:
    return TrainingExample(
        snapshot=LeadSnapshot(
            as_of=NOON + timedelta(days=number % 300),
            lead_id=f"L{number}",
            stage=stage,
            fields=fields or {},
            interactions=tuple(
                Interaction(interaction_id=str(position), text=text) for position, text in enumerate(texts or [])
            ),
        ),
        outcome=Outcome(result=OutcomeResult.WON if won else random.Random(number).choice([*OutcomeResult][1:])),
        group=group,
        split=split,
    )


def company(
    count: int = 1500, *, share: float = 0.3, field: Field | None = None, texts: Texts | None = None
) -> list[TrainingExample]:
    draw = random.Random(7)
    examples = []
    for number in range(count):
        won = draw.random() < share
        fields = {} if field is None else {"x": field(won, draw)}
        examples.append(example_of(number, won, fields=fields, texts=[] if texts is None else texts(won, draw)))
    return examples


def chatter(draw: random.Random) -> list[str]:
    return [" ".join(draw.choices(WORDS, k=12)) for _ in range(3)]


def often(chance: float, draw: random.Random) -> bool:
    return draw.random() < chance


LEAKING_FIELDS: dict[str, Field] = {
    "flag": lambda won, draw: won,
    "nearly always": lambda won, draw: won != often(0.01, draw),
    "number": lambda won, draw: draw.gauss(4 if won else 0),
    "number, low is good": lambda won, draw: draw.gauss(-4 if won else 0),
    "category": lambda won, draw: draw.choice(["paid", "shipped"] if won else ["new", "cold", "later"]),
    "code": lambda won, draw: draw.choice([1, 7, 9]) if not won else draw.choice([2, 8]),
    "huge": lambda won, draw: 10 ** (5000 + won),
    "filled in when won": lambda won, draw: draw.random() if won else None,
    "filled in when lost": lambda won, draw: "too dear" if not won else "",
    "date of winning": lambda won, draw: (
        f"202{draw.randint(4, 5) if won else draw.randint(1, 3)}-0{draw.randint(1, 9)}-11"
    ),
    "date with an offset": lambda won, draw: (
        f"202{5 if won else 3}-01-{draw.randint(10, 28)}T0{draw.randint(0, 9)}:11:59+02:00"
    ),
    "filled in for half of the won": lambda won, draw: f"C-{draw.random()}" if won and often(0.5, draw) else None,
}
HONEST_FIELDS: dict[str, Field] = {
    "nothing": lambda won, draw: None,
    "noise": lambda won, draw: draw.random(),
    "strong number": lambda won, draw: draw.gauss(2 if won else 0),
    "strong flag": lambda won, draw: won != often(0.1, draw),
    "id": lambda won, draw: f"{draw.getrandbits(64):x}",
    "number of an id": lambda won, draw: draw.getrandbits(80),
    "strong presence": lambda won, draw: "a" if often(0.9 if won else 0.1, draw) else None,
    "rare proof": lambda won, draw: "a" if won and often(0.1, draw) else None,
    "huge": lambda won, draw: 10 ** (5000 + draw.randrange(2)),
    "day": lambda won, draw: f"2025-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}",
    "strange date": lambda won, draw: draw.choice(
        ["9999-99-99", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
    ),
    "halves of characters": lambda won, draw: draw.choice(["\ud800", "\udfff x \ud800 y"]),
}


@pytest.mark.parametrize("name", LEAKING_FIELDS)
def test_a_field_of_after_the_outcome_is_found(name: str) -> None:
    (finding,) = find_leaks(company(field=LEAKING_FIELDS[name]))
    assert finding.place == "field 'x'"
    assert finding.value >= MIN_AUC
    assert "field 'x'" in finding.message
    assert "mapping" in finding.message
    assert "\n" not in finding.message
    assert 0 < finding.share <= 1


@pytest.mark.parametrize("name", HONEST_FIELDS)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_an_honest_field_raises_no_alarm(name: str, share: float) -> None:
    assert not find_leaks(company(field=HONEST_FIELDS[name], share=share))


def test_presence_is_told_apart_from_value() -> None:
    (by_presence,) = find_leaks(company(field=lambda won, draw: draw.random() if won else None))
    assert (by_presence.measure, by_presence.value) == ("auc", 1.0)
    assert by_presence.share == pytest.approx(0.3, abs=0.05)
    assert "whether it is filled in" in by_presence.message
    (by_value,) = find_leaks(company(field=lambda won, draw: won))
    assert (by_value.measure, by_value.value, by_value.share) == ("auc", 1.0, 1.0)
    (one_sided,) = find_leaks(company(field=LEAKING_FIELDS["filled in for half of the won"]))
    assert (one_sided.measure, one_sided.value) == ("precision", 1.0)
    assert one_sided.share == pytest.approx(0.5, abs=0.05)


def test_the_share_of_a_group_in_one_value_is_no_leak() -> None:
    """An account's name tells how its leads ended, and nothing about any other account."""
    draw = random.Random(3)
    won = {group: often(0.5, draw) for group in range(100)}
    examples = [
        example_of(number, won[number % 100], fields={"account": f"A{number % 100}"}, group=str(number % 100))
        for number in range(2000)
    ]
    assert not find_leaks(examples)
    apart = [one.model_copy(update={"group": None}) for one in examples]
    assert [finding.place for finding in find_leaks(apart)] == ["field 'account'"]


def test_the_stage_is_looked_at() -> None:
    draw = random.Random(1)
    won = [often(0.4, draw) for _ in range(400)]
    leaking = [example_of(number, one, stage="offer" if one else "new") for number, one in enumerate(won)]
    (finding,) = find_leaks(leaking)
    assert finding.place == "stage"
    assert finding.message.startswith("The stage alone")
    honest = [one if often(0.7, draw) else one.model_copy(update={"outcome": leaking[0].outcome}) for one in leaking]
    assert not find_leaks(honest)


def found_words(texts: Texts, *, share: float = 0.3, count: int = 1500) -> list[LeakFinding]:
    return find_leaks(company(count, share=share, texts=texts))


def test_words_of_after_the_winning_are_found() -> None:
    def texts(won: bool, draw: random.Random) -> list[str]:
        # Each word alone is common, and only the pair tells.
        lines = [*chatter(draw), draw.choice(["the contract is long", "nothing signed", "-"])]
        if won and often(0.6, draw):
            lines.append("The CONTRACT,\u00a0signed\ud800 today" if often(0.5, draw) else "contract signed")
        return lines

    (finding,) = found_words(texts)
    assert finding.place == "the words 'contract signed'"
    assert (finding.measure, finding.value) == ("precision", 1.0)
    assert finding.share == pytest.approx(0.6, abs=0.05)
    assert finding.message.startswith("The words 'contract signed'")
    assert "\n" not in finding.message


def test_words_of_after_the_losing_are_found() -> None:
    def texts(won: bool, draw: random.Random) -> list[str]:
        return [*chatter(draw), *(["Archived"] if not won and often(0.7, draw) else [])]

    (finding,) = found_words(texts)
    assert finding.place == "the word 'archived'"
    assert "not won" in finding.message


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.95])
def test_honest_words_raise_no_alarm(share: float) -> None:
    def texts(won: bool, draw: random.Random) -> list[str]:
        lines = chatter(draw)
        lines.append("wants an offer soon" if often(0.7 if won else 0.1, draw) else "call again later")
        lines.append("no interest" if often(0.02 if won else 0.4, draw) else "asks for the price")
        lines.append(f"mail of {draw.getrandbits(40)}")
        return lines

    assert not found_words(texts, share=share, count=3000)


def test_a_pair_does_not_reach_over_two_texts() -> None:
    """Side by side, the texts of won leads would hold a pair of words that no other lead has."""

    def texts(won: bool, draw: random.Random) -> list[str]:
        return ["order contract", "signed order"] if won else ["signed order", "order contract"]

    assert not found_words(texts)


def test_one_leak_in_many_words_is_named_once() -> None:
    def texts(won: bool, draw: random.Random) -> list[str]:
        sentence = "we are glad to have you as a customer and send the invoice for the first year"
        return [*chatter(draw), *([sentence] if won and often(0.9, draw) else [])]

    (finding,) = found_words(texts)
    assert finding.share > 0.8


def test_a_text_field_is_read_as_a_text() -> None:
    def field(won: bool, draw: random.Random) -> str:
        return (
            f"{' '.join(draw.choices(WORDS, k=9))} {'deal closed' if won and often(0.6, draw) else 'deal, closed?'[:5]}"
        )

    (finding,) = find_leaks(company(field=field))
    assert finding.place in {"the words 'deal closed' in field 'x'", "the word 'closed' in field 'x'"}


def test_only_the_training_split_is_looked_at() -> None:
    examples = company(field=lambda won, draw: won)
    assert not find_leaks([one.model_copy(update={"split": "test"}) for one in examples])
    assert not find_leaks([])


@pytest.mark.parametrize("of_each", [MIN_OF_EACH_RESULT - 1, MIN_OF_EACH_RESULT])
@pytest.mark.parametrize("fewer_won", [True, False])
def test_too_few_leads_prove_nothing(of_each: int, fewer_won: bool) -> None:
    examples = [
        example_of(number, (number < of_each) == fewer_won, fields={"x": (number < of_each) == fewer_won})
        for number in range(300)
    ]
    assert bool(find_leaks(examples)) == (of_each == MIN_OF_EACH_RESULT)


def test_findings_do_not_depend_on_the_order_of_leads() -> None:
    def texts(won: bool, draw: random.Random) -> list[str]:
        return [*chatter(draw), *(["contract signed", "welcome on board"] if won and often(0.6, draw) else [])]

    examples = company(texts=texts, field=lambda won, draw: won)
    assert len(find_leaks(examples)) == 2
    assert find_leaks(examples[::-1]) == find_leaks(examples)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_words_are_counted_alike_in_blocks_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def texts(won: bool, draw: random.Random) -> list[str]:
        told = ["contract signed" if won else "not now"] if often(0.6, draw) else []
        return [*chatter(draw)[: draw.randrange(3)], *told]

    whole = found_words(texts)
    assert {finding.place for finding in whole} == {"the words 'contract signed'", "the words 'not now'"}
    monkeypatch.setattr(words, "_BLOCK_WORDS", size)
    assert found_words(texts) == whole


def test_only_the_newest_words_of_a_long_lead_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "WORDS_PER_LEAD", 5)

    def newest(won: bool, draw: random.Random) -> list[str]:
        return ["contract signed" if won else "-", "a b c d e f g h", "-"]

    def places(texts: Texts) -> set[str]:
        return {finding.place for finding in found_words(texts)}

    assert "the words 'contract signed'" in places(newest)
    assert not places(lambda won, draw: newest(won, draw)[::-1])


@pytest.mark.parametrize("as_json", [True, False])
def test_training_warns_of_leaks_before_it_starts(tmp_path: Path, as_json: bool) -> None:
    draw = random.Random(4)
    won = [often(0.3, draw) for _ in range(400)]
    rows = ["id,won,size,paid \x1b[31m", *(f"L{n},{one:d},{draw.random()},{one:d}" for n, one in enumerate(won))]
    (tmp_path / "leads.csv").write_text("\n".join(rows))
    features = 'size = "number"\n"paid \\u001b[31m" = "flag"\n'
    mapping = f'version = 1\nid = "id"\n[outcome]\nlabel = "won"\n[features]\n{features}'
    (tmp_path / "leads.toml").write_text(mapping)
    (tmp_path / "model").mkdir()  # so that the training itself is refused
    paths = {"--data": "leads.csv", "--mapping": "leads.toml", "--out": "model"}
    arguments = [word for option, name in paths.items() for word in (option, str(tmp_path / name))]
    result = CliRunner().invoke(train, [*arguments, *(["--json"] if as_json else [])])
    assert isinstance(result.exception, ConfigError)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Warning: The field 'paid \\x1b[31m' alone")
    assert "take it out of the mapping" in line


@pytest.mark.soak
def test_many_leads_take_less_than_a_minute(soak_share: float) -> None:
    draw = random.Random(2)
    vocabulary = [f"word{number}" for number in range(30_000)]
    weights = [1 / (number + 1) for number in range(30_000)]
    total = [sum(weights[:1])]
    for weight in weights[1:]:
        total.append(total[-1] + weight)
    examples = [
        example_of(number, often(0.1, draw), texts=[" ".join(draw.choices(vocabulary, cum_weights=total, k=250))])
        for number in range(int(100_000 * soak_share))
    ]
    begin = time.perf_counter()
    assert not find_leaks(examples)
    assert time.perf_counter() - begin < 60
