"""A callback endpoint made by hand, whole or with one flaw, its shop, and the play against it without a socket."""

from __future__ import annotations

import hashlib
import html
import itertools
from base64 import b64encode
from urllib.parse import parse_qsl

import attrs

import cmi_gateway as cmi
from cmi_gateway.certify.answers import Answer
from cmi_gateway.certify.certifying import Stage, certify
from cmi_gateway.certify.orders import Order
from cmi_gateway.entities import decode_entities
from cmi_gateway.natural_order import natural_order
from cmi_gateway.secret import Secret
from support.gateway_kit import MERCHANT, STORE_KEY, payment_request

URL = "http://127.0.0.1:8000/cmi/callback"
CAPTURE, ACKNOWLEDGE, FAILURE = "ACTION=POSTAUTH", "APPROVED", "FAILURE"
REQUIRED = {"clientid", "oid", "amount", "currency", "okurl", "callbackurl", "hashalgorithm", "storetype"}


class RefusedError(Exception):
    """The endpoint does not believe this one."""


@attrs.define
class Shop:
    """Orders with their forms, made as they are asked for."""

    gives_form: bool = True
    forms: dict[str, dict[str, str]] = attrs.Factory(dict)
    paid: dict[str, str] = attrs.Factory(dict)
    replies: dict[bytes, str] = attrs.Factory(dict)
    numbers: itertools.count = attrs.Factory(lambda: itertools.count(1))

    def new_order(self):
        request = payment_request(
            order_id=f"SHOP-{next(self.numbers):04}",
            lines=[],
            custom={},
            bill_to=cmi.BillTo(name="Amina Ait Ben"),
        )
        form = MERCHANT.sign(request)
        self.forms[form.order_id] = dict(form.fields)
        return Order(form.order_id, request.amount, form.fields if self.gives_form else ())

    def state(self, order_id):
        return "paid" if order_id in self.paid else "unpaid"


@attrs.define
class Endpoint:
    """
    Answers as it should, but for its one flaw.

    It verifies with code of its own, so that what is played is not only judged by the code that made it.
    """

    shop: Shop
    flaw: str = ""
    answered: int = 0

    def __call__(self, message):
        self.answered += 1
        if self.flaw == "naive":
            return self.word(CAPTURE)
        if message.method != "POST" and self.flaw != "takes GET":
            return Answer(405, "text/plain")
        try:
            return self.word(self.reply(message))
        except RefusedError:
            return self.word(FAILURE)
        except Exception:  # noqa: BLE001 - as every callback view does
            is_shown = self.flaw == "shows its errors"
            return Answer(500, "text/html", b"<h1>Traceback</h1>") if is_shown else self.word(FAILURE)

    def word(self, word):
        dressed = {
            "layout": f"<html><body>{word}</body></html>",
            "byte order mark": f"\ufeff{word}",
            "line end": f"{word}\n",
        }.get(self.flaw, word)
        status = {"redirects": 302, "csrf": 403, "own statuses": 200 if word != FAILURE else 400}.get(
            self.flaw, 200
        )
        body = {"redirects": b"", "csrf": b"<h1>Forbidden</h1>"}.get(self.flaw, dressed.encode())
        kind = "text/html; charset=utf-8" if self.flaw in ("html", "csrf") else "text/plain; charset=utf-8"
        return Answer(status, kind, body, {"slow": 6.0, "leisurely": 3.0}.get(self.flaw, 0.01))

    def reply(self, message):
        if self.flaw == "thanks for nothing" and not message.body:
            return ACKNOWLEDGE
        fields = self.read(message)
        self.must_be_signed(fields)
        return self.decide({name.lower(): self.trimmed(value) for name, value in fields})

    def read(self, message):
        if len(message.body) > 65536 and self.flaw != "no limit":
            raise RefusedError
        body = message.body
        if self.flaw != "keeps the line feed":
            body = body.removesuffix(b"\n")
        errors = "replace" if self.flaw == "guesses charsets" else "strict"
        charset = "latin-1" if self.flaw == "reads latin-1" else "utf-8"
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, encoding=charset, errors=errors)
        pairs = [(name, self.decoded(value)) for name, value in pairs]
        most = 100_000 if self.flaw == "any number" else 40 if self.flaw == "few fields" else 200
        folds = self.flaw != "minds case"
        names = [name.lower() if folds else name for name, _ in pairs]
        if len(pairs) > most or (len(set(names)) != len(names) and self.flaw != "last one counts"):
            raise RefusedError
        if self.flaw == "expects HASH last" and pairs[-1][0] != "HASH":
            raise RefusedError
        return list(dict(pairs).items()) if self.flaw == "last one counts" else pairs

    def trimmed(self, value):
        return value if self.flaw == "keeps the line feed" else value.strip()

    def decoded(self, value):
        if self.flaw == "no entities":
            return value
        return html.unescape(value) if self.flaw == "html 5 entities" else decode_entities(value)

    def must_be_signed(self, fields):
        named = {name.lower(): value for name, value in fields}
        presented = named.get("hash", "")
        if not presented:
            if self.flaw == "no hash, no check":
                return
            raise RefusedError
        if named.get("hashalgorithm") != "ver3" and self.flaw not in ("any algorithm", "older signatures"):
            raise RefusedError
        if self.flaw == "older signatures" and "hashparamsval" in named:
            signed = hashlib.sha1(
                (named["hashparamsval"] + STORE_KEY).encode(), usedforsecurity=False
            ).digest()
            if b64encode(signed).decode() == presented:
                return
        if self.flaw == "never checks":
            return
        wanted = self.digests(fields)
        if self.flaw == "hash without case":
            presented, wanted = presented.upper(), {digest.upper() for digest in wanted}
        if self.trimmed(presented) not in wanted and not (
            self.flaw in ("any key", "any merchant") and self.is_strange(fields, presented)
        ):
            raise RefusedError

    def is_strange(self, fields, presented):
        return presented in self.digests(fields, "certifyNotYourKey42")

    def digests(self, fields, key=STORE_KEY):
        left_out = {"hash", "encoding"}
        hashed = [(name, self.trimmed(value)) for name, value in fields if name.lower() not in left_out]
        if self.flaw == "drops empty":
            hashed = [(name, value) for name, value in hashed if value]
        names = [name.encode().upper() for name, _ in hashed]
        plain = sorted(range(len(names)), key=names.__getitem__)
        orders = {"only natural": [natural_order(names)], "only plain": [plain]}.get(
            self.flaw, [plain, natural_order(names)]
        )
        return {
            self.digest([hashed[position][1] for position in order], key) for order in orders
        } | self.documents([hashed[position][1] for position in plain], key)

    def documents(self, values, key):
        if self.flaw == "no document rule" or not any("Documenta" in value for value in values):
            return set()
        return {self.digest([value.replace("Documenta", "document.") for value in values], key)}

    def digest(self, values, key):
        if self.flaw == "bar first":
            escaped = [value.replace("|", "\\|").replace("\\", "\\\\") for value in values]
        else:
            escaped = [value.replace("\\", "\\\\").replace("|", "\\|") for value in values]
        text = "".join(f"{value}|" for value in escaped) + key
        return b64encode(hashlib.sha512(text.encode()).digest()).decode()

    def decide(self, named):
        form = self.shop.forms.get(named.get("oid", ""))
        if form is None:
            if self.flaw == "any order":
                return CAPTURE
            raise RefusedError
        self.must_match(named, {name.lower(): value for name, value in form.items()})
        order_id = named["oid"]
        key = repr(sorted(named.items())).encode()
        if key in self.shop.replies and self.flaw not in ("forgets", "forgets declines"):
            return self.shop.replies[key]
        self.shop.replies[key] = self.settle(order_id, named, is_repeat=key in self.shop.replies)
        return self.shop.replies[key]

    def must_match(self, named, form):
        if self.flaw != "own form" and named.get("hash") == form["hash"]:
            raise RefusedError
        amount = named["amount"].replace("," if self.flaw != "no commas" else "\0", ".")
        if self.flaw == "lenient numbers":
            amount = f"{abs(float(amount.removesuffix('abc'))):.2f}"
        free = {
            "any amount": {"amount"},
            "any currency": {"currency"},
            "any client": {"clientid"},
            "any merchant": {"clientid"},
            "any algorithm": {"hashalgorithm"},
            "older signatures": {"hashalgorithm"},
            "any names": REQUIRED - {"oid", "amount", "currency", "clientid"},
        }.get(self.flaw, set())
        compared = {**named, "amount": amount}
        if any(compared.get(name) != form[name] for name in REQUIRED - free):
            raise RefusedError
        if self.flaw == "needs TransId" and not named.get("transid"):
            raise RefusedError
        if self.flaw == "no 3-D Secure" and "mdstatus" in named and named["mdstatus"] == "1":
            raise RefusedError

    def settle(self, order_id, named, *, is_repeat):
        code, response = named.get("procreturncode"), named.get("response")
        paid_by = self.shop.paid.get(order_id)
        if self.flaw == "closed by a decline" and paid_by == "closed":
            return FAILURE
        if not self.is_approved(code, response, named):
            return self.after_decline(order_id, named, is_repeat=is_repeat)
        if self.flaw == "forgets" and is_repeat:
            return ACKNOWLEDGE
        if paid_by not in (None, named.get("transid", "")) and self.flaw != "pays twice":
            return ACKNOWLEDGE
        self.shop.paid[order_id] = named.get("transid", "")
        return CAPTURE

    def is_approved(self, code, response, named):
        if self.flaw == "either says yes":
            return code == "00" or response == "Approved"
        if self.flaw == "only the code":
            return code == "00"
        if self.flaw == "a number":
            return int(code or "0") == 0 and response == "Approved"
        if named.get("mdstatus") == "0" and self.flaw != "any mdStatus":
            return False
        if self.flaw == "own form" and code is None and "mdstatus" not in named and response is None:
            return True
        return code == "00" and response == "Approved"

    def after_decline(self, order_id, named, *, is_repeat):
        if self.flaw == "fails declines":
            return FAILURE
        if self.flaw == "needs a code" and not named.get("procreturncode"):
            return FAILURE
        if self.flaw == "forgets declines" and is_repeat:
            return FAILURE
        if self.flaw == "closed by a decline" and order_id not in self.shop.paid:
            self.shop.paid[order_id] = "closed"
        if self.flaw == "late declines count" and order_id in self.shop.paid:
            return FAILURE
        return ACKNOWLEDGE


def stage(endpoint, orders, **changes):
    """Give the stage for an endpoint, with the key that the tests' merchant has."""
    facts = {"endpoint": endpoint, "url": URL, "orders": orders, "key": Secret(STORE_KEY)}
    return Stage(**(facts | changes))


def play(flaw="", rows=(), **changes):
    """Play to the handmade endpoint with this flaw."""
    shop = Shop()
    return certify(stage(Endpoint(shop, flaw), shop.new_order, **changes), rows)


def verdicts(sheet):
    return {judged.row.id: judged.verdict.value for judged in sheet.judgements}
