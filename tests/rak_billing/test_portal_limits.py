"""Limits of look-ups, the answer floor, and the keys behind them."""

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import IntegrityError

from rak_billing.errors import TenantError
from rak_billing.portal.answer_floor import AnswerFloor
from rak_billing.portal.keys import derive_key
from rak_billing.portal.limits import Allowance, LookUpLimits
from rak_billing.portal.schema import create_tables, hits
from support.portal_kit import SECRET, Clock


@pytest.fixture
def engine(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'limits.db'}")
    create_tables(engine)
    yield engine
    engine.dispose()


def limits_on(engine, clock):
    small = {"per_address": Allowance(2, 600), "per_customer": Allowance(2, 600)}
    return LookUpLimits.of(engine, SECRET, clock, **small)


def test_requests_beyond_the_allowance_have_to_wait(engine):
    """Two are served, the third is told how long the window still lasts."""
    clock = Clock()
    limits = limits_on(engine, clock)
    answers = [limits.count_customer("123") for _ in range(3)]
    assert [0, 0] == answers[:2]
    assert answers[2] == 600 - int(clock().timestamp()) % 600


def test_a_new_window_starts_from_nothing(engine):
    """Whoever waited is served."""
    clock = Clock()
    limits = limits_on(engine, clock)
    for _ in range(2):
        limits.count_address("10.0.0.1")
    clock.forward(limits.count_address("10.0.0.1"))
    assert 0 == limits.count_address("10.0.0.1")


def test_addresses_and_codes_are_counted_apart(engine):
    """One customer's look-ups are not another's, and an address is not a code."""
    limits = limits_on(engine, Clock())
    counts = [limits.count_customer(ref) for ref in ("1", "1", "2")] + [limits.count_address("1")]
    assert [0, 0, 0, 0] == counts


def test_an_ipv6_customer_is_one_whatever_the_last_bits(engine):
    """A /64 belongs to one connection; IPv4 written as IPv6 is IPv4."""
    limits = limits_on(engine, Clock())
    counts = [limits.count_address(f"2001:db8::{n}") for n in (1, 2, 3)]
    assert counts[2] > 0
    counts = [limits.count_address(f"::ffff:10.0.0.{n}") for n in (1, 2, 3)]
    assert [0, 0, 0] == counts


def test_an_address_that_is_none_is_counted_as_it_is(engine):
    """A server behind a socket file has no address; its requests still count."""
    limits = limits_on(engine, Clock())
    assert [0, 0] == [limits.count_address("") for _ in range(2)]
    assert limits.count_address("") > 0


def test_the_table_holds_no_address_and_no_code_and_stays_small(engine):
    """Keyed hashes only, deleted with their window."""
    clock = Clock()
    limits = limits_on(engine, clock)
    for _ in range(3):
        limits.count_customer("123456789")
        clock.forward(700)
    with engine.connect() as connection:
        keys = connection.execute(select(hits.c.key)).scalars().all()
        assert 1 == connection.execute(select(func.count()).select_from(hits)).scalar()
    assert [64] == [len(key) for key in keys]
    assert "123456789" not in keys[0]


class Raced(LookUpLimits):
    """Another process writes the row between our looking and our writing, once."""

    def _add(self, key, now, expires_at):
        count = super()._add(key, now, expires_at)
        if count == 1:
            raise IntegrityError("insert", {}, Exception("raced"))
        return count


def test_a_row_written_in_between_is_counted_on(engine):
    """Two processes that open a window at once do not lose a hit."""
    assert 0 == Raced.of(engine, SECRET, Clock(), per_customer=Allowance(2, 600)).count_customer("1")


@pytest.mark.parametrize(("took", "expected"), [(0.0, 0.5), (0.1, 0.4), (0.5, 0.0), (0.6, 0.4), (1.7, 0.3)])
def test_an_answer_leaves_on_a_whole_step(took, expected):
    """Small differences in the billing system disappear behind the step."""
    slept, times = [], iter([100.0, 100.0 + took])
    floor = AnswerFloor(0.5, monotonic=lambda: next(times), sleep=slept.append)
    floor.hold(floor.started())
    assert [pytest.approx(expected)] == slept


def test_a_floor_of_zero_never_sleeps():
    """For those who measure elsewhere."""
    AnswerFloor(0, sleep=pytest.fail).hold(0.0)


def test_each_purpose_has_its_own_key():
    """What seals one thing names no other."""
    assert derive_key(SECRET, "a") != derive_key(SECRET, "b")
    assert derive_key(SECRET, "a") == derive_key(SECRET.encode(), "a")


def test_a_short_secret_is_refused_without_showing_it():
    """A key that can be guessed is no key."""
    with pytest.raises(TenantError, match="16 bytes") as caught:
        derive_key("hunter2", "a")
    assert "hunter2" not in str(caught.value)
