"""Views of your own in place of the portal's; what they decide is decided by the checkout."""

from functools import partial

from flask import Flask, Response, abort, redirect, render_template_string, request, url_for
from werkzeug.wrappers import Response as AnyResponse

import cmi_gateway as cmi
import rak_billing as rak
from cmi_gateway.integrations.flask import callback_body, payment_page, reply
from rak_billing.display import amount_text
from rak_billing.payment_views import PaymentView
from rak_billing.payments.states import PublicState

RECAP = """
<form method="post" action="/payer">
  <p>Total : {{ total }}</p>
  <input type="hidden" name="client" value="{{ client }}">
  <input type="hidden" name="accepted" value="{{ sealed }}">
  {% for line in chosen %}<input type="hidden" name="facture" value="{{ line }}">{% endfor %}
  <label><input type="checkbox" name="terms" required> J'accepte les conditions générales.</label>
  <label>E-mail <input type="email" name="email" required></label>
  <button>Payer</button>
</form>
"""

WORDS = {
    PublicState.PENDING: "Aucune réponse de la banque pour l'instant.",
    PublicState.RECEIVED: "Paiement reçu, en cours de confirmation.",
    PublicState.PAID: "Paiement confirmé.",
    PublicState.REFUSED: "Paiement refusé. Vous pouvez réessayer.",
}


#: What `pay` may find, and a customer can do something about or not; nothing was written in any of these cases.
REFUSALS = (
    (rak.InvoicesAlreadyPaidError, 409, "Ces factures sont déjà payées."),
    (rak.EmailError, 422, "Vérifiez votre adresse e-mail."),
    (rak.TermsNotAcceptedError, 422, "Acceptez les conditions générales."),
    (rak.QuoteSealError, 400, "Cette page n'est pas la nôtre : recommencez."),
    (rak.NotPayableOnlineError, 409, "Ces factures ne se paient pas en ligne."),
    (rak.BillingUnavailableError, 503, "La facturation ne répond pas : réessayez plus tard."),
    (rak.JournalError, 503, "Le paiement n'est pas possible à présent : réessayez plus tard."),
)


def answer_refusals(app: Flask) -> None:
    """Have each of them answered."""
    for refusal, status, words in REFUSALS:
        app.register_error_handler(refusal, partial(refused, status, words))


def refused(status: int, words: str, error: Exception) -> Response:
    """Say why nothing was begun; a real page shows the form again, with what was typed."""
    return Response(words, status, mimetype="text/plain")


def make_app(checkout: rak.Checkout) -> Flask:
    """Make a small site: two pages before the gateway, the callback, and the way back."""
    app = Flask(__name__)
    answer_refusals(app)

    @app.get("/recapitulatif")
    def recap() -> str:
        """Show what is to be paid; what the customer accepts is sealed into the page."""
        client, chosen = request.args["client"], set(request.args.getlist("facture"))
        statement = checkout.look_up(client)
        if statement is None:
            abort(404)
        try:
            quote = checkout.quote(statement, chosen, "moroccan")
        except rak.SelectionError as error:
            # A real page says why for each of them, beside its invoice.
            abort(Response("\n".join(str(refusal) for refusal in error.refusals), 422, mimetype="text/plain"))
        sealed = checkout.seal(client, quote)
        return render_template_string(
            RECAP, total=amount_text(quote.total), client=client, sealed=sealed, chosen=sorted(chosen)
        )

    @app.post("/payer")
    def pay() -> AnyResponse:
        """Write the order down and send the customer to the gateway."""
        client, chosen = request.form["client"], request.form.getlist("facture")
        try:
            form = checkout.pay(
                client,
                chosen=chosen,
                accepted=request.form["accepted"],
                email=request.form["email"],
                card="moroccan",
                terms="terms" in request.form,
            )
        except (rak.QuoteChangedError, rak.QuoteExpiredError, rak.NothingToPayError):
            # Nothing was written: show the bill again.
            return redirect(url_for("recap", client=client, facture=chosen))
        return payment_page(form, checkout.merchant)

    @app.post("/cmi/callback")
    def callback() -> Response:
        """Give the gateway the checkout's answer, as it is."""
        try:
            raw_body = callback_body(request)
        except cmi.CallbackError:
            return reply(cmi.Reply.FAILURE)
        return reply(checkout.settle(raw_body))

    # The three addresses that `Tenant.return_url`, `fail_url` and `shop_url` give out.
    @app.route("/retour/<token>", methods=["GET", "POST"])
    @app.route("/retour/<token>/echec", methods=["GET", "POST"])
    @app.route("/retour/<token>/annulation", methods=["GET", "POST"])
    def back(token: str) -> str:
        """Show what the journal says; what the browser brought is not even read."""
        view: PaymentView | None = checkout.payment(token)
        if view is None:
            abort(404)
        return WORDS.get(view.state, f"Référence {view.order_reference} : {view.state}")

    return app
