"""What a refusal means for the admin whose session is used, and no longer for the integration user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hpro_connectors.errors import (
    AuthError,
    ConnectorError,
    FatalError,
    PermissionDeniedError,
    QuotaExhaustedError,
    RecordRejectedError,
    RetriableError,
)
from hpro_connectors.salesforce.client.failures import NAME

NEEDED: Final = "Customize Application, View All Data, Manage Profiles and Permission Sets, and Assign Permission Sets"
"""What the user of the session must be allowed to do."""

_AGAIN: Final = "Nothing has to be taken back: run the same command again, it goes on where it stopped."
_REFUSED: Final = f"Change in Setup what these words name. {_AGAIN}"


@contextmanager
def admin_told() -> Iterator[None]:
    """Say what an admin can do about a failure of the body.

    Raises:
        PermissionDeniedError: The user of the session may not change the org.
        ConnectorError: What else went wrong.
    """
    try:
        yield
    except PermissionDeniedError as exc:
        raise PermissionDeniedError(
            exc.message, hint=f"The session must be that of an admin, with {NEEDED}.", connector=NAME, stream=exc.stream
        ) from exc
    except AuthError as exc:
        raise AuthError(
            exc.message, hint="Get a new session: sign in with `sf org login web --set-default`.", connector=NAME
        ) from exc
    except RecordRejectedError as exc:
        raise FatalError(exc.message, hint=_REFUSED, connector=NAME, stream=exc.stream) from exc
    except RetriableError as exc:
        exc.hint = _AGAIN
        raise
    except FatalError as exc:
        if type(exc) is FatalError:
            exc.hint = _REFUSED
        raise


def is_refusal(exc: ConnectorError) -> bool:
    """Tell whether the CRM refused one thing, so that others may be tried.

    Args:
        exc: What was raised.
    """
    stops = AuthError | PermissionDeniedError | QuotaExhaustedError
    return isinstance(exc, FatalError | RecordRejectedError) and not isinstance(exc, stops)
