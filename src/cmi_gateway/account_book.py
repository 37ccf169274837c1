"""Merchant accounts over time: the contract, host, acquirer or legal name changes while payments are in flight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import pairwise

import attrs

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.merchant import Merchant
from cmi_gateway.moroccan_time import casablanca


def _in_order(accounts: Iterable[Merchant]) -> tuple[Merchant, ...]:
    listed = tuple(accounts) if isinstance(accounts, Iterable) else (accounts,)
    if not all(isinstance(account, Merchant) for account in listed):
        raise ConfigurationError("an account book holds merchants: give them as a list")
    return tuple(sorted(listed, key=lambda account: account.valid_from or date.min))


@attrs.frozen
class AccountBook:
    """
    The accounts of one merchant, each valid for a span of days, without overlap.

    Sign with the account of today; verify a callback with the account of the day on which its payment was
    started, which your order knows. A payment that was started before midnight of a change is answered under the old
    account.

    Attributes:
        accounts: In order of their first day. Only the first may lack a first day, only the last a last day.

    Raises:
        ConfigurationError: there is no account, or two are valid on one day.
    """

    accounts: tuple[Merchant, ...] = attrs.field(converter=_in_order)

    @accounts.validator
    def _do_not_overlap(self, _field: object, accounts: tuple[Merchant, ...]) -> None:
        if not accounts:
            raise ConfigurationError("an account book needs at least one account")
        for earlier, later in pairwise(accounts):
            if (
                earlier.valid_until is None
                or later.valid_from is None
                or later.valid_from <= earlier.valid_until
            ):
                raise ConfigurationError(
                    f"the accounts {earlier.client_id} and {later.client_id} are valid on the same day; "
                    "give the earlier a valid_until before the valid_from of the later"
                )

    def on(self, day: date) -> Merchant:
        """
        Give the account that was valid on *day*.

        Args:
            day: In Moroccan time. An aware `datetime.datetime`, such as the payment's time, counts by its day in
                Morocco.

        Raises:
            ConfigurationError: none was, or *day* is neither.
        """
        if isinstance(day, datetime) and day.tzinfo is not None:
            day = day.astimezone(casablanca()).date()
        if type(day) is not date:
            raise ConfigurationError("day must be a date, or an aware datetime")
        for account in self.accounts:
            if (account.valid_from or day) <= day <= (account.valid_until or day):
                return account
        raise ConfigurationError(f"no merchant account is valid on {day}; add one to the book")

    def __iter__(self) -> Iterator[Merchant]:
        return iter(self.accounts)
