"""
What is said to and by a system of Fatourati's shape, without a network.

Where the names come from, and how sure they are. No specification by CMI is public. Names and codes are those that
several independent clients in public code agree on: ``refTxFatourati``, ``creancierVals`` of ``nomChamp`` and
``valChamp``, ``codeDevise``, ``nbreCreances``, ``impayesParams`` of ``idArticle``, ``description``, ``dateFacture``
(dd/mm/yyyy), ``prixTTC`` (text, ``"120.16"``) and ``typeArticle`` (0 to 3), ``globalParams``, ``refReglement``,
``codeRetour``. One client alone writes ``ListeArticleSelectionnes``; one alone keeps our reference as ``refTxSysPmt``.
Which code means an unknown client is in none of them, so that it is a setting. Nothing here was tried against CMI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum, unique
from hashlib import sha256
from typing import Any, Final, TypeAlias

import attrs

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.billing_posting import AlreadyPosted, Posted, PostingAnswer, Refused, RefusedReason
from rak_billing.errors import BillingAnswerError, BillingUnavailableError, InvoiceError
from rak_billing.invoices import Invoice

__all__ = [
    "Article",
    "ArticleType",
    "Biller",
    "ReferenceOf",
    "Unpaid",
    "confirmation_request",
    "invoice_of",
    "look_up_request",
    "read_confirmation",
    "read_unpaid",
    "reference_by_content",
]

ACCEPTED: Final = "000"
ALREADY_PROCESSED: Final = "301"
#: "Technical"; 908 to 910 are said to be decided later. That the others mean "not done" is said nowhere.
TECHNICAL: Final = frozenset({"902", "908", "909", "910", "911"})

_DIRHAM: Final = "504"
_DAY: Final = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_CODE: Final = re.compile(r"[0-9A-Za-z]{1,8}")
_REFERENCE: Final = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
#: Neither exponent nor more figures than any reader keeps.
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
#: The guide's own words for an invoice (rule R19), where a biller keeps to them.
_GUIDE_WORDS: Final = re.compile(
    r"GERANCE:(?P<service>[^,]{1,64}), ?PERIODE:01/(?P<month>[0-9]{2})/(?P<year>[0-9]{4}), "
    r"?DATE ECHEANCE:(?P<due>[0-9/]{10})"
)


@unique
class ArticleType(StrEnum):
    """What a line of the answer is."""

    RECEIVABLE = "0"
    FEE = "1"
    MANDATORY = "2"
    STAMP_FEE = "3"


@attrs.frozen
class Biller:
    """
    Whom the bills are of.

    Attributes:
        creditor: ``creancierID``, text: leading zeros count.
        receivable: ``creanceID``, such as ``01``.
        field: ``nomChamp`` under which the customer's number is sent, such as ``NUM_CONTRAT``.
        service: What is supplied, where a line's description does not say so in the guide's words.
    """

    creditor: str
    receivable: str
    field: str
    service: str


@attrs.frozen
class Article:
    """
    One line of what a customer owes.

    Attributes:
        id: ``idArticle``.
        description: As billing words it.
        day: ``dateFacture``, or None.
        amount: ``prixTTC``.
        kind: ``typeArticle``.
        wire: The line as it came, to be sent back unchanged.
    """

    id: str
    description: str
    day: date | None
    amount: Money
    kind: ArticleType
    wire: Mapping[str, Any] = attrs.field(repr=False, eq=False)


@attrs.frozen
class Unpaid:
    """
    What one look-up brought.

    Attributes:
        reference: ``refTxFatourati``: names the payment that this look-up opened.
        articles: The lines.
        global_params: ``globalParams``, to be sent back unchanged.
    """

    reference: str
    articles: tuple[Article, ...]
    global_params: Any = attrs.field(repr=False, eq=False)


#: Makes the reference of an invoice from the customer's number and the article.
ReferenceOf: TypeAlias = Callable[[str, Article], str]


def reference_by_content(customer_ref: str, article: Article) -> str:
    """
    Name an invoice by whose it is and what it says.

    ``idArticle`` may be no more than a place in one answer (``"1"``), which names another invoice once the first is
    paid. The amount is left out, since a part of it may be paid elsewhere.
    """
    facts = json.dumps([customer_ref, article.description, str(article.day), article.kind])
    return f"F{sha256(facts.encode()).hexdigest()[:24].upper()}"


def look_up_request(biller: Biller, customer_ref: str) -> dict[str, Any]:
    """Ask what *customer_ref* owes."""
    return {
        "creancierID": biller.creditor,
        "creanceID": biller.receivable,
        "creancierVals": [{"nomChamp": biller.field, "valChamp": customer_ref}],
        "refTxFatourati": "",
    }


def confirmation_request(
    biller: Biller, unpaid: Unpaid, articles: tuple[Article, ...], key: str
) -> dict[str, Any]:
    """Say that *articles* of *unpaid* were paid; *key* is our reference."""
    total = sum((article.amount for article in articles), start=Money(0))
    return {
        "creancierID": biller.creditor,
        "creanceID": biller.receivable,
        "refTxFatourati": unpaid.reference,
        "refTxSysPmt": key,
        "codeDevise": _DIRHAM,
        "montantTotalTTC": total.wire,
        "globalParams": unpaid.global_params,
        "ListeArticleSelectionnes": [article.wire for article in articles],
    }


def read_unpaid(body: bytes, *, unknown_client_codes: frozenset[str] = frozenset()) -> Unpaid | None:
    """
    Read the answer to a look-up; None for an unknown client. Nothing to pay is an answer without articles.

    Raises:
        BillingUnavailableError: A technical code.
        BillingAnswerError: Anything that is not understood whole: it is never taken for "nothing to pay".
    """
    answer = _document(body)
    # As it came, numbers being numbers: parts of it are sent back unchanged.
    wire = json.loads(body.decode("utf-8-sig"))
    code = _text(answer, "codeRetour", _CODE)
    if code in unknown_client_codes:
        return None
    if code in TECHNICAL:
        raise BillingUnavailableError(f"billing answered with the technical code {code}")
    if code != ACCEPTED:
        raise BillingAnswerError(f"expected the code {ACCEPTED}, got {code}")
    if answer.get("codeDevise", _DIRHAM) != _DIRHAM:
        raise BillingAnswerError(f"expected amounts in dirhams ({_DIRHAM}), got another currency")
    rows = answer.get("impayesParams")
    if not isinstance(rows, list):
        raise BillingAnswerError("impayesParams: expected a list")
    if str(answer.get("nbreCreances", len(rows))) != str(len(rows)):
        raise BillingAnswerError(f"nbreCreances: expected the number of articles, {len(rows)}")
    articles = tuple(map(_article, rows, wire["impayesParams"]))
    if len({article.id for article in articles}) < len(articles):
        raise BillingAnswerError("idArticle: expected each article once")
    reference = _text(answer, "refTxFatourati", _REFERENCE) if articles else ""
    return Unpaid(reference, articles, wire.get("globalParams", []))


def invoice_of(article: Article, reference: str, service: str) -> Invoice:
    """
    Give *article* as an invoice.

    Period and due date are read from the description where it keeps to the guide's words, and are the day of the
    invoice otherwise. Fee and stamp lines are our reading of their names: they have to be paid along.

    Raises:
        BillingAnswerError: There is no date anywhere, or another fact cannot be.
    """
    words = _GUIDE_WORDS.search(article.description)
    due = _day(words["due"]) if words else article.day
    if due is None:
        raise BillingAnswerError("dateFacture: expected a day, in it or in the description")
    try:
        return Invoice(
            reference,
            words["service"] if words else service,
            f"{words['year']}-{words['month']}" if words else due,
            due,
            article.amount,
            is_mandatory=article.kind is not ArticleType.RECEIVABLE,
            issue_date=article.day,
            text=article.description,
        )
    except InvoiceError as error:
        raise BillingAnswerError(str(error)) from None


def read_confirmation(body: bytes) -> PostingAnswer | None:
    """
    Read the answer to a confirmation; None where the outcome is open.

    Raises:
        BillingAnswerError: It cannot be read.
    """
    answer = _document(body)
    code = _text(answer, "codeRetour", _CODE)
    if code in TECHNICAL:
        return None
    if code not in {ACCEPTED, ALREADY_PROCESSED}:
        return Refused(RefusedReason.OTHER, f"code {code}")
    reference = answer.get("refReglement")
    if reference is not None and not (isinstance(reference, str) and _REFERENCE.fullmatch(reference)):
        raise BillingAnswerError("refReglement: expected a reference")
    return Posted(reference) if code == ACCEPTED else AlreadyPosted(reference)


def _article(row: object, wire: Any) -> Article:
    if not isinstance(row, dict):
        raise BillingAnswerError("impayesParams: expected one object for each article")
    description = row.get("description")
    if not isinstance(description, str):
        raise BillingAnswerError("description: expected a text")
    price, kind = row.get("prixTTC"), row.get("typeArticle")
    try:
        # Numbers were kept as the text that they came as: 120.16 is never a float on its way.
        amount = Money.parse(price) if isinstance(price, str) else None
    except MoneyError as error:
        raise BillingAnswerError(f"prixTTC: {error}") from None
    if amount is None or amount.centimes == 0:
        raise BillingAnswerError("prixTTC: expected an amount of more than nothing")
    if not isinstance(kind, str) or kind not in set(ArticleType):
        raise BillingAnswerError(f"typeArticle: expected 0 to 3, not {kind!r:.20}")
    day = row.get("dateFacture")
    return Article(
        _text(row, "idArticle", _REFERENCE),
        description,
        # Not looked for in a set: a list or an object has no hash, and is refused with the others.
        None if day is None or day == "" else _day(day),
        amount,
        ArticleType(kind),
        wire,
    )


def _day(text: object) -> date:
    match = _DAY.fullmatch(text) if isinstance(text, str) else None
    try:
        if match is not None:
            return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        pass
    raise BillingAnswerError(f"expected a day such as 14/04/2018, not {text!r:.40}")


def _text(answer: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise BillingAnswerError(f"{name}: expected {pattern.pattern}, not {value!r:.40}")
    return value


def _document(body: bytes) -> dict[str, Any]:
    try:
        # Numbers stay text, so that no amount is ever a float.
        found = json.loads(
            body.decode("utf-8-sig"),
            parse_float=_plain_number,
            parse_int=_plain_number,
            parse_constant=_no_number,
            object_pairs_hook=_each_once,
        )
    except (ValueError, RecursionError) as error:
        raise BillingAnswerError(f"expected a JSON document: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise BillingAnswerError(f"expected a JSON object, got {type(found).__name__}")
    return found


def _plain_number(text: str) -> str:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("expected a plain number")
    return text


def _no_number(text: str) -> object:
    raise ValueError(f"expected a number, not {text}")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("expected each name once")
    return document
