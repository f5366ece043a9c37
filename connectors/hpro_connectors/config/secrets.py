"""Secrets: where a connector's key may come from, and how it is fetched.

A secret never stands in ``hpro.toml``. For a key ``NAME`` of ``[crm.CRM]`` it is given as one of

* the environment variable ``HPRO_CRM__CRM__NAME``,
* a file of its own that only its owner may read: ``NAME_file``, or the variable ``HPRO_CRM__CRM__NAME_FILE``,
* an entry of the operating system's keyring: ``NAME_keyring = "service/user"``.

A connector's table inherits from :class:`WithSecrets`, lists its secrets in ``secret_keys`` and declares the three
fields of each with :func:`secret_value`, :func:`secret_file` and :func:`secret_keyring`. Nothing is fetched before
:meth:`WithSecrets.secret` is called, and no error repeats what was found.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from hpro_connectors.config.kinds import PathKey
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import Frozen

_LARGEST_FILE = 65_536


def _check_entry(value: str) -> str:
    service, _, user = value.rpartition("/")
    if not service or not user:
        raise ValueError('must be "service/user"')
    return value


KeyringEntry = Annotated[str, AfterValidator(_check_entry)]
"""``service/user``; the service may hold further slashes."""

SecretValue = SecretStr | None
SecretFile = PathKey | None
SecretKeyring = KeyringEntry | None


def secret_value(description: str) -> Any:  # noqa: ANN401 - a default of any field, as Pydantic's own Field
    """Declare the field ``NAME`` of a secret, which only the environment may set.

    Args:
        description: What it is.
    """
    return Field(default=None, description=f"{description} From the environment only, never in this file.")


def secret_file(description: str) -> Any:  # noqa: ANN401 - as above
    """Declare the field ``NAME_file`` of a secret.

    Args:
        description: What it is.
    """
    return Field(default=None, description=f"{description} A file that holds it and that only its owner may read.")


def secret_keyring(description: str) -> Any:  # noqa: ANN401 - as above
    """Declare the field ``NAME_keyring`` of a secret.

    Args:
        description: What it is.
    """
    return Field(default=None, description=f'{description} "service/user" of an entry in the system\'s keyring.')


class WithSecrets(Frozen):
    """A table that has secrets.

    Attributes:
        secret_keys: Names of its secrets; each has the fields ``NAME``, ``NAME_file`` and ``NAME_keyring``.
    """

    secret_keys: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **options: object) -> None:
        """Refuse a class that lists a secret and lacks a field of it."""
        super().__pydantic_init_subclass__(**options)
        for key in cls.secret_keys:
            missing = set(places_of_secret(key)) - set(cls.model_fields)
            if missing:
                raise TypeError(f"{cls.__name__} lacks the fields {', '.join(sorted(missing))} of the secret {key}")

    @model_validator(mode="after")
    def _check_one_place_each(self) -> Self:
        for key in self.secret_keys:
            given = [place for place in places_of_secret(key) if getattr(self, place) is not None]
            if len(given) > 1:
                raise ValueError(f"needs one of {', '.join(given)}, not all of them")
        return self

    def secret(self, key: str) -> SecretStr:
        """Fetch a secret from where it is kept.

        Args:
            key: One of ``secret_keys``.

        Raises:
            ConfigError: It is given nowhere, or the place cannot be read, is empty, or others may read it.
        """
        if key not in self.secret_keys:
            raise ValueError(f"{type(self).__name__} has no secret {key}")
        value, file, entry = (getattr(self, place) for place in places_of_secret(key))
        if isinstance(value, SecretStr):
            return _checked(value.get_secret_value(), key, "the environment")
        if isinstance(file, Path):
            return _checked(_read(file, key), key, str(file))
        if isinstance(entry, str):
            return _checked(_from_keyring(entry, key), key, "the keyring")
        raise ConfigError(
            f"The secret {key} is not given.",
            hint=f"Set {variable_of_secret(key)}, or name a file with {key}_file or an entry with {key}_keyring.",
        )

    def has_secret(self, key: str) -> bool:
        """Tell whether a place is named for a secret; nothing is fetched.

        Args:
            key: One of ``secret_keys``.
        """
        return any(getattr(self, place) is not None for place in places_of_secret(key))


def places_of_secret(key: str) -> tuple[str, str, str]:
    """Give the three fields of a secret: its value, its file, its keyring entry.

    Args:
        key: Name of the secret.
    """
    return key, f"{key}_file", f"{key}_keyring"


def variable_of_secret(key: str) -> str:
    """Give the environment variable that may hold a secret, for a table that is called NAME.

    Args:
        key: Name of the secret.
    """
    return f"HPRO_CRM__NAME__{key.upper()} (NAME as in [crm.NAME], in capitals)"


def _checked(text: str, key: str, place: str) -> SecretStr:
    if not text.strip():
        raise ConfigError(f"The secret {key} is empty in {place}.", hint="Put the secret there.")
    return SecretStr(text)


def _read(path: Path, key: str) -> str:
    try:
        # Not to wait for a writer where the path is a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            problem = _problem_of(os.fstat(descriptor), path)
            content = b"" if problem else os.read(descriptor, _LARGEST_FILE + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a path"
        # Without the path and the cause, which holds it: it may be the secret itself, put into the wrong key.
        raise ConfigError(
            f"The file that {key}_file names cannot be read: {reason}.", hint="Name the file that holds the secret."
        ) from None
    if problem is not None:
        raise ConfigError(f"The file {path} of the secret {key} {problem[0]}.", hint=problem[1])
    if len(content) > _LARGEST_FILE:
        raise ConfigError(f"The file {path} of the secret {key} is too long for one.", hint=f"Correct {key}_file.")
    try:
        return content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        # Without its cause: that holds the content.
        raise ConfigError(
            f"The file {path} of the secret {key} is not UTF-8 text.", hint="Put the secret there, and nothing else."
        ) from None


def _problem_of(status: os.stat_result, path: Path) -> tuple[str, str] | None:
    """Say what is wrong with a file, and the remedy."""
    if not stat.S_ISREG(status.st_mode):
        return "is not a file", "Name the file that holds the secret."
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return "may be read by others", f"Run: chmod 600 {shlex.quote(str(path))}"
    return None


def _from_keyring(entry: str, key: str) -> str:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    service, _, user = entry.rpartition("/")
    instead = f"Set {variable_of_secret(key)} instead, or name a file with {key}_file."
    try:
        found = keyring.get_password(service, user)
    except NoKeyringError as exc:
        raise ConfigError(f"This system has no keyring to read the secret {key} from.", hint=instead) from exc
    except KeyringError as exc:
        # Without the cause, which may hold the entry: that may be the secret itself, put into the wrong key.
        raise ConfigError(
            f"The keyring did not give the secret {key} ({type(exc).__name__}).", hint=f"Unlock it. {instead}"
        ) from None
    if found is None:
        raise ConfigError(
            f"The keyring has no entry as {key}_keyring names it.",
            hint="Make it with `keyring set SERVICE USER`, and name it as service/user.",
        )
    return found
