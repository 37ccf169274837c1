"""The words of an explanation, French and English; each has the operands of its operation in braces."""

from __future__ import annotations

from typing import Final

from rak_billing.fees.allocation import Allocation
from rak_billing.fees.rounding import RoundingMode

__all__ = ["MODES", "POINTS", "SHARING", "STEPS"]

#: The decimal point.
POINTS: Final = {"fr": ",", "en": "."}

STEPS: Final = {
    "heading": {"fr": "Barème {id}, version {version}.", "en": "Schedule {id}, version {version}."},
    "total": {
        "fr": "Total des factures choisies : {amount} {unit}.",
        "en": "Total of the chosen invoices: {amount} {unit}.",
    },
    "invoice": {"fr": "Facture {number} : {amount} {unit}.", "en": "Invoice {number}: {amount} {unit}."},
    "count": {"fr": "Nombre de factures : {count}.", "en": "Number of invoices: {count}."},
    "base": {
        "fr": "Base {amount}, arrondie à {quantum} {unit} près, {mode} : {base} {unit}.",
        "en": "Base {amount}, rounded to {quantum} {unit}, {mode}: {base} {unit}.",
    },
    "percent": {
        "fr": "Part proportionnelle : {base} × {percent} ÷ 100 = {exact}",
        "en": "Proportional part: {base} × {percent} ÷ 100 = {exact}",
    },
    "fixed": {"fr": "Part fixe : {exact}", "en": "Fixed part: {exact}"},
    "per_invoice": {
        "fr": "Par facture : {count} × {amount} = {exact}",
        "en": "For each invoice: {count} × {amount} = {exact}",
    },
    "blocks": {
        "fr": "Groupes de {size} factures entamés : {count} ÷ {size} = {quotient}, à l'entier supérieur : {times}",
        "en": "Blocks of {size} invoices begun: {count} ÷ {size} = {quotient}, up to a whole number: {times}",
    },
    "increments": {
        "fr": "Tranches de {size} {unit} entamées : {base} ÷ {size} = {quotient}, à l'entier supérieur : {times}",
        "en": "Steps of {size} {unit} begun: {base} ÷ {size} = {quotient}, up to a whole number: {times}",
    },
    "times": {
        "fr": "Soit : {times} × {amount} = {exact}",
        "en": "For these: {times} × {amount} = {exact}",
    },
    "slice": {
        "fr": "Tranche {end} : {amount} × {percent} ÷ 100 + {fixed} = {exact}",
        "en": "Band {end}: {amount} × {percent} ÷ 100 + {fixed} = {exact}",
    },
    "end": {"fr": "jusqu'à {amount}", "en": "up to {amount}"},
    "endless": {"fr": "sans limite", "en": "without limit"},
    "sum": {"fr": "Somme : {terms} = {exact}", "en": "Sum: {terms} = {exact}"},
    "rate_with_vat": {
        "fr": "Taux avec TVA, en pour cent : {percent} × {factor} = {rate}",
        "en": "Rate with VAT, in percent: {percent} × {factor} = {rate}",
    },
    "divisor": {
        "fr": "La commission porte aussi sur les frais : 1 − {rate} ÷ 100 = {divisor}",
        "en": "The commission is taken of the fee too: 1 − {rate} ÷ 100 = {divisor}",
    },
    "grossed": {
        "fr": "Frais qui la couvrent : {stated} ÷ {divisor} = {exact}",
        "en": "Fee that covers it: {stated} ÷ {divisor} = {exact}",
    },
    "minimum": {
        "fr": "{exact} est au-dessous du minimum : {bound} {unit}.",
        "en": "{exact} is below the minimum: {bound} {unit}.",
    },
    "maximum": {
        "fr": "{exact} est au-dessus du maximum : {bound} {unit}.",
        "en": "{exact} is above the maximum: {bound} {unit}.",
    },
    "vat_added": {
        "fr": "Avec la TVA : {exact} × {factor} = {gross}",
        "en": "With VAT: {exact} × {factor} = {gross}",
    },
    "vat_taken_off": {
        "fr": "Hors taxe : {exact} ÷ {factor} = {net}",
        "en": "Without VAT: {exact} ÷ {factor} = {net}",
    },
    "through": {
        "fr": "Arrondi d'abord à {quantum} {unit} près, {mode} : {rounded} {unit}.",
        "en": "Rounded first to {quantum} {unit}, {mode}: {rounded} {unit}.",
    },
    "rounded": {
        "fr": "Arrondi à {quantum} {unit} près, {mode} : {rounded} {unit}.",
        "en": "Rounded to {quantum} {unit}, {mode}: {rounded} {unit}.",
    },
    "search": {
        "fr": "Près de {exact}, on cherche les plus petits frais qui couvrent la commission arrondie.",
        "en": "Near {exact}, the smallest fee that covers the rounded commission is sought.",
    },
    "commission": {
        "fr": "Commission si les frais sont de {fee} {unit} : {stated} + {fee} × {percent} ÷ 100 = {exact}",
        "en": "Commission if the fee is {fee} {unit}: {stated} + {fee} × {percent} ÷ 100 = {exact}",
    },
    "covered": {
        "fr": "Commission de {commission} {unit}, frais de {fee} {unit} : elle est couverte.",
        "en": "Commission of {commission} {unit}, fee of {fee} {unit}: it is covered.",
    },
    "short": {
        "fr": "Commission de {commission} {unit}, frais de {fee} {unit} : elle n'est pas couverte.",
        "en": "Commission of {commission} {unit}, fee of {fee} {unit}: it is not covered.",
    },
    "vat_of_net": {
        "fr": "TVA {rate} % : {net} × {rate} ÷ 100 = {vat}",
        "en": "VAT {rate}%: {net} × {rate} ÷ 100 = {vat}",
    },
    "gross_sum": {
        "fr": "Toutes taxes comprises : {net} + {vat} = {gross} {unit}.",
        "en": "With VAT: {net} + {vat} = {gross} {unit}.",
    },
    "sum_of_grosses": {"fr": "Ensemble : {terms} = {sum} {unit}.", "en": "Together: {terms} = {sum} {unit}."},
    "sum_of_nets": {
        "fr": "Ensemble, hors taxe : {terms} = {sum} {unit}.",
        "en": "Together, without VAT: {terms} = {sum} {unit}.",
    },
    "sum_of_vats": {
        "fr": "Ensemble, TVA : {terms} = {sum} {unit}.",
        "en": "Together, VAT: {terms} = {sum} {unit}.",
    },
    "net": {
        "fr": "Hors taxe : {gross} ÷ {factor} = {exact}, arrondi au centime le plus proche : {net} {unit}.",
        "en": "Without VAT: {gross} ÷ {factor} = {exact}, rounded to the nearest centime: {net} {unit}.",
    },
    "vat": {
        "fr": "TVA {rate} %, par différence : {gross} − {net} = {vat} {unit}.",
        "en": "VAT {rate}%, by difference: {gross} − {net} = {vat} {unit}.",
    },
    "exempt": {"fr": "Sans TVA.", "en": "Without VAT."},
    "utility": {
        "fr": "Ces frais de {merchant} {unit} sont à la charge de l'opérateur : le client paie 0{point}00 {unit}.",
        "en": "The operator bears this fee of {merchant} {unit}: the customer pays 0{point}00 {unit}.",
    },
    "customer_share": {
        "fr": "Part du client : {gross} × {percent} ÷ 100 = {exact}",
        "en": "The customer's part: {gross} × {percent} ÷ 100 = {exact}",
    },
    "merchant_share": {
        "fr": "Part de l'opérateur : {gross} − {customer} = {merchant} {unit}.",
        "en": "The operator's part: {gross} − {customer} = {merchant} {unit}.",
    },
    "share": {
        "fr": "Part de la facture {number} : {gross} × {weight} ÷ {weights} = {exact} ; retenu : {share} {unit}.",
        "en": "Part of invoice {number}: {gross} × {weight} ÷ {weights} = {exact}; taken: {share} {unit}.",
    },
}

SHARING: Final = {
    Allocation.LARGEST_REMAINDER: {
        "fr": "Répartition : parts coupées au centime, le reste aux plus grandes fractions coupées.",
        "en": "Shared out: parts cut to the centime, the rest to the largest fractions cut.",
    },
    Allocation.LAST_LINE: {
        "fr": "Répartition : parts coupées au centime, le reste à la dernière facture.",
        "en": "Shared out: parts cut to the centime, the rest to the last invoice.",
    },
}

MODES: Final = {
    RoundingMode.CEILING: {"fr": "par excès", "en": "upwards"},
    RoundingMode.DOWN: {"fr": "vers zéro", "en": "towards zero"},
    RoundingMode.FLOOR: {"fr": "par défaut", "en": "downwards"},
    RoundingMode.HALF_DOWN: {
        "fr": "au plus proche, la moitié vers zéro",
        "en": "to the nearest, halves towards zero",
    },
    RoundingMode.HALF_EVEN: {
        "fr": "au plus proche, la moitié au pair",
        "en": "to the nearest, halves to the even",
    },
    RoundingMode.HALF_UP: {"fr": "au plus proche, la moitié vers le haut", "en": "to the nearest, halves up"},
    RoundingMode.UP: {"fr": "en s'éloignant de zéro", "en": "away from zero"},
    RoundingMode.ZERO_FIVE_UP: {
        "fr": "vers zéro, mais en s'en éloignant après un 0 ou un 5",
        "en": "towards zero, but away from it after a 0 or a 5",
    },
}
