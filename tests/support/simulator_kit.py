"""A simulated gateway at the guide's instant, filled-in card forms, and a reader of its pages' forms."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html.parser import HTMLParser
from random import Random
from urllib.parse import parse_qsl

import attrs
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.app import create_app
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.delivery import CallbackAnswer
from cmi_gateway.simulator.gateway import SimulatedGateway
from support.gateway_kit import STORE_KEY

FORM_TYPE = "application/x-www-form-urlencoded"
VISA = "4000000000000010"
MASTERCARD = "5453010000066100"
DECLINED_05, DECLINED_51, DECLINED_54 = "4000000000010005", "4000000000010051", "4000000000010054"
REFUSED_3DS = "5453010000010003"
ACCOUNT = MerchantAccount(client_id="600000099", store_keys=STORE_KEY, name="RAK")
#: The guide's payment: 10/09/2018 10:48:56 in Morocco, then at UTC+1.
PAID_AT = datetime(2018, 9, 10, 9, 48, 56, tzinfo=UTC)


class Clock(VirtualClock):
    """The kit's clock, at the guide's instant unless told otherwise."""

    def __init__(self, now=PAID_AT):
        super().__init__(now)


@attrs.define
class Sender:
    """Takes callbacks in place of the network, and answers as told: the last answer again and again."""

    answers: list[str] = attrs.Factory(lambda: ["ACTION=POSTAUTH"])
    sent: list[tuple[str, bytes]] = attrs.Factory(list)

    def __call__(self, url, body):
        self.sent.append((url, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return CallbackAnswer(200, answer)

    @property
    def bodies(self):
        return [body for _url, body in self.sent]


def gateway(clock=None, seed=1, accounts=(ACCOUNT,)):
    """Give a repeatable gateway at the guide's instant."""
    return SimulatedGateway(accounts, clock=clock or Clock(), random=Random(seed))


def client(state=None, send=None, seed=2, **more) -> FlaskClient:
    """Give a browser without sockets, before the simulator's pages."""
    app = create_app(state or gateway(), send_callback=send or Sender(), random=Random(seed), **more)
    return app.test_client()


def card_form(number=VISA, **changes):
    """Give the card form as a customer fills it in."""
    filled = {
        "paymentType": "CARD",
        "cardHolderName": "Amina Ait Ben",
        "pan": number,
        "Ecom_Payment_Card_ExpDate_Month": "12",
        "Ecom_Payment_Card_ExpDate_Year": "27",
        "cv2": "987",
        "choix1": "on",
    }
    return {name: value for name, value in (filled | changes).items() if value is not None}


def fields_of(body: bytes) -> dict[str, str]:
    """Read a callback's body as a form, its final line feed off."""
    return dict(parse_qsl(body.decode().removesuffix("\n"), keep_blank_values=True))


@attrs.define
class Form:
    """One form of a page: where it goes, and what a browser posts with it."""

    action: str
    fields: dict[str, str] = attrs.Factory(dict)
    button: str = ""


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._in_button = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(given["action"]))
        elif tag == "input" and given.get("type") == "hidden":
            self.forms[-1].fields[given["name"]] = given["value"]
        self._in_button = tag == "button"

    def handle_data(self, data: str) -> None:
        if self._in_button:
            self.forms[-1].button += data

    def handle_endtag(self, tag: str) -> None:
        self._in_button = False


def forms(page: str) -> dict[str, Form]:
    """Give the forms of *page* by the text of their button."""
    reader = _FormReader()
    reader.feed(page)
    return {form.button.strip(): form for form in reader.forms}


def press(browser: FlaskClient, page: TestResponse, button: str, **typed: str) -> TestResponse:
    """Press *button* with what was typed; follow to the page that it leads to on the simulator."""
    form = forms(page.text)[button]
    return browser.post(form.action, data=form.fields | typed, follow_redirects=True)


def open_page(browser: FlaskClient, fields: Iterable[tuple[str, str]]) -> TestResponse:
    """Post a merchant's form."""
    return browser.post("/fim/est3Dgate", data=dict(fields))
