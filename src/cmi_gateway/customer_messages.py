"""
What a customer is told about a payment, in French, Arabic and English.

Each sentence says where the payment stands and what to do next. None reveals why a bank is suspicious of a
card: the reader may not be its owner. None promises that nothing was debited: a reservation can outlive a
failure by days. They speak of "the amount", so that they fit a bill, an order and a gift alike.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, get_args

from cmi_gateway.errors import ConfigurationError

MessageLanguage = Literal["fr", "ar", "en"]

#: The languages of the messages, the one of most payers first.
LANGUAGES: Final[tuple[MessageLanguage, ...]] = get_args(MessageLanguage)


class MessageKey(StrEnum):
    """What to tell the customer; the words are those of `customer_message`, or your own."""

    PAID = "paid"
    AUTHORIZED = "authorized"
    #: The result is not known: above all, the customer must not pay twice.
    CHECKING = "checking"
    #: The neutral no of the bank; also stands for lost, stolen and suspected cards.
    DECLINED = "declined"
    LIMIT = "limit"
    EXPIRY = "expiry"
    CARD_DATA = "card_data"
    NOT_ENABLED = "not_enabled"
    CALL_BANK = "call_bank"
    NOT_AUTHENTICATED = "not_authenticated"
    AUTHENTICATION_UNAVAILABLE = "authentication_unavailable"
    TEMPORARY = "temporary"
    #: Something is wrong on the merchant's side.
    UNAVAILABLE = "unavailable"
    FOREIGN_CARD = "foreign_card"
    ALREADY_PAID = "already_paid"
    TOO_MANY_TRIES = "too_many_tries"
    CANCELLED = "cancelled"


class CustomerRetry(StrEnum):
    """Whether the customer may try again, and how."""

    NO = "no"
    #: At once, with corrected data, another card, or the code of the bank.
    NOW = "now"
    OTHER_CARD = "other card"
    LATER = "later"


#: Of a message rather than of a code: what a customer reads and what a page offers must not differ.
_RETRY: Final = {
    MessageKey.PAID: CustomerRetry.NO,
    MessageKey.AUTHORIZED: CustomerRetry.NO,
    MessageKey.CHECKING: CustomerRetry.NO,
    MessageKey.DECLINED: CustomerRetry.OTHER_CARD,
    MessageKey.LIMIT: CustomerRetry.OTHER_CARD,
    MessageKey.EXPIRY: CustomerRetry.NOW,
    MessageKey.CARD_DATA: CustomerRetry.NOW,
    MessageKey.NOT_ENABLED: CustomerRetry.OTHER_CARD,
    MessageKey.CALL_BANK: CustomerRetry.LATER,
    MessageKey.NOT_AUTHENTICATED: CustomerRetry.NOW,
    MessageKey.AUTHENTICATION_UNAVAILABLE: CustomerRetry.LATER,
    MessageKey.TEMPORARY: CustomerRetry.LATER,
    MessageKey.UNAVAILABLE: CustomerRetry.NO,
    MessageKey.FOREIGN_CARD: CustomerRetry.OTHER_CARD,
    MessageKey.ALREADY_PAID: CustomerRetry.NO,
    MessageKey.TOO_MANY_TRIES: CustomerRetry.OTHER_CARD,
    MessageKey.CANCELLED: CustomerRetry.NOW,
}

#: French, Arabic, English: in the order of LANGUAGES.
_TEXTS: Final[dict[MessageKey, tuple[str, str, str]]] = {
    MessageKey.PAID: ("Paiement accepté.", "تم قبول الأداء.", "Payment accepted."),
    MessageKey.AUTHORIZED: (
        "Votre banque a autorisé le paiement. Nous le confirmons ; ne payez pas une seconde fois.",
        "وافق بنككم على العملية. نحن بصدد تأكيدها؛ المرجو عدم الأداء مرة ثانية.",
        "Your bank authorized the payment. We are confirming it; please do not pay again.",
    ),
    MessageKey.CHECKING: (
        "Nous vérifions le résultat auprès de la banque. Ne payez pas une seconde fois.",
        "نتحقق من النتيجة لدى البنك. المرجو عدم الأداء مرة ثانية.",
        "We are checking the result with the bank. Please do not pay again.",
    ),
    MessageKey.DECLINED: (
        (
            "Votre banque n'a pas accepté ce paiement. Le montant reste à payer. "
            "Essayez une autre carte ou contactez votre banque."
        ),
        "لم يقبل بنككم هذه العملية. ما زال المبلغ غير مؤدى. جرّبوا بطاقة أخرى أو اتصلوا ببنككم.",
        (
            "Your bank did not accept this payment. The amount is still to be paid. "
            "Try another card or contact your bank."
        ),
    ),
    MessageKey.LIMIT: (
        "Solde ou plafond insuffisant. Le montant reste à payer ; essayez une autre carte ou réessayez plus tard.",
        "الرصيد أو سقف البطاقة غير كافٍ. ما زال المبلغ غير مؤدى؛ جرّبوا بطاقة أخرى أو أعيدوا المحاولة لاحقا.",
        (
            "Not enough funds, or the card limit is reached. The amount is still to be paid; "
            "try another card, or try again later."
        ),
    ),
    MessageKey.EXPIRY: (
        "Carte expirée ou date incorrecte. Vérifiez la date ou utilisez une autre carte.",
        "انتهت صلاحية البطاقة أو التاريخ غير صحيح. تحققوا من التاريخ أو استعملوا بطاقة أخرى.",
        "Card expired or wrong date. Check the date or use another card.",
    ),
    MessageKey.CARD_DATA: (
        "Numéro de carte ou code incorrect. Vérifiez et réessayez.",
        "رقم البطاقة أو الرمز غير صحيح. تحققوا وأعيدوا المحاولة.",
        "The card number or code is wrong. Check and try again.",
    ),
    MessageKey.NOT_ENABLED: (
        (
            "Cette carte n'est pas activée pour le paiement en ligne. "
            "Activez-la auprès de votre banque ou utilisez une autre carte."
        ),
        "هذه البطاقة غير مفعّلة للأداء عبر الإنترنت. فعّلوها لدى بنككم أو استعملوا بطاقة أخرى.",
        "This card is not enabled for online payment. Enable it with your bank or use another card.",
    ),
    MessageKey.CALL_BANK: (
        "Votre banque souhaite que vous la contactiez avant d'accepter ce paiement.",
        "يطلب بنككم الاتصال به قبل قبول هذه العملية.",
        "Your bank asks you to contact it before accepting this payment.",
    ),
    MessageKey.NOT_AUTHENTICATED: (
        (
            "L'authentification auprès de votre banque n'a pas abouti. "
            "Réessayez et validez le code ou la notification reçue."
        ),
        "لم تكتمل عملية التحقق لدى بنككم. أعيدوا المحاولة وأكّدوا الرمز أو الإشعار المتوصل به.",
        "Authentication with your bank did not succeed. Try again and confirm the code or notification.",
    ),
    MessageKey.AUTHENTICATION_UNAVAILABLE: (
        "Le service d'authentification de votre banque est indisponible. Réessayez plus tard.",
        "خدمة التحقق لدى بنككم غير متاحة حاليا. أعيدوا المحاولة لاحقا.",
        "Your bank's authentication service is unavailable. Try again later.",
    ),
    MessageKey.TEMPORARY: (
        (
            "Le service de paiement est momentanément indisponible. "
            "Le montant reste à payer ; réessayez dans quelques minutes."
        ),
        "خدمة الأداء غير متاحة مؤقتا. ما زال المبلغ غير مؤدى؛ أعيدوا المحاولة بعد دقائق.",
        (
            "The payment service is temporarily unavailable. The amount is still to be paid; "
            "try again in a few minutes."
        ),
    ),
    MessageKey.UNAVAILABLE: (
        "Le paiement en ligne est indisponible pour le moment. Votre carte n'est pas en cause.",
        "الأداء عبر الإنترنت غير متاح حاليا. المشكل ليس في بطاقتكم.",
        "Online payment is unavailable at the moment. Your card is not the cause.",
    ),
    MessageKey.FOREIGN_CARD: (
        "Les cartes émises à l'étranger ne sont pas acceptées pour ce service. Utilisez une autre carte.",
        "البطاقات الصادرة خارج المغرب غير مقبولة في هذه الخدمة. استعملوا بطاقة أخرى.",
        "Cards issued abroad are not accepted for this service. Use another card.",
    ),
    MessageKey.ALREADY_PAID: (
        "Ce paiement est déjà fait ou en cours. Ne payez pas de nouveau.",
        "تم هذا الأداء مسبقا أو هو قيد المعالجة. لا تعيدوا الأداء.",
        "This payment is already made or in progress. Do not pay again.",
    ),
    MessageKey.TOO_MANY_TRIES: (
        "Trop de tentatives avec cette carte. Réessayez plus tard ou utilisez une autre carte.",
        "عدد المحاولات بهذه البطاقة كبير. أعيدوا المحاولة لاحقا أو استعملوا بطاقة أخرى.",
        "Too many attempts with this card. Try later or use another card.",
    ),
    MessageKey.CANCELLED: (
        "Le paiement a été annulé. Un montant éventuellement bloqué sera libéré selon les délais de votre banque.",
        "أُلغيت عملية الأداء. أي مبلغ محجوز سيُحرَّر حسب آجال بنككم.",
        "The payment was cancelled. Any amount on hold is released according to your bank's delays.",
    ),
}


def customer_message(key: MessageKey | str, language: MessageLanguage = "fr") -> str:
    """
    Give the sentence for a customer.

    Args:
        key: From an outcome's ``message_key``, or of a code.

        language: ``fr``, ``ar`` (right to left) or ``en``.

    Raises:
        ConfigurationError: there is no such key or language.
    """
    try:
        texts = _TEXTS[MessageKey(key)]
    except ValueError:
        raise ConfigurationError(f"no such message key; the keys are {', '.join(MessageKey)}") from None
    if language not in LANGUAGES:
        raise ConfigurationError("language must be 'fr', 'ar' or 'en'")
    return texts[LANGUAGES.index(language)]


def customer_retry(key: MessageKey) -> CustomerRetry:
    """Say whether a customer who reads this message may try again, and how."""
    return _RETRY[key]
