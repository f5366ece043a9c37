"""What an admin must change so that the integration user may do what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_USER = "the integration user"

REMEDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "API_DISABLED_FOR_ORG": f"Give {_USER} the permission API Enabled; an edition without the API (Essentials, "
        "Professional) needs it as an add-on, or another edition.",
        "API_CURRENTLY_DISABLED": "Salesforce has switched the API off for this org: see Setup and Salesforce's status "
        "page, or ask its support.",
        "FUNCTIONALITY_NOT_ENABLED": "This edition lacks the function, or it is switched off in Setup: switch it on, "
        "or take what needs it out of hpro.toml.",
        "INSUFFICIENT_ACCESS": f"Give {_USER} access to the object and the record with the permission set of HPRO.",
        "INSUFFICIENT_ACCESS_OR_READONLY": f"Give {_USER} edit access to the object, the record and our fields with "
        "the permission set of HPRO.",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": f"Give {_USER} access to the record that this one names.",
        "INVALID_FIELD_FOR_INSERT_UPDATE": f"Give {_USER} edit access to the field (its field permission in the "
        "permission set of HPRO); a formula field can never be written.",
        "TXN_SECURITY_METERING_ERROR": f"A transaction security policy of the org refuses the call: exempt {_USER} "
        "from it.",
        "TXN_SECURITY_NO_ACCESS": f"A transaction security policy of the org refuses the call: exempt {_USER} from it.",
        "CLIENT_NOT_ACCESSIBLE_FOR_USER": f"Allow {_USER} to use the app: in its policies pre-authorise the user's "
        "permission set or profile.",
        "LOGIN_DURING_RESTRICTED_DOMAIN": f"Add this machine's address to the login IP ranges of {_USER}'s profile.",
        "LOGIN_DURING_RESTRICTED_TIME": f"The login hours of {_USER}'s profile forbid it now: widen them.",
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": f"The password of {_USER} has expired: set a new one.",
        "PASSWORD_LOCKOUT": f"{_USER[0].upper()}{_USER[1:]} is locked out: unlock it in Setup.",
        "INACTIVE_OWNER_OR_USER": f"Activate {_USER} in Setup.",
        "MISSING_SCOPES": "Add the scope api (Manage user data via APIs) to the app.",
        "INSUFFICIENT_SCOPE": "Add the scope api (Manage user data via APIs) to the app.",
    }
)
"""By the CRM's code: what an admin must do; each of these codes means that no repetition helps."""


def is_of_permissions(code: str) -> bool:
    """Tell whether a refusal is one that an admin must lift.

    Args:
        code: The CRM's, in capitals.
    """
    return code in REMEDIES


def remedy_of(code: str, fields: tuple[str, ...] = ()) -> str:
    """Say what an admin must do.

    Args:
        code: The CRM's, in capitals.
        fields: The fields that the answer names.
    """
    remedy = REMEDIES.get(code, f"See in Setup what {_USER} may do, and assign the permission set of HPRO.")
    return f"{remedy} It is about {', '.join(fields)}." if fields else remedy
