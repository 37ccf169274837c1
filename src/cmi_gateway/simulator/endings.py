"""How a try at paying can be made to end: what test cards and magic amounts lead to, as data."""

from __future__ import annotations

from enum import Enum
from typing import Final

import attrs


class EndingKind(Enum):
    """One way to end; the value is what happens, in French, for the pages that list them."""

    APPROVED = "paiement accepté"
    #: The issuer says no, with its code.
    DECLINED = "paiement refusé"
    #: 3-D Secure says no: the bank is not asked, and there is no ``ProcReturnCode``.
    NOT_AUTHENTICATED = "authentification 3-D Secure refusée, quel que soit le code"
    #: The gateway fails: ``Response=Error``, ``ProcReturnCode=99``.
    ERROR = "erreur technique"
    #: As if the order were paid already: ``Error``, ``99``, CORE-2507.
    DUPLICATE = "commande déjà payée"
    #: The bank says yes, and nobody is told: no callback, no result page. Only the XML API knows.
    SILENT = "paiement accepté, mais ni rappel ni page de résultat"
    #: As if the customer had gone back to the shop.
    CANCELLED = "annulation par le client"
    #: As if the customer had closed the window before sending the card: nothing is recorded.
    ABANDONED = "abandon par le client, rien n'est enregistré"
    #: As if the customer had been too slow.
    EXPIRED = "délai de la session dépassé"


#: ``ErrMsg`` of each code that a test card or magic amount leads to. Real ones are free text, in whatever language.
MESSAGES: Final = {
    "03": "Commerçant invalide",
    "05": "Transaction refusée par la banque émettrice",
    "13": "Montant invalide",
    "41": "Carte perdue",
    "51": "Provision insuffisante",
    "54": "Carte expirée",
    "57": "Transaction non permise à cette carte",
    "61": "Plafond dépassé",
    "82": "Code de vérification erroné",
    "91": "Banque émettrice injoignable",
    "96": "Dysfonctionnement du système",
    "CORE-1003": "Erreur système chez l'acquéreur",
    "CORE-2507": "Une commande payée porte déjà ce numéro",
}


@attrs.frozen
class Ending:
    """
    How a try ends.

    Attributes:
        kind: The way.
        code: The issuer's ``ProcReturnCode`` of a decline, or the ``ErrCode`` of an error.
    """

    kind: EndingKind
    code: str = ""

    @property
    def text(self) -> str:
        """What happens, in French: ``paiement refusé, code 51 : Provision insuffisante``."""
        return (
            f"{self.kind.value}, code {self.code} : {MESSAGES[self.code]}" if self.code else self.kind.value
        )
