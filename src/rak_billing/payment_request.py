"""From an order to what the gateway is asked: at most nine lines, every text made fit, personal data masked."""

from collections.abc import Callable
from typing import Final, get_args

from cmi_gateway.money import Money
from cmi_gateway.payer_text import PayerText
from cmi_gateway.request import BillTo, Language, OrderLine, PaymentRequest
from rak_billing.errors import LanguageError
from rak_billing.gateway_text import NAME_LIMIT, fit, fit_apart, fit_name
from rak_billing.masking import mask_address, mask_name
from rak_billing.payments.records import LineRecord, OrderRecord
from rak_billing.tenant import Tenant

__all__ = [
    "MOST_INVOICE_LINES",
    "REST_REFERENCE",
    "Language",
    "checked_language",
    "gateway_lines",
    "payment_request",
]

#: The gateway's kits disagree on the order of numbered names beyond nine; one of the nine is the fee.
MOST_INVOICE_LINES: Final = 8
#: Reference of the line that stands for all invoices beyond the first seven.
REST_REFERENCE: Final = "AUTRES"

_REFERENCE_LIMIT: Final = 64
_DESCRIPTION_LIMIT: Final = 128
_TEXT_LIMIT: Final = 255


def checked_language(language: Language) -> Language:
    """
    Give *language* if the gateway's page speaks it.

    Raises:
        LanguageError: it is none of ``fr``, ``ar`` and ``en``.
    """
    if language not in get_args(Language):
        raise LanguageError(f"expected one of {', '.join(get_args(Language))}")
    return language


def payment_request(
    order: OrderRecord,
    *,
    order_id: str,
    token: str,
    email: str,
    language: Language,
    tenant: Tenant,
    client_id: str,
) -> PaymentRequest:
    """
    Build what one attempt at paying *order* asks of the gateway.

    Args:
        order: What is paid.

        order_id: Of this attempt; fresh.

        token: Of this attempt's return links.

        email: Where the customer wants the receipt.

        language: Of the gateway's page.

        tenant: Whose portal it is; decides whether name and address are masked.

        client_id: The operator's account; no other text may equal it.
    """
    is_result = PayerText(client_id, order.total, order_id).is_result
    return PaymentRequest(
        order_id=order_id,
        amount=order.total,
        email=email,
        bill_to=_bill_to(order, is_result, masked=tenant.mask_personal_data),
        lines=gateway_lines(order.lines),
        # They come from billing, and the payer chooses whole invoices: one may be numbered 00.
        own_words=("lines",),
        ok_url=tenant.return_url(token),
        fail_url=tenant.fail_url(token),
        shop_url=tenant.shop_url(token),
        callback_url=tenant.callback_url,
        language=language,
        custom={
            tenant.contract_field: fit_apart(
                order.customer_ref, _TEXT_LIMIT, label=tenant.contract_field, is_result=is_result
            )
        },
    )


def gateway_lines(lines: tuple[LineRecord, ...]) -> tuple[OrderLine, ...]:
    """Return up to eight invoices each on its line, or seven and one that sums the rest; then the fee."""
    invoices = [line for line in lines if not line.is_fee]
    if len(invoices) > MOST_INVOICE_LINES:
        shown, rest = invoices[: MOST_INVOICE_LINES - 1], invoices[MOST_INVOICE_LINES - 1 :]
        total = sum((line.amount for line in rest), Money(0, rest[0].amount.currency))
        invoices = [*shown, LineRecord(REST_REFERENCE, f"{len(rest)} autres factures", total)]
    return tuple(_line(line) for line in (*invoices, *(line for line in lines if line.is_fee)))


def _line(line: LineRecord) -> OrderLine:
    return OrderLine(
        reference=fit(line.reference, _REFERENCE_LIMIT),
        description=fit(line.description, _DESCRIPTION_LIMIT),
        amount=line.amount,
    )


def _bill_to(order: OrderRecord, is_result: Callable[[str], bool], *, masked: bool) -> BillTo:
    name = mask_name(order.customer_name) if masked else order.customer_name
    address = mask_address(order.customer_address) if masked else order.customer_address
    name = fit_name(name, order.customer_ref)
    return BillTo(
        name=fit_apart(name, NAME_LIMIT, label="Client", is_result=is_result),
        street1=fit_apart(address, _TEXT_LIMIT, label="Adresse", is_result=is_result),
    )
