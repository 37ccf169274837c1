"""
A shop with one article, on Django.

Beside ``python -m cmi_gateway.simulator``: ``cd docs/examples && waitress-serve --listen=127.0.0.1:8000 --call django_shop:demo``
"""

import secrets

import attrs
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpResponse
from django.middleware.csrf import get_token
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

import cmi_gateway as cmi
from cmi_gateway.integrations.django import callback_view, payment_page, see_other

PRICE = cmi.Money.parse("114.26")
START = """<!DOCTYPE html><html lang="fr"><title>Boutique</title><h1>Un tapis, 114,26 DH</h1>
<form method="post" action="/pay"><input type="hidden" name="csrfmiddlewaretoken" value="{token}">
<label>Nom <input name="name" required></label>
<label>Email <input name="email" type="email" required></label> <button>Payer</button></form></html>"""


@attrs.define
class Order:
    """A model of yours."""

    amount: cmi.Money
    sent: tuple[tuple[str, str], ...]
    is_paid: bool = False
    replies: dict[str, cmi.Reply] = attrs.Factory(dict)


ORDERS: dict[str, Order] = {}  # stands for the model's table


@require_GET
def start(request):
    return HttpResponse(START.format(token=get_token(request)))


@require_POST
def pay(request):
    order_id = "SHOP-" + secrets.token_hex(10)  # a fresh one for every attempt
    back = settings.SITE + reverse("back", args=[order_id])
    try:
        form = settings.CMI_MERCHANT.sign(
            cmi.PaymentRequest(
                order_id=order_id,
                amount=PRICE,
                email=request.POST.get("email", ""),
                bill_to=cmi.BillTo(name=request.POST.get("name", "")),
                ok_url=back,
                fail_url=back,
                shop_url=back,
                callback_url=settings.SITE + reverse("notice"),
            )
        )
    except cmi.FieldError:
        return HttpResponse("Ce nom ou cette adresse ne convient pas.", status=422)
    ORDERS[order_id] = Order(PRICE, form.fields)  # kept before the payer leaves
    return payment_page(form, settings.CMI_MERCHANT)


def verify(body):
    return settings.CMI_MERCHANT.verify(body)  # looked up when it is needed: settings may not be there yet


@callback_view(verify)
def notice(callback: cmi.Callback) -> cmi.Reply:
    order = ORDERS.get(callback.order_id)
    if order is None:
        return cmi.Reply.FAILURE
    callback.must_match(order_id=callback.order_id, amount=order.amount, sent=order.sent)
    # From here on: one transaction of your database. A repeat gets the first answer and changes nothing.
    if callback.digest not in order.replies:
        order.replies[callback.digest] = settle(order, callback)
    return order.replies[callback.digest]


def settle(order: Order, callback: cmi.Callback) -> cmi.Reply:
    if not isinstance(callback.outcome, cmi.Approved):
        return callback.reply  # still unpaid: the payer may try again on the gateway's page
    if order.is_paid:
        return cmi.Reply.ACKNOWLEDGE  # a second approval is not captured
    order.is_paid = True
    return callback.reply


@csrf_exempt  # the gateway's form has no token of ours, and nothing is changed here
def back(request, order_id):
    return see_other(reverse("show", args=[order_id]))  # whatever the browser brought: it proves nothing


@require_GET
def show(request, order_id):
    if order_id not in ORDERS:
        raise Http404
    waiting = "Pas encore payé. Si vous venez de payer, patientez un instant."
    state = "Payé, merci." if ORDERS[order_id].is_paid else waiting
    return HttpResponse(
        f'<!DOCTYPE html><html lang="fr"><title>Commande</title><h1>Votre commande</h1><p>{state}</p></html>'
    )


urlpatterns = [
    path("", start),
    path("pay", pay),
    path("cmi/callback", notice, name="notice"),
    path("order/<slug:order_id>/back", back, name="back"),
    path("order/<slug:order_id>", show, name="show"),
]


def configure(merchant: cmi.Merchant, site: str, **yours) -> None:
    settings.configure(
        SITE=site,
        CMI_MERCHANT=merchant,
        SECRET_KEY=secrets.token_hex(32),
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
        **yours,
    )
    django.setup()


def demo():
    gateway = cmi.Gateway("http://127.0.0.1:8042/fim/est3Dgate", "http://127.0.0.1:8042/fim/api")
    configure(cmi.Merchant("600000099", "TEST1234", gateway), "http://127.0.0.1:8000")
    return get_wsgi_application()
