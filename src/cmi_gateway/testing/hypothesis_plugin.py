"""
What Hypothesis is told when it is imported, by entry point: how to draw values of this package's types.

With it `hypothesis.strategies.from_type` knows `cmi_gateway.Money` and `cmi_gateway.PaymentRequest`, whose constructors
alone do not say what a gateway accepts. Nothing is imported before the hook runs, and no strategy is made before one
is asked for. Fault plans are left to `cmi_gateway.testing.fault_strategies`: loading them here would cost every
project that uses Hypothesis a tenth of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from cmi_gateway.money import Money
    from cmi_gateway.request import PaymentRequest


def register() -> None:
    """Tell Hypothesis; it calls this once."""
    from hypothesis.strategies import register_type_strategy  # noqa: PLC0415

    from cmi_gateway.money import Money  # noqa: PLC0415
    from cmi_gateway.request import PaymentRequest  # noqa: PLC0415

    register_type_strategy(Money, _money)
    register_type_strategy(PaymentRequest, _payment_request)


def _money(_type: type[Money]) -> SearchStrategy[Money]:
    from cmi_gateway.testing.strategies import amounts  # noqa: PLC0415

    return amounts()


def _payment_request(_type: type[PaymentRequest]) -> SearchStrategy[PaymentRequest]:
    from cmi_gateway.testing.strategies import payment_requests  # noqa: PLC0415

    return payment_requests()
