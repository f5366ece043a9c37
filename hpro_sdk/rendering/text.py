"""CRM text is untrusted data: made one line of normalised text before it enters a prompt."""

from __future__ import annotations

import re
import unicodedata

_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
# A mailbox name has at most 64 characters; without that bound a long run of letters takes quadratic time.
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<!\w)\+?\d(?:[\s()./-]{0,2}\d){6,14}(?!\w)")


def clean_text(text: str) -> str:
    """Give text as one NFC-normalised line.

    NUL and other control characters and lone surrogates go; any run of white space, line breaks of every script
    included, becomes one space, so that no text can look like a line of the template.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return unicodedata.normalize("NFC", " ".join(_UNWANTED.sub("", text).split()))


def mask_personal(text: str) -> str:
    """Put ``@`` for e-mail addresses and ``#`` for phone numbers.

    For what a model *remembers*, tokenizer merges and category lists, never for what it reads.
    """
    return _PHONE.sub("#", _EMAIL.sub("@", text))
