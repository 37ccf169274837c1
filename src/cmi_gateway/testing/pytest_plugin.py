"""
The fixtures. pytest loads this file in every project of its environment, by entry point.

So nothing of the package, and no web server, is imported before a test asks for a fixture. To change what a fixture
gives, define one of the same name in your ``conftest.py``: ``cmi_merchant``, ``cmi_clock``, ``cmi_rules`` and
``cmi_faults`` are there to be overridden.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cmi_gateway.merchant import Merchant
    from cmi_gateway.simulator.account_rules import AccountRules
    from cmi_gateway.simulator.clock import VirtualClock
    from cmi_gateway.simulator.faults import FaultPlan
    from cmi_gateway.testing.in_process import InProcessSimulator
    from cmi_gateway.testing.served import ServedSimulator


@pytest.fixture
def cmi_clock() -> VirtualClock:
    """A clock that stands still at 10/09/2018 10:48:56 in Morocco until a test moves it."""
    from cmi_gateway.simulator.clock import VirtualClock  # noqa: PLC0415

    return VirtualClock(datetime(2018, 9, 10, 9, 48, 56, tzinfo=UTC))


@pytest.fixture
def cmi_merchant() -> Merchant:
    """The shop's account at the gateway."""
    from cmi_gateway.testing.samples import sample_merchant  # noqa: PLC0415

    return sample_merchant()


@pytest.fixture
def cmi_rules() -> AccountRules:
    """What the bank lets the merchant do."""
    from cmi_gateway.simulator.account_rules import AccountRules  # noqa: PLC0415

    return AccountRules()


@pytest.fixture
def cmi_faults() -> FaultPlan:
    """What goes wrong to begin with: nothing."""
    from cmi_gateway.simulator.faults import FaultPlan  # noqa: PLC0415

    return FaultPlan()


@pytest.fixture
def cmi_simulator(
    cmi_merchant: Merchant, cmi_clock: VirtualClock, cmi_rules: AccountRules, cmi_faults: FaultPlan
) -> InProcessSimulator:
    """A simulated gateway without a socket, at which `cmi_merchant` has an account."""
    from cmi_gateway.testing.in_process import InProcessSimulator  # noqa: PLC0415

    return InProcessSimulator.of(cmi_merchant, cmi_clock, rules=cmi_rules, faults=cmi_faults)


@pytest.fixture
def cmi_simulator_server(
    cmi_merchant: Merchant, cmi_clock: VirtualClock, cmi_rules: AccountRules, cmi_faults: FaultPlan
) -> Iterator[ServedSimulator]:
    """A simulated gateway over HTTP, on this machine only, for the length of a test."""
    from cmi_gateway.testing.served import served_simulator  # noqa: PLC0415

    with served_simulator(cmi_merchant, cmi_clock, rules=cmi_rules, faults=cmi_faults) as simulator:
        yield simulator
