"""
Bills and postings over HTTP, in the shape of Fatourati, the national bill hub.

Built from public code of third parties, and tried against a server of our tests only: see
`rak_billing.billing_systems.fatourati_documents` for how sure each name is. Before you rely on it, compare both
documents with your contract, and have every code that you get confirmed by CMI.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final, TypeAlias

import attrs

from cmi_gateway.api.http_transport import HttpTransport
from cmi_gateway.api.transport import Transport
from cmi_gateway.errors import ApiError, RequestNotSentError
from cmi_gateway.field_checks import check_service_url
from rak_billing.billing_posting import Posting, PostingAnswer, Refused, RefusedReason
from rak_billing.billing_systems.fatourati_documents import (
    Article,
    Biller,
    ReferenceOf,
    Unpaid,
    confirmation_request,
    invoice_of,
    look_up_request,
    read_confirmation,
    read_unpaid,
    reference_by_content,
)
from rak_billing.billing_systems.fatourati_references import KeptRequest, KeptRequests
from rak_billing.errors import (
    BillingAnswerError,
    BillingTimeoutError,
    BillingUnavailableError,
    PostingNotSentError,
    PostingUnknownError,
)
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.invoices import Account, Invoice, Statement

__all__ = ["FatouratiBilling"]

_JSON: Final = "application/json"
_OK: Final = 200

#: Adds what the operator's contract asks for besides, such as ``MAC``, ``aquereurID`` and ``canalID``.
Completing: TypeAlias = Callable[[dict[str, Any]], Mapping[str, Any]]


def _as_it_is(request: dict[str, Any]) -> Mapping[str, Any]:
    return request


def _way(way: str | Transport) -> Transport:
    if not isinstance(way, str):
        return way
    check_service_url("url", way)
    return HttpTransport(way, accept=_JSON)


@attrs.frozen(kw_only=True, eq=False)
class FatouratiBilling:
    """
    A `rak_billing.ports.BillingSystem` and a `rak_billing.ports.PostingReceiver`.

    Exchanges go over https (plain http to this machine only), follow no redirect, listen to no proxy of the
    environment, end after *seconds* altogether, and answers of more than 256 KiB are none.

    Attributes:
        biller: Whose bills they are.
        look_up: Answers look-ups: a URL, or a `cmi_gateway.api.transport.Transport` of your own.
        confirm: Takes confirmations, likewise.
        kept: Remembers what is sent for each posting.
        is_repeat_safe: Whether CMI told you that a second confirmation under one ``refTxFatourati`` is answered with
            301 and books nothing. Public code says so; where it is not so, a repeat pays a bill twice. So it is off,
            and whatever has an unknown outcome is parked.
        unknown_client_codes: Which codes of a look-up mean that nobody has this number. No source names one; until
            you do, such a code is an outage to the customer, never "nothing to pay".
        complete: Adds what your contract asks for to each request.
        reference_of: Names invoices.
        seconds: For one exchange.

    Raises:
        ConfigurationError: A URL is not https, or has a query.
    """

    biller: Biller
    look_up: Transport = attrs.field(converter=_way)
    confirm: Transport = attrs.field(converter=_way)
    kept: KeptRequests = attrs.field(repr=False)
    is_repeat_safe: bool = False
    unknown_client_codes: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    complete: Completing = attrs.field(default=_as_it_is, repr=False)
    reference_of: ReferenceOf = attrs.field(default=reference_by_content, repr=False)
    seconds: float = 10.0

    @property
    def exactly_once(self) -> ExactlyOnce:
        """By key, where CMI told you that repeats are safe; else unknown outcomes are parked."""
        return ExactlyOnce.KEY if self.is_repeat_safe else ExactlyOnce.PARK

    def statement(self, customer_ref: str) -> Statement | None:
        """
        Return the client's unpaid invoices, or None when the reference is unknown. Name and address are not told.

        Raises:
            BillingTimeoutError: It took longer than *seconds*.
            BillingAnswerError: The answer is not understood whole.
            BillingUnavailableError: There is no connection, or billing is in trouble.
        """
        unpaid = self._unpaid(customer_ref)
        if unpaid is None:
            return None
        return Statement(Account(customer_ref, "", ""), tuple(self._invoices(customer_ref, unpaid)))

    def post(self, posting: Posting) -> PostingAnswer:
        """
        Confirm *posting*: look up, keep the request, send it. A repeat sends the kept one.

        Raises:
            PostingNotSentError: The look-up failed, the request could not be kept, or it did not leave.
            PostingUnknownError: It was sent, and what became of it was not learnt.
        """
        try:
            kept = self.kept.of(posting.key) or self._opened(posting)
        except BillingUnavailableError as error:
            raise PostingNotSentError(posting.key, f"before it was sent: {error}") from None
        if isinstance(kept, Refused):
            return kept
        if kept.digest != posting.digest:
            return Refused(RefusedReason.KEY_REUSED, "another payment was sent under this key")
        return self._confirmed(posting.key, kept.request)

    def _opened(self, posting: Posting) -> KeptRequest | Refused:
        unpaid = self._unpaid(posting.customer_ref)
        if unpaid is None:
            return Refused(RefusedReason.UNKNOWN_CUSTOMER)
        found = {
            invoice.reference: article
            for invoice, article in self._invoices(posting.customer_ref, unpaid).items()
        }
        chosen: list[Article] = []
        for paid in posting.invoices:
            article = found.get(paid.reference)
            if article is None:
                return Refused(RefusedReason.UNKNOWN_INVOICE, paid.reference)
            if article.amount != paid.amount:
                return Refused(RefusedReason.AMOUNT_DIFFERS, paid.reference)
            chosen.append(article)
        request = confirmation_request(self.biller, unpaid, tuple(chosen), posting.key)
        return self.kept.keep(posting.key, KeptRequest(posting.digest, json.dumps(request)))

    def _confirmed(self, key: str, request: str) -> PostingAnswer:
        try:
            body = self._exchange(self.confirm, json.loads(request), is_query=False)
            answer = read_confirmation(body)
        except RequestNotSentError as error:
            raise PostingNotSentError(key, str(error)) from None
        except (ApiError, BillingUnavailableError) as error:
            raise PostingUnknownError(key, str(error)) from None
        if answer is None:
            raise PostingUnknownError(key, "billing says that it is decided later")
        return answer

    def _unpaid(self, customer_ref: str) -> Unpaid | None:
        request, begun = look_up_request(self.biller, customer_ref), monotonic()
        try:
            body = self._exchange(self.look_up, request, is_query=True)
        except ApiError as error:
            if monotonic() - begun >= self.seconds:
                raise BillingTimeoutError(f"billing took longer than {self.seconds} s") from None
            raise BillingUnavailableError(str(error)) from None
        return read_unpaid(body, unknown_client_codes=self.unknown_client_codes)

    def _exchange(self, way: Transport, request: dict[str, Any], *, is_query: bool) -> bytes:
        document = json.dumps(self.complete(request)).encode("ascii")
        answer = way(document, content_type=_JSON, is_query=is_query, seconds=self.seconds)
        if answer.status != _OK:
            raise BillingUnavailableError(f"expected HTTP {_OK}, got {answer.status}")
        return answer.body

    def _invoices(self, customer_ref: str, unpaid: Unpaid) -> dict[Invoice, Article]:
        invoices = {
            invoice_of(article, self.reference_of(customer_ref, article), self.biller.service): article
            for article in unpaid.articles
        }
        if len({invoice.reference for invoice in invoices}) < len(unpaid.articles):
            raise BillingAnswerError("two articles cannot be told apart; name them by another reference_of")
        return invoices
