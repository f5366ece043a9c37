"""Masking of a text: what a secret and what a person's data look like, and what only looks so."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpro_sdk.cli.redaction import MASK, mask_text


@pytest.mark.parametrize(
    "text",
    [
        "at 2026-01-31T09:00:00+00:00, then 2026-01-31 09:00:00",
        "0.0123456789 of 1234567890",
        "12 of 3,000 leads in stage 3 (A to D)",
        "The password has expired.",
        "tokens=312 max_tokens=352 prompt_tokens: 7",
        "The token has expired.",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert mask_text(text, level=logging.INFO) == text


@pytest.mark.parametrize(
    "phone",
    [
        "+491701234567",
        "+49 (0)170 / 123 45 67",
        "0049 170 1234567",
        "(030) 1234-567",
        "0171/2345678",
        "555-123-4567",
        "(555) 123-4567",
        "+1 555.123.4567",
        "%2B491701234567",
        "+49\u00a0170\u20111234567",
    ],
)
def test_phone_numbers(phone: str) -> None:
    assert mask_text(f"call {phone}, or not", level=logging.INFO) == f"call {MASK}, or not"


@pytest.mark.parametrize(
    "mail", ["anna@example.com", "a+b@mail.example.co.uk", "jörg@müller.example", "anna%40example.com", "o'x@a.ie"]
)
def test_mail_addresses(mail: str) -> None:
    assert mask_text(f"<{mail}>", level=logging.INFO) == f"<{MASK}>"


SECRETS = [
    "Authorization: Bearer {}",
    "authorization: Basic {}",
    "'Authorization': 'Bearer {}'",
    "client_secret={}&grant_type=x",
    "assertion={}",
    '{{"access_token":"{}","id":"x"}}',
    '{{\\"refresh_token\\": \\"{}\\"}}',
    "password='{}'",
    "SALESFORCE_PASSWORD={}",
    "Set-Cookie: a=1; sid={}",
    "<urn:password>{}</urn:password>",
    "https://me:{}@example.com",
    "bearer {}",
    "token={}",
    "x-api-key: {}",
]


@pytest.mark.parametrize("template", SECRETS)
@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
@settings(max_examples=30)
@given(secret=st.from_regex(r"[A-Za-z0-9._~+-]{8,40}", fullmatch=True))
def test_secrets_are_masked_at_every_level(template: str, level: int, secret: str) -> None:
    secret = f"Q{secret}Q"
    masked = mask_text(f"before {template.format(secret)}", level=level)
    assert secret not in masked
    assert masked.startswith("before ")
    assert MASK in masked


@pytest.mark.parametrize(
    "secret",
    ["eyJhbGciOi.eyJzdWIi.c2ln_", "00D5e000001abcd!AQ4AQ_xyz.abc", "pat-eu1-12345678-90ab-cdef-1234-567890abcdef"],
)
def test_secrets_known_by_their_looks(secret: str) -> None:
    assert mask_text(f"got {secret} back", level=logging.DEBUG) == f"got {MASK} back"


def test_a_private_key_is_masked_whole() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----"
    assert mask_text(f"a {key} b", level=logging.DEBUG) == f"a {MASK} b"
    assert mask_text(f"a {key[:40]}", level=logging.DEBUG) == f"a {MASK}"
