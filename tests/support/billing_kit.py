"""Payments to post, and a Fatourati of the tests' own that answers on this machine."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from datetime import date

import attrs

from cmi_gateway.money import Money
from rak_billing.billing_posting import PaidInvoice, Posting
from rak_billing.invoices import Account, Invoice, Statement
from support.loopback import LoopbackServer, ok

CUSTOMER = "123456789"
A = Invoice("123456789", "ELECTRICITE", "2018-02", date(2018, 4, 14), Money(11302))
B = Invoice("987654321", "ELECTRICITE", "2018-03", date(2018, 5, 14), Money(10581))
STATEMENT = Statement(Account(CUSTOMER, "M. BENALI AHMED", "12 RUE MOHAMED V KENITRA"), (A, B))
POSTING = Posting(
    key="RAK-7f3kq9z2mb4wx1t8",
    tenant="rak",
    customer_ref=CUSTOMER,
    invoices=(PaidInvoice(A.reference, A.amount), PaidInvoice(B.reference, B.amount)),
    posting_date=date(2018, 9, 11),
    receipt_number="10000764160",
)


def article(number="1", description="FACTURE 383180218210", price="113.02", day="14/04/2018", kind=0):
    return {
        "idArticle": number,
        "description": description,
        "dateFacture": day,
        "prixTTC": price,
        "typeArticle": kind,
    }


ARTICLES = (article(), article("2", "FACTURE 383180218211", "105.81", "14/05/2018", 2))


def unpaid(*articles, **fields):
    answer = {
        "codeRetour": "000",
        "refTxFatourati": "100003754540",
        "codeDevise": "504",
        "nbreCreances": len(articles),
        "globalParams": [{"libelle": "", "nomChamp": "contrPaiement", "valeurChamp": "3"}],
        "impayesParams": list(articles),
    }
    return answer | fields


def whole(answer, **options):
    return ok(json.dumps(answer).encode(), "Content-Type: application/json", **options)


@attrs.define
class FakeFatourati:
    """Looks up and confirms; keeps books by our reference, and remembers each payment that it has named."""

    books: Counter = attrs.Factory(Counter)
    done: set[str] = attrs.Factory(set)
    opened: int = 100003754540
    loses_answers: bool = False
    lock: threading.Lock = attrs.Factory(threading.Lock)
    knows_repeats: bool = True
    confirmed: list[dict] = attrs.Factory(list)

    def look_up(self, request):
        if request["creancierVals"][0]["valChamp"] != CUSTOMER:
            return {"codeRetour": "105", "msg": "client inconnu"}
        self.opened += 1
        return unpaid(*ARTICLES, refTxFatourati=str(self.opened))

    def confirm(self, request):
        self.confirmed.append(request)
        reference = request["refTxFatourati"]
        if reference in self.done and self.knows_repeats:
            return {"codeRetour": "301", "refReglement": f"XH{reference}"}
        self.done.add(reference)
        self.books[request["refTxSysPmt"]] += 1
        return {"codeRetour": "000", "refReglement": f"XH{reference}"}


class FatouratiServer(LoopbackServer):
    """Serves a `FakeFatourati` over HTTP."""

    def __init__(self, fake):
        super().__init__([b""])
        self.fake = fake

    def _play(self, connection: socket.socket, play) -> None:
        from support.loopback import _request

        with connection:
            head, _, body = _request(connection).partition(b"\r\n\r\n")
            with self.fake.lock:
                is_confirmation = b"/confirm" in head.split(b"\r\n")[0]
                answer = (self.fake.confirm if is_confirmation else self.fake.look_up)(json.loads(body))
            if not (is_confirmation and self.fake.loses_answers):
                connection.sendall(whole(answer))


@contextmanager
def losing(fake):
    fake.loses_answers = True
    try:
        yield
    finally:
        fake.loses_answers = False
