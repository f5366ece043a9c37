"""Nothing that identifies a person and no secret gets into a log; what a log is read for stays."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from hpro_sdk.cli.logging_setup import configure_logging
from hpro_sdk.cli.redaction import MASK, mask_text
from hpro_sdk.errors import DataError

logger = logging.getLogger("hpro_connectors.tests")

MAIL = "anna.schmidt@example.com"
PHONE = "+49 170 1234567"
TOKEN = "hushhush.token-value_1"
NAME = "Annegret Schmidthuber"
PLANTED = (MAIL, PHONE, TOKEN, NAME, "Annegret", "1234567", "hushhush")


@pytest.fixture(params=["text", "json"], autouse=True)
def _format(request: pytest.FixtureRequest) -> None:
    configure_logging(0, log_format=request.param, level="info")


def logged(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    return err


def assert_clean(text: str) -> None:
    assert [planted for planted in PLANTED if planted in text] == []
    assert MASK in text


def test_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    logger.info("wrote to %s, called %s, with %s", MAIL, PHONE, f"Bearer {TOKEN}")
    logger.warning("sent %(header)s", {"header": {"Authorization": f"Bearer {TOKEN}"}})
    logger.error("refused: %s", ValueError(f"{NAME} is no number"))
    logger.error(ValueError(f"{NAME} is no number"))
    assert_clean(logged(capsys))


def test_message(capsys: pytest.CaptureFixture[str]) -> None:
    body = json.dumps({"FirstName": NAME, "email": MAIL, "MobilePhone": "1234567", "note": f"call {PHONE}"})
    logger.info("answer: %s", body)
    logger.info(f'sent client_secret={TOKEN}&assertion={TOKEN} {{"access_token": "{TOKEN}"}} password: {TOKEN}')  # noqa: G004
    logger.info(f"<password>{TOKEN}</password><sessionId>{TOKEN}</sessionId>")  # noqa: G004
    assert_clean(logged(capsys))


def test_data(capsys: pytest.CaptureFixture[str]) -> None:
    extra = {
        "lead_name": NAME,
        "first_name": NAME,
        "email": MAIL,
        "phone": 1234567,
        "body": f"Dear {NAME}",
        "text": NAME,
        "access_token": TOKEN,
        "reason": f"no answer from {MAIL} or {PHONE}",
        "record": {"person_name": NAME, "contacts": [MAIL, (PHONE,)], "headers": {"Authorization": TOKEN}},
        "cause": ValueError(NAME),
        "wrapped": SecretStr(TOKEN),
    }
    logger.info("planted", extra=extra)
    assert_clean(logged(capsys))


class Lead(BaseModel):
    """A model that repeats what it refuses."""

    age: int


def refused_model() -> None:
    Lead.model_validate({"age": f"{NAME} {MAIL}"})


def refused_number() -> None:
    float(NAME)


def refused_key() -> None:
    dict[str, str]()[MAIL]


def unknown_file() -> None:
    raise FileNotFoundError(2, f"no file of {MAIL}")


def chained() -> None:
    try:
        refused_number()
    except ValueError as exc:
        raise DataError(f"Bearer {TOKEN} of {MAIL} was refused.") from exc


def grouped() -> None:
    raise ExceptionGroup(NAME, [ValueError(PHONE), KeyError(NAME)])


@pytest.mark.parametrize("fail", [refused_model, refused_number, refused_key, unknown_file, chained, grouped])
def test_exceptions(fail: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        fail()
    except Exception:
        logger.exception("failed")
    text = logged(capsys)
    assert_clean(text)
    assert fail.__name__ in text  # where it happened is what a log is read for


def test_messages_that_hold_no_data_stay(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        try:
            raise sqlite3.OperationalError("database is locked")
        except sqlite3.Error as exc:
            raise DataError("Row 3 has no id.", hint="Remove it.") from exc
    except DataError:
        logger.exception("failed")
    text = logged(capsys)
    for words in ("OperationalError: database is locked", "direct cause", "DataError: Row 3 has no id. Remove it."):
        assert words in text


def test_found_values_of_databases_and_models_are_masked() -> None:
    text = f"(x) failed\n[SQL: INSERT INTO lead VALUES (?)]\n[parameters: ('{NAME}',)]\n(Background: ...)"
    assert mask_text(text, level=logging.INFO) == text.replace(f"('{NAME}',)", MASK)
    with pytest.raises(ValidationError) as caught:
        refused_model()
    assert NAME not in mask_text(str(caught.value), level=logging.INFO)


def test_below_info_only_secrets_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(2, log_format="json")
    logger.debug("wrote to %s with %s", MAIL, f"Bearer {TOKEN}", extra={"first_name": NAME, "api_key": TOKEN})
    entry = json.loads(logged(capsys))
    assert entry["message"] == f"wrote to {MAIL} with Bearer {MASK}"
    assert (entry["first_name"], entry["api_key"]) == (NAME, MASK)


def test_other_libraries_are_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("urllib3").warning("Retrying https://me:%s@example.com/?hapikey=%s", TOKEN, TOKEN)
    assert_clean(logged(capsys))


def test_what_a_log_is_read_for_stays(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(0, log_format="json", level="info")
    extra = {
        "event": "batch_written",
        "lead_id": "00123456789",
        "run_id": "01234567-89ab-41d4-a716-446655440000",
        "record_ids": ["0012345678"],
        "taken_at": datetime(2026, 1, 31, 9, tzinfo=UTC),
        "tokens": 312,
        "max_tokens": 352,
        "fencing_token": 7,
        "share": 0.0123456789,
        "counts": {"read": 12, "dead": 0},
        "nothing": None,
        "model": "hpro-1234567890abcdef",
    }
    logger.info("batch %d of %s written in %.1f s", 3, "00Q5e00000123ab", 1.25, extra=extra)
    entry = json.loads(logged(capsys))
    assert entry["message"] == "batch 3 of 00Q5e00000123ab written in 1.2 s"
    assert {name: entry[name] for name in extra} == {**extra, "taken_at": "2026-01-31 09:00:00+00:00"}


class Unprintable:
    """Fails when it is shown."""

    def __str__(self) -> str:
        raise ValueError(NAME)


def test_a_record_that_cannot_be_shown_says_nothing_of_its_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if type(handler).__module__ == "hpro_sdk.cli.logging_setup"]
    monkeypatch.setattr(root, "handlers", ours)  # those of pytest raise what logging only reports
    logger.info("%d leads", MAIL)
    logger.info("%s and %s", MAIL)  # noqa: PLE1206 - that is the point
    logger.info("odd", extra={"value": Unprintable()})
    text = logged(capsys)
    assert text.count("A log record of hpro_connectors.tests") == 3
    assert [planted for planted in PLANTED if planted in text] == []


def test_other_handlers_see_the_record_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="hpro_connectors.tests"):
        logger.info("to %s", MAIL, extra={"email": MAIL})
    (record,) = caplog.records
    assert record.getMessage() == f"to {MAIL}"
    assert vars(record)["email"] == MAIL
