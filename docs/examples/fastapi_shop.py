"""
A shop with one article, on FastAPI.

Beside ``python -m cmi_gateway.simulator``, with uvicorn installed: ``uvicorn --app-dir docs/examples --factory fastapi_shop:demo``
"""

import secrets
from typing import Annotated

import attrs
from fastapi import FastAPI, Form, HTTPException
from fastapi.responses import HTMLResponse

import cmi_gateway as cmi
from cmi_gateway.integrations.fastapi import callback_view, payment_page, see_other

PRICE = cmi.Money.parse("114.26")
START = """<!DOCTYPE html><html lang="fr"><title>Boutique</title><h1>Un tapis, 114,26 DH</h1>
<form method="post" action="/pay"><label>Nom <input name="name" required></label>
<label>Email <input name="email" type="email" required></label> <button>Payer</button></form></html>"""


@attrs.define
class Order:
    """A row of your database."""

    amount: cmi.Money
    sent: tuple[tuple[str, str], ...]
    is_paid: bool = False
    replies: dict[str, cmi.Reply] = attrs.Factory(dict)


def create_app(merchant: cmi.Merchant, site: str) -> FastAPI:
    app = FastAPI()
    orders: dict[str, Order] = {}  # stands for a table of your database

    @app.get("/", response_class=HTMLResponse)
    async def start():
        return START

    @app.post("/pay")
    async def pay(name: Annotated[str, Form()], email: Annotated[str, Form()]):
        order_id = "SHOP-" + secrets.token_hex(10)  # a fresh one for every attempt
        back = site + app.url_path_for("back", order_id=order_id)
        try:
            form = merchant.sign(
                cmi.PaymentRequest(
                    order_id=order_id,
                    amount=PRICE,
                    email=email,
                    bill_to=cmi.BillTo(name=name),
                    ok_url=back,
                    fail_url=back,
                    shop_url=back,
                    callback_url=site + app.url_path_for("notice"),
                )
            )
        except cmi.FieldError:
            raise HTTPException(422, "Ce nom ou cette adresse ne convient pas.") from None
        orders[order_id] = Order(PRICE, form.fields)  # kept before the payer leaves
        return payment_page(form, merchant)

    @app.post("/cmi/callback")
    @callback_view(merchant.verify)
    async def notice(callback: cmi.Callback) -> cmi.Reply:
        order = orders.get(callback.order_id)
        if order is None:
            return cmi.Reply.FAILURE
        callback.must_match(order_id=callback.order_id, amount=order.amount, sent=order.sent)
        # From here on: one transaction of your database. A repeat gets the first answer and changes nothing.
        if callback.digest not in order.replies:
            order.replies[callback.digest] = settle(order, callback)
        return order.replies[callback.digest]

    @app.api_route("/order/{order_id}/back", methods=["GET", "POST"])
    async def back(order_id: str):
        # Whatever the browser brought: it proves nothing.
        return see_other(app.url_path_for("show", order_id=order_id))

    @app.get("/order/{order_id}", response_class=HTMLResponse)
    async def show(order_id: str):
        if order_id not in orders:
            raise HTTPException(404)
        waiting = "Pas encore payé. Si vous venez de payer, patientez un instant."
        state = "Payé, merci." if orders[order_id].is_paid else waiting
        return f'<!DOCTYPE html><html lang="fr"><title>Commande</title><h1>Votre commande</h1><p>{state}</p></html>'

    return app


def settle(order: Order, callback: cmi.Callback) -> cmi.Reply:
    if not isinstance(callback.outcome, cmi.Approved):
        return callback.reply  # still unpaid: the payer may try again on the gateway's page
    if order.is_paid:
        return cmi.Reply.ACKNOWLEDGE  # a second approval is not captured
    order.is_paid = True
    return callback.reply


def demo() -> FastAPI:
    gateway = cmi.Gateway("http://127.0.0.1:8042/fim/est3Dgate", "http://127.0.0.1:8042/fim/api")
    return create_app(cmi.Merchant("600000099", "TEST1234", gateway), "http://127.0.0.1:8000")
