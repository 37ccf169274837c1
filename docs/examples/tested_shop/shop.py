"""A shop with one article, small enough to be read whole; its tests stand beside it."""

import secrets

import attrs
from flask import Flask

import cmi_gateway as cmi
from cmi_gateway.integrations.flask import callback_view, payment_page

PRICE = cmi.Money.parse("114.26")


@attrs.define
class Order:
    """A row of your database."""

    form: cmi.SignedForm
    is_paid: bool = False
    replies: dict[str, cmi.Reply] = attrs.Factory(dict)


@attrs.define
class Shop:
    merchant: cmi.Merchant
    site: str = "https://boutique.example"
    orders: dict[str, Order] = attrs.Factory(dict)  # stands for a table of your database

    def start(self, name: str, email: str) -> Order:
        """Make an order and sign the form that takes the payer to the gateway."""
        back = f"{self.site}/retour"
        request = cmi.PaymentRequest(
            order_id="SHOP-" + secrets.token_hex(10),
            amount=PRICE,
            email=email,
            bill_to=cmi.BillTo(name=name),
            ok_url=back,
            fail_url=back,
            shop_url=self.site,
            callback_url=f"{self.site}/cmi/callback",
        )
        order = Order(self.merchant.sign(request))
        self.orders[request.order_id] = order  # kept before the payer leaves
        return order

    def settle(self, callback: cmi.Callback) -> cmi.Reply:
        """Write down what a callback says; a repeat gets the first answer and changes nothing."""
        order = self.orders.get(callback.order_id)
        if order is None:
            return cmi.Reply.FAILURE
        callback.must_match(order_id=callback.order_id, amount=PRICE, sent=order.form.fields)
        if callback.digest not in order.replies:
            order.replies[callback.digest] = self._reply(order, callback)
        return order.replies[callback.digest]

    def look_for(self, order_id: str, api: cmi.ApiClient) -> cmi.OrderState:
        """Ask the gateway about an order whose callback never came, and capture what is only reserved."""
        order, state = self.orders[order_id], api.status(order_id, expected=PRICE).state
        if state is cmi.OrderState.AUTHORIZED:
            api.capture(order_id, PRICE)
            state = api.status(order_id, expected=PRICE).state
        order.is_paid = order.is_paid or state is cmi.OrderState.PAID
        return state

    def _reply(self, order: Order, callback: cmi.Callback) -> cmi.Reply:
        if not isinstance(callback.outcome, cmi.Approved):
            return callback.reply  # still unpaid: the payer may try again on the gateway's page
        if order.is_paid:
            return cmi.Reply.ACKNOWLEDGE  # a second approval is not captured
        order.is_paid = True
        return callback.reply


def create_app(shop: Shop) -> Flask:
    app = Flask(__name__)

    @app.post("/pay")
    def pay():
        return payment_page(shop.start("Amina", "client@example.com").form, shop.merchant)

    @app.post("/cmi/callback")
    @callback_view(shop.merchant.verify)
    def notice(callback: cmi.Callback) -> cmi.Reply:
        return shop.settle(callback)

    return app
