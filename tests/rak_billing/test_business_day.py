"""The 22:00 close and the posting date."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rak_billing import business_day
from rak_billing.business_day import CASABLANCA, business_date, deciding_instant, posting_date
from rak_billing.errors import InstantError

RECEIVED = datetime(2018, 9, 10, 9, 49, tzinfo=UTC)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_guides_payment_is_posted_the_next_day():
    """10/09/2018 10:48:58 in Kenitra shows at the agency on 11/09/2018."""
    assert date(2018, 9, 11) == posting_date(datetime(2018, 9, 10, 10, 48, 58, tzinfo=CASABLANCA))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2018-09-10 20:59:59", date(2018, 9, 11)),
        ("2018-09-10 21:00:00", date(2018, 9, 12)),
        ("2019-05-20 21:59:59", date(2019, 5, 21)),
        ("2025-03-01 21:30:00", date(2025, 3, 2)),
        ("2025-04-10 21:30:00", date(2025, 4, 12)),
        ("2026-09-19 21:30:00", date(2026, 9, 21)),
        ("2026-09-20 21:30:00", date(2026, 9, 21)),
        ("2026-11-23 21:30:00", date(2026, 11, 24)),
    ],
)
def test_the_cut_off_follows_legal_time(instant, expected):
    """Ramadan, the years of UTC+1 and the reform of September 2026 all move the cut-off in UTC."""
    assert expected == posting_date(utc(instant))


@pytest.mark.parametrize(
    ("clock", "expected"), [((21, 59, 59, 999_999), date(2018, 9, 11)), ((22, 0, 0, 0), date(2018, 9, 12))]
)
def test_the_very_second_of_closing_belongs_to_the_next_day(clock, expected):
    """Before 22:00:00 it is J+1, at 22:00:00 it is J+2 (rule I24)."""
    assert expected == posting_date(datetime(2018, 9, 10, *clock, tzinfo=CASABLANCA))


@given(st.datetimes(min_value=datetime(2010, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants bounds without offset
def test_posting_is_the_day_after_the_business_day(instant):
    """Both promises of the guide are one rule, J+1 or J+2 of the local day."""
    local = instant.astimezone(CASABLANCA)
    late = local.hour >= 22
    assert local.date() + timedelta(days=1 if late else 0) == business_date(instant)
    assert business_date(instant) + timedelta(days=1) == posting_date(instant)


@pytest.mark.parametrize("instant", [datetime(2018, 9, 10, 10), date(2018, 9, 10), "2018-09-10", None])  # noqa: DTZ001 - the naive instant is the point
@pytest.mark.parametrize("ask", [posting_date, business_date])
def test_an_instant_needs_its_offset(ask, instant):
    """A naive time is refused rather than guessed."""
    with pytest.raises(InstantError, match="offset"):
        ask(instant)


def test_the_gateways_time_decides():
    """A callback of 22:03 for a payment of 21:58 keeps the promise J+1."""
    paid, received = utc("2018-09-10 20:58:00"), utc("2018-09-10 21:03:00")
    decided = deciding_instant(paid, received)
    assert (paid, "gateway", False) == (decided.instant, decided.source, decided.skew_flagged)
    assert date(2018, 9, 11) == posting_date(decided.instant)


@pytest.mark.parametrize(("apart", "flagged"), [(300, False), (-300, False), (301, True), (-301, True)])
def test_clocks_over_five_minutes_apart_are_flagged(apart, flagged):
    """Five minutes are tolerated either way, a second more is not."""
    assert flagged is deciding_instant(RECEIVED + timedelta(seconds=apart), RECEIVED).skew_flagged


def test_without_the_gateways_time_ours_decides():
    """A callback that does not say when is taken at its arrival."""
    decided = deciding_instant(None, RECEIVED)
    assert (RECEIVED, "received", False) == (decided.instant, decided.source, decided.skew_flagged)


def test_the_deciding_instant_is_in_utc():
    """Whatever the offset of what comes in, what is stored is UTC."""
    local = datetime(2018, 9, 10, 10, 48, 58, tzinfo=CASABLANCA)
    assert timedelta(0) == deciding_instant(local, RECEIVED).instant.utcoffset()


@pytest.mark.parametrize("instants", [(None, datetime(2018, 9, 10)), (datetime(2018, 9, 10), RECEIVED)])  # noqa: DTZ001 - the naive instant is the point
def test_both_instants_need_their_offset(instants):
    """Neither clock is trusted without its offset."""
    with pytest.raises(InstantError):
        deciding_instant(*instants)


@pytest.mark.parametrize("instant", [utc("9999-12-31T23:59:59"), utc("9999-12-30T22:00"), utc("0001-01-01")])
def test_an_instant_at_the_end_of_the_calendar_has_no_posting_date(instant):
    """The day after the last one is refused by a typed error."""
    with pytest.raises(InstantError):
        posting_date(instant)


def test_the_zone_is_the_only_lazy_name():
    """Other names of the module are missing as usual."""
    with pytest.raises(AttributeError, match="RABAT"):
        business_day.RABAT  # noqa: B018 - the access is the test
