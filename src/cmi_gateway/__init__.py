"""
Client of the Moroccan card gateway CMI (NestPay platform).

Sign a payment, send the payer to the gateway, verify the gateway's callback::

    import cmi_gateway as cmi

    merchant = cmi.Merchant(
        client_id="600000099", store_key=key_from_your_vault, gateway=cmi.TEST, name="RAK"
    )
    form = merchant.sign(cmi.PaymentRequest(...))
    callback = merchant.verify(raw_body)
    callback.must_match(order_id=..., amount=..., sent=form.fields)

Names are loaded when first used, so that importing the package costs little.
"""

from importlib import import_module

# Type checkers read this name as true. Importing `typing` for it would cost more than all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from cmi_gateway.account_book import AccountBook as AccountBook
    from cmi_gateway.api.client import ApiClient as ApiClient
    from cmi_gateway.api.history import HistoryLine as HistoryLine
    from cmi_gateway.api.history import LineKind as LineKind
    from cmi_gateway.api.history import LineState as LineState
    from cmi_gateway.api.history import OrderHistory as OrderHistory
    from cmi_gateway.api.history import OrderTotals as OrderTotals
    from cmi_gateway.api.history import OrderTransaction as OrderTransaction
    from cmi_gateway.api.operation import Operation as Operation
    from cmi_gateway.api.operation import OperationDone as OperationDone
    from cmi_gateway.api.order import OrderState as OrderState
    from cmi_gateway.api.order import OrderStatus as OrderStatus
    from cmi_gateway.api.resolving import OperationNotDone as OperationNotDone
    from cmi_gateway.api.resolving import OperationUnresolved as OperationUnresolved
    from cmi_gateway.api.resolving import Resolution as Resolution
    from cmi_gateway.callback import Callback as Callback
    from cmi_gateway.callback import Reply as Reply
    from cmi_gateway.callback_policy import CallbackPolicy as CallbackPolicy
    from cmi_gateway.code_classes import CodeClass as CodeClass
    from cmi_gateway.codes import CodeEntry as CodeEntry
    from cmi_gateway.customer_messages import MessageKey as MessageKey
    from cmi_gateway.customer_messages import customer_message as customer_message
    from cmi_gateway.errors import AmountError as AmountError
    from cmi_gateway.errors import ApiError as ApiError
    from cmi_gateway.errors import CallbackError as CallbackError
    from cmi_gateway.errors import CallbackMismatchError as CallbackMismatchError
    from cmi_gateway.errors import CmiError as CmiError
    from cmi_gateway.errors import ConfigurationError as ConfigurationError
    from cmi_gateway.errors import CurrencyMismatchError as CurrencyMismatchError
    from cmi_gateway.errors import FieldError as FieldError
    from cmi_gateway.errors import InvalidSignatureError as InvalidSignatureError
    from cmi_gateway.errors import MalformedCallbackError as MalformedCallbackError
    from cmi_gateway.errors import MoneyError as MoneyError
    from cmi_gateway.errors import OperationBlockedError as OperationBlockedError
    from cmi_gateway.errors import OperationNotPossibleError as OperationNotPossibleError
    from cmi_gateway.errors import OperationPendingError as OperationPendingError
    from cmi_gateway.errors import OutcomeUnknownError as OutcomeUnknownError
    from cmi_gateway.errors import QueryFailedError as QueryFailedError
    from cmi_gateway.errors import RequestNotSentError as RequestNotSentError
    from cmi_gateway.errors import RequestRefusedError as RequestRefusedError
    from cmi_gateway.errors import UncheckedCallbackError as UncheckedCallbackError
    from cmi_gateway.events import GatewayEvent as GatewayEvent
    from cmi_gateway.merchant import PRODUCTION as PRODUCTION
    from cmi_gateway.merchant import TEST as TEST
    from cmi_gateway.merchant import Gateway as Gateway
    from cmi_gateway.merchant import Merchant as Merchant
    from cmi_gateway.money import Money as Money
    from cmi_gateway.outcome import Approved as Approved
    from cmi_gateway.outcome import Declined as Declined
    from cmi_gateway.outcome import Failed as Failed
    from cmi_gateway.outcome import NotAuthenticated as NotAuthenticated
    from cmi_gateway.outcome import Outcome as Outcome
    from cmi_gateway.outcome import PaymentFacts as PaymentFacts
    from cmi_gateway.payment import SignedForm as SignedForm
    from cmi_gateway.reading import Reading as Reading
    from cmi_gateway.request import BillTo as BillTo
    from cmi_gateway.request import OrderLine as OrderLine
    from cmi_gateway.request import PaymentRequest as PaymentRequest
    from cmi_gateway.request import Recurring as Recurring
    from cmi_gateway.request import ShipTo as ShipTo
    from cmi_gateway.signature import NameOrder as NameOrder

#: Public name → the module that defines it; a test keeps it in step with the imports above.
_HOMES = {
    "GatewayEvent": "events",
    "AccountBook": "account_book",
    "CallbackPolicy": "callback_policy",
    "Recurring": "request",
    "ShipTo": "request",
    "AmountError": "errors",
    "Approved": "outcome",
    "BillTo": "request",
    "Callback": "callback",
    "CallbackError": "errors",
    "CallbackMismatchError": "errors",
    "CmiError": "errors",
    "CodeClass": "code_classes",
    "CodeEntry": "codes",
    "ConfigurationError": "errors",
    "CurrencyMismatchError": "errors",
    "Declined": "outcome",
    "Failed": "outcome",
    "FieldError": "errors",
    "Gateway": "merchant",
    "InvalidSignatureError": "errors",
    "MalformedCallbackError": "errors",
    "Merchant": "merchant",
    "MessageKey": "customer_messages",
    "Money": "money",
    "MoneyError": "errors",
    "NameOrder": "signature",
    "NotAuthenticated": "outcome",
    "OrderLine": "request",
    "Outcome": "outcome",
    "PRODUCTION": "merchant",
    "PaymentFacts": "outcome",
    "PaymentRequest": "request",
    "Reading": "reading",
    "Reply": "callback",
    "SignedForm": "payment",
    "TEST": "merchant",
    "UncheckedCallbackError": "errors",
    "customer_message": "customer_messages",
    "ApiClient": "api.client",
    "OperationNotDone": "api.resolving",
    "OperationUnresolved": "api.resolving",
    "Resolution": "api.resolving",
    "ApiError": "errors",
    "RequestNotSentError": "errors",
    "QueryFailedError": "errors",
    "RequestRefusedError": "errors",
    "OperationNotPossibleError": "errors",
    "OperationBlockedError": "errors",
    "OperationPendingError": "errors",
    "OutcomeUnknownError": "errors",
    "HistoryLine": "api.history",
    "LineKind": "api.history",
    "LineState": "api.history",
    "OrderHistory": "api.history",
    "OrderTotals": "api.history",
    "OrderTransaction": "api.history",
    "OrderState": "api.order",
    "OrderStatus": "api.order",
    "Operation": "api.operation",
    "OperationDone": "api.operation",
}

__all__ = [
    "PRODUCTION",
    "TEST",
    "AccountBook",
    "AmountError",
    "ApiClient",
    "ApiError",
    "Approved",
    "BillTo",
    "Callback",
    "CallbackError",
    "CallbackMismatchError",
    "CallbackPolicy",
    "CmiError",
    "CodeClass",
    "CodeEntry",
    "ConfigurationError",
    "CurrencyMismatchError",
    "Declined",
    "Failed",
    "FieldError",
    "Gateway",
    "GatewayEvent",
    "HistoryLine",
    "InvalidSignatureError",
    "LineKind",
    "LineState",
    "MalformedCallbackError",
    "Merchant",
    "MessageKey",
    "Money",
    "MoneyError",
    "NameOrder",
    "NotAuthenticated",
    "Operation",
    "OperationBlockedError",
    "OperationDone",
    "OperationNotDone",
    "OperationNotPossibleError",
    "OperationPendingError",
    "OperationUnresolved",
    "OrderHistory",
    "OrderLine",
    "OrderState",
    "OrderStatus",
    "OrderTotals",
    "OrderTransaction",
    "Outcome",
    "OutcomeUnknownError",
    "PaymentFacts",
    "PaymentRequest",
    "QueryFailedError",
    "Reading",
    "Recurring",
    "Reply",
    "RequestNotSentError",
    "RequestRefusedError",
    "Resolution",
    "ShipTo",
    "SignedForm",
    "UncheckedCallbackError",
    "customer_message",
]


if not TYPE_CHECKING:  # else a checker would take any misspelt name for a public one

    def __getattr__(name: str) -> object:
        """Load a public name when it is first asked for (PEP 562)."""
        try:
            home = _HOMES[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
        value = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
