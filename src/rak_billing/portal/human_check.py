"""
« Je ne suis pas un robot », without any service from outside.

A challenge is one sealed text: a random number used once, the answer to a small sum, the form session it belongs
to, and (by the seal) the time it was made.
It is answered in one of two ways, so that nobody is kept out: the page's script finds a number whose SHA-256 with
the challenge starts with enough zero bits, which costs a telephone a moment and a mass of look-ups a great deal;
or, without script, the customer types the sum.
A field that people do not see must stay empty.

Every answer spends its challenge, right or wrong, so that a wrong answer cannot be improved nor a right one used
twice; what is spent is noted in the journal's database, as a hash, until the challenge would have expired anyway.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Final

import attrs
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, insert
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from rak_billing.portal.keys import derive_key
from rak_billing.portal.schema import spent_checks
from rak_billing.ports import Challenge, Clock

__all__ = ["SealedHumanCheck", "solves"]

_LARGEST_TERM: Final = 12
_TOKEN_LIMIT: Final = 600
_WORK_LIMIT: Final = 20


def solves(token: str, work: str, difficulty: int) -> bool:
    """Say whether SHA-256 of ``token:work`` starts with *difficulty* zero bits."""
    digest = hashlib.sha256(f"{token}:{work}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - difficulty) == 0


@attrs.frozen
class _Sealed:
    nonce: str
    total: int
    binding: str


@attrs.frozen
class SealedHumanCheck:
    """
    The human check that comes with the portal; a `rak_billing.ports.HumanCheck`.

    Attributes:
        difficulty: Zero bits that the script must find; each one doubles the work.
        lifetime: Seconds from showing the form to sending it.
    """

    _engine: Engine
    _fernet: Fernet = attrs.field(repr=False)
    _key: bytes = attrs.field(repr=False)
    _clock: Clock
    _question: Callable[[int, int], str]
    difficulty: int = attrs.field(default=14, validator=[attrs.validators.ge(1), attrs.validators.le(24)])
    lifetime: int = attrs.field(default=1800, validator=attrs.validators.ge(30))
    _random_token: Callable[[], str] = attrs.field(default=secrets.token_urlsafe, repr=False)
    _random_below: Callable[[int], int] = attrs.field(default=secrets.randbelow, repr=False)

    @classmethod
    def of(
        cls,
        engine: Engine,
        secret_key: str | bytes,
        clock: Clock,
        *,
        question: Callable[[int, int], str],
        difficulty: int = 14,
        lifetime: int = 1800,
        random_token: Callable[[], str] = secrets.token_urlsafe,
        random_below: Callable[[int], int] = secrets.randbelow,
    ) -> SealedHumanCheck:
        """
        Build the check with keys of its own, derived from *secret_key*.

        Args:
            engine: The database that remembers spent challenges; the portal's tables must be there.
            secret_key: The portal's.
            clock: The present instant.
            question: Puts the sum of two small numbers into words.
            difficulty: See the class.
            lifetime: See the class.
            random_token: Fresh randomness, as text.
            random_below: A random whole number from 0 up to, not including, its argument.
        """
        fernet = Fernet(base64.urlsafe_b64encode(derive_key(secret_key, "human-check")))
        key = derive_key(secret_key, "human-check-binding")
        return cls(engine, fernet, key, clock, question, difficulty, lifetime, random_token, random_below)

    def challenge(self, *, binding: str) -> Challenge:
        """Make a challenge that only the form session *binding* can answer, once."""
        left, right = (1 + self._random_below(_LARGEST_TERM) for _ in range(2))
        sealed = {"n": self._random_token(), "t": left + right, "b": self._bound(binding)}
        token = self._fernet.encrypt_at_time(json.dumps(sealed).encode(), self._now()).decode()
        return Challenge(token=token, question=self._question(left, right), difficulty=self.difficulty)

    def passed(self, answers: Mapping[str, str], *, binding: str) -> bool:
        """Say whether the form was sent by somebody who did the work; spends the challenge either way."""
        token = answers.get("check_token", "")
        sealed = self._open(token)
        if sealed is None or not hmac.compare_digest(sealed.binding, self._bound(binding)):
            return False
        if not self._spend(sealed.nonce) or answers.get("check_site", ""):
            return False
        return self._worked(token, answers) or self._answered(sealed, answers)

    def _worked(self, token: str, answers: Mapping[str, str]) -> bool:
        work = answers.get("check_work", "")
        if not (0 < len(work) <= _WORK_LIMIT and work.isascii() and work.isdigit()):
            return False
        return solves(token, work, self.difficulty)

    def _answered(self, sealed: _Sealed, answers: Mapping[str, str]) -> bool:
        answer = answers.get("check_answer", "").strip()
        return hmac.compare_digest(answer.encode(), str(sealed.total).encode())

    def _open(self, token: str) -> _Sealed | None:
        if len(token) > _TOKEN_LIMIT:
            return None
        try:
            text = self._fernet.decrypt_at_time(token.encode(), self.lifetime, self._now())
        except InvalidToken:
            return None
        # Only our own key makes such a seal, so what is inside is ours and well formed.
        facts = json.loads(text)
        return _Sealed(facts["n"], facts["t"], facts["b"])

    def _spend(self, nonce: str) -> bool:
        now = self._now()
        row = {"key": hashlib.sha256(nonce.encode()).hexdigest(), "expires_at": now + 2 * self.lifetime}
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(spent_checks).where(spent_checks.c.expires_at <= now))
                connection.execute(insert(spent_checks).values(row))
        except IntegrityError:
            return False
        return True

    def _bound(self, binding: str) -> str:
        return hmac.new(self._key, binding.encode(), hashlib.sha256).hexdigest()

    def _now(self) -> int:
        return int(self._clock().timestamp())
