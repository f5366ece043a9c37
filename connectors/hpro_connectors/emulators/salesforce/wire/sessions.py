"""Sessions of users: what an access token or a session id is good for, and how long."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hpro_connectors.emulators.http.clock import EmulatorClock


@dataclass(slots=True)
class Session:
    """A session.

    Attributes:
        session_id: The token that requests carry.
        user_id: Whose it is.
        used_at: When it was used last; it ends when it is not used for its lifetime.
        consent: Which consent to the app it came by; ``None``: it came past the app.
    """

    session_id: str
    user_id: str
    used_at: datetime
    consent: int | None = None


class SessionStore:
    """The sessions of an org. Safe to use from several threads.

    Args:
        org_id: With which every session id begins.
        clock: By which they end.
        life: How long a session lasts without being used.
        holds: Whether a session still does, for all else.
    """

    def __init__(
        self,
        org_id: str,
        clock: EmulatorClock,
        life: timedelta,
        holds: Callable[[Session], bool] = lambda _session: True,
    ) -> None:
        self.life = life
        self._org_id = org_id
        self._clock, self._holds = clock, holds
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._issued = 0

    @property
    def issued(self) -> int:
        """How many were issued."""
        return self._issued

    def issue(self, user_id: str, consent: int | None = None) -> str:
        """Begin a session.

        Args:
            user_id: Whose.
            consent: Which consent to the app it comes by.

        Returns:
            Its session id.
        """
        session_id = f"{self._org_id[:15]}!{secrets.token_urlsafe(72)}"
        with self._lock:
            self._issued += 1
            self._sessions[session_id] = Session(session_id, user_id, self._clock.now(), consent)
        return session_id

    def use(self, session_id: str) -> Session | None:
        """Find a session and prolong it.

        Args:
            session_id: Its token.

        Returns:
            ``None`` when there is none, or it ended.
        """
        now = self._clock.now()
        with self._lock:
            session = self._sessions.get(session_id)
        if session is None:
            return None
        if now - session.used_at > self.life or not self._holds(session):
            self.revoke(session_id)
            return None
        session.used_at = now
        return session

    def owner(self, session_id: str) -> str | None:
        """Say whose session it is, without prolonging it.

        Args:
            session_id: Its token.
        """
        with self._lock:
            session = self._sessions.get(session_id)
            return None if session is None else session.user_id

    def revoke(self, session_id: str) -> bool:
        """End one session.

        Args:
            session_id: Its token.

        Returns:
            Whether there was one.
        """
        with self._lock:
            return self._sessions.pop(session_id, None) is not None

    def reset(self) -> None:
        """End every session, and count anew."""
        with self._lock:
            self._sessions.clear()
            self._issued = 0

    def expire_all(self) -> None:
        """End every session; users have to sign in again."""
        with self._lock:
            self._sessions.clear()
