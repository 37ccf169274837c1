"""The account of the payment's day signs and verifies, whatever changed since."""

from datetime import UTC, date, datetime

import pytest

import cmi_gateway as cmi

OLD = cmi.Merchant("600000001", "OLDKEY99", cmi.TEST, valid_until=date(2026, 6, 30))
NEW = cmi.Merchant("600000002", "NEWKEY99", cmi.PRODUCTION, valid_from=date(2026, 7, 1))


@pytest.mark.parametrize(("day", "account"), [(date(2020, 1, 1), OLD), (date(2026, 6, 30), OLD), (date(2026, 7, 1), NEW), (date(2040, 1, 1), NEW)])  # fmt: skip
def test_the_day_picks_the_account(day, account):
    """The first and last days of an account belong to it."""
    assert account is cmi.AccountBook([NEW, OLD]).on(day)


def test_a_gap_has_no_account():
    """A day on which no contract holds is an error that says so."""
    later = cmi.Merchant("600000002", "NEWKEY99", cmi.TEST, valid_from=date(2026, 8, 1))
    with pytest.raises(cmi.ConfigurationError, match="2026-07-15"):
        cmi.AccountBook([OLD, later]).on(date(2026, 7, 15))


@pytest.mark.parametrize(
    "accounts",
    [
        [],
        [OLD, cmi.Merchant("600000002", "NEWKEY99", cmi.TEST, valid_from=date(2026, 6, 30))],
        [OLD, cmi.Merchant("600000002", "NEWKEY99", cmi.TEST)],
        [cmi.Merchant("600000001", "OLDKEY99", cmi.TEST), NEW],
        [OLD, None],
        5,
    ],
)
def test_overlaps_are_refused(accounts):
    """Two accounts on one day would leave it to chance who signs; what is no account is refused alike."""
    with pytest.raises(cmi.ConfigurationError):
        cmi.AccountBook(accounts)


def test_the_book_lists_its_accounts_in_order():
    """Iterating gives the accounts by their first day."""
    assert [OLD, NEW] == list(cmi.AccountBook([NEW, OLD]))


@pytest.mark.parametrize(
    ("instant", "account"),
    [
        (datetime(2026, 6, 30, 22, 59, 59, tzinfo=UTC), OLD),
        # Morocco was an hour ahead of UTC until 2026-09-20: its first of July had begun.
        (datetime(2026, 6, 30, 23, 0, tzinfo=UTC), NEW),
    ],
)
def test_an_instant_counts_by_its_day_in_morocco(instant, account):
    """The time of a payment picks the account of its Moroccan day."""
    assert account is cmi.AccountBook([NEW, OLD]).on(instant)


@pytest.mark.parametrize("day", [datetime(2026, 7, 1, 12), "2026-07-01", None])  # noqa: DTZ001 - what is refused
def test_a_time_without_a_zone_is_no_day(day):
    """Near midnight a time without a zone could be of either day, and text is none at all."""
    with pytest.raises(cmi.ConfigurationError, match="aware"):
        cmi.AccountBook([NEW, OLD]).on(day)
