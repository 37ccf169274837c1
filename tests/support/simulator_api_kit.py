"""An account with an API user, paid orders, and requests of the XML API as a merchant writes them."""

from __future__ import annotations

from xml.sax.saxutils import escape

import attrs
from defusedxml.ElementTree import fromstring

from cmi_gateway import Money, Reply
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.account_rules import AccountRules
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.gateway import SimulatedGateway
from support.gateway_kit import STORE_KEY, signed_form
from support.simulator_kit import PAID_AT, VISA, card_form, gateway

API_USER, API_PASSWORD = "rakapi", "S3cret-of-the-API"
ORDER_ID = "RAK-1"


def account(**rules) -> MerchantAccount:
    """Give the guide's merchant with an API user, under *rules*."""
    return MerchantAccount(
        "600000099",
        STORE_KEY,
        "RAK",
        api_user=API_USER,
        api_password=API_PASSWORD,
        rules=AccountRules(**rules),
    )


def request(
    order_id=ORDER_ID,
    kind="",
    *,
    extra="",
    user=API_USER,
    password=API_PASSWORD,
    client_id="600000099",
    **elements,
):
    """Write a CC5Request; *elements* go between the order and Extra, under their own names."""
    given = {"Name": user, "Password": password, "ClientId": client_id, "Type": kind, "OrderId": order_id}
    body = "".join(
        f"<{name}>{escape(str(text))}</{name}>" for name, text in (given | elements).items() if text
    )
    query = f"<Extra><{extra}>QUERY</{extra}></Extra>" if extra else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<CC5Request>{body}{query}</CC5Request>'.encode()


@attrs.frozen
class Answer:
    """A CC5Response as it was read: top-level texts, and those of Extra."""

    raw: bytes
    top: dict[str, str]
    extra: dict[str, str]

    @property
    def verdict(self) -> tuple[str, str, str]:
        """Response, ProcReturnCode and ERRORCODE."""
        return self.top["Response"], self.top["ProcReturnCode"], self.extra.get("ERRORCODE", "")

    @property
    def lines(self) -> list[list[str]]:
        """The columns of each history line, newest first."""
        return [self.extra[f"TRX{n}"].split("\t") for n in range(1, int(self.extra["TRXCOUNT"]) + 1)]


def read(raw: bytes) -> Answer:
    """Read an answer, as a strict reader does."""
    root = fromstring(raw, forbid_dtd=True)
    assert root.tag == "CC5Response"
    top = {child.tag: child.text or "" for child in root if child.tag != "Extra"}
    return Answer(raw, top, {child.tag: child.text or "" for child in root.find("Extra")})


@attrs.frozen
class Desk:
    """A gateway and its clock, spoken to as a merchant's server does."""

    state: SimulatedGateway
    clock: VirtualClock

    def ask(self, kind, order_id=ORDER_ID, **elements) -> Answer:
        """Send one request: ``ORDERSTATUS``, ``ORDERHISTORY``, ``PostAuth``, ``Void`` or ``Credit``."""
        if kind.startswith("ORDER"):
            return read(self.state.answer_api(request(order_id, extra=kind, **elements)))
        return read(self.state.answer_api(request(order_id, kind, **elements)))

    def pay(self, order_id=ORDER_ID, amount="100.00", card=VISA, reply=Reply.ACKNOWLEDGE):
        """Pay on the hosted page and answer the callback; give the attempt."""
        session = self.state.open(form(order_id, amount).fields)
        self.state.pay(session.token, card_form(card))
        self.state.authenticate(session.token, "123")
        return self.state.record_reply(session.token, reply).attempt

    def paid(self, **changes):
        """Pay and capture, so that the line is ``S C``; give this desk."""
        self.pay(reply=Reply.CAPTURE, **changes)
        return self

    def settled(self, **changes):
        """Pay, capture and close the batch; give this desk."""
        self.paid(**changes)
        self.state.close_batch()
        return self

    def order(self, order_id=ORDER_ID):
        """Give what the books hold."""
        return self.state.order("600000099", order_id)


def form(order_id=ORDER_ID, amount="100.00"):
    """Give the signed form of an order without lines."""
    return signed_form(order_id=order_id, amount=Money.parse(amount), lines=[])


def desk(**rules) -> Desk:
    """Give a desk with nothing paid."""
    clock = VirtualClock(PAID_AT)
    return Desk(gateway(clock=clock, accounts=[account(**rules)]), clock)
