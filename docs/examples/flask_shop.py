"""
A shop with one article, on Flask.

Beside ``python -m cmi_gateway.simulator``: ``flask --app docs/examples/flask_shop:demo run``
"""

import secrets

import attrs
from flask import Flask, abort, request, url_for

import cmi_gateway as cmi
from cmi_gateway.integrations.flask import callback_view, payment_page, see_other

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


def create_app(merchant: cmi.Merchant, site: str) -> Flask:
    app = Flask(__name__)
    orders: dict[str, Order] = {}  # stands for a table of your database

    @app.get("/")
    def start():
        return START

    @app.post("/pay")
    def pay():
        order_id = "SHOP-" + secrets.token_hex(10)  # a fresh one for every attempt
        back = site + url_for("back", order_id=order_id)
        try:
            form = merchant.sign(
                cmi.PaymentRequest(
                    order_id=order_id,
                    amount=PRICE,
                    email=request.form["email"],
                    bill_to=cmi.BillTo(name=request.form["name"]),
                    ok_url=back,
                    fail_url=back,
                    shop_url=back,
                    callback_url=site + url_for("notice"),
                )
            )
        except cmi.FieldError:
            return "Ce nom ou cette adresse ne convient pas.", 422
        orders[order_id] = Order(PRICE, form.fields)  # kept before the payer leaves
        return payment_page(form, merchant)

    @app.post("/cmi/callback")
    @callback_view(merchant.verify)
    def notice(callback: cmi.Callback) -> cmi.Reply:
        order = orders.get(callback.order_id)
        if order is None:
            return cmi.Reply.FAILURE
        callback.must_match(order_id=callback.order_id, amount=order.amount, sent=order.sent)
        # From here on: one transaction of your database. A repeat gets the first answer and changes nothing.
        if callback.digest not in order.replies:
            order.replies[callback.digest] = settle(order, callback)
        return order.replies[callback.digest]

    @app.route("/order/<order_id>/back", methods=["GET", "POST"])
    def back(order_id):
        return see_other(
            url_for("show", order_id=order_id)
        )  # whatever the browser brought: it proves nothing

    @app.get("/order/<order_id>")
    def show(order_id):
        order = orders.get(order_id) or abort(404)
        state = (
            "Payé, merci."
            if order.is_paid
            else "Pas encore payé. Si vous venez de payer, patientez un instant."
        )
        return f'<!DOCTYPE html><html lang="fr"><title>Commande</title><h1>Votre commande</h1><p>{state}</p></html>'

    return app


def settle(order: Order, callback: cmi.Callback) -> cmi.Reply:
    if not isinstance(callback.outcome, cmi.Approved):
        return callback.reply  # still unpaid: the payer may try again on the gateway's page
    if order.is_paid:
        return cmi.Reply.ACKNOWLEDGE  # a second approval is not captured
    order.is_paid = True
    return callback.reply


def demo() -> Flask:
    gateway = cmi.Gateway("http://127.0.0.1:8042/fim/est3Dgate", "http://127.0.0.1:8042/fim/api")
    return create_app(cmi.Merchant("600000099", "TEST1234", gateway), "http://127.0.0.1:5000")
