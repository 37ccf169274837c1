"""What ``rak-billing db`` says, in the operator's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rak_billing.payments.checking import Finding

NOTHING_TO_DO: Final = "-- Les tables sont déjà à la version de ce programme."
ONLY_COUNTED: Final = "Rien n'a été effacé : --dry-run compte seulement."
PURGED: Final = "Fait. Les totaux des commandes effacées sont gardés."

#: Kind of what is purged → its name.
KINDS: Final = {
    "samples": "Échantillons de notifications refusées (30 jours)",
    "mails": "Envois de mails (13 mois)",
    "callback_fields": "Notifications dont les champs personnels sont retirés (13 mois)",
    "callback_bodies": "Notifications vidées, leur empreinte restant (10 ans)",
    "unpaid_orders": "Commandes jamais payées (90 jours)",
    "paid_orders": "Commandes payées et reçus (10 ans après l'exercice)",
}

_MARKS: Final = {"error": "✗", "warning": "!", "note": "✓"}
_CHECKS: Final = {
    "tables": "Version des tables",
    "parts": "Colonnes et clés uniques",
    "pending": "Migrations à faire (rak-billing db upgrade)",
    "sqlite_version": "Version de SQLite",
    "memory_map": "Mémoire partagée avec le fichier (mmap_size)",
    "write_ahead_log": "Journal des écritures et synchronisation",
    "disk": "Système de fichiers",
    "integrity": "Intégrité du fichier",
    "histories": "Historique des paiements",
    "postgresql_version": "Version de PostgreSQL",
    "durability": "Durabilité",
    "timeouts": "Délais",
    "standby": "Serveur de secours, en lecture seule",
    "clock": "Horloge",
}
_ADVICE: Final = {
    "sqlite_version": "un défaut rare peut abîmer le journal des écritures ; le verrou des écrivains en protège",
    "parts": "il en manque ; reprenez la dernière sauvegarde, ou faites voir la base avant tout paiement",
    "integrity": "le fichier est abîmé ; gardez-en une copie et reprenez la dernière sauvegarde",
    "disk": "inconnu ; le fichier doit être sur un disque de cette machine",
}


def upgraded(found: str | None, head: str) -> str:
    """Say what an upgrade did."""
    if found == head:
        return f"Les tables sont déjà à la version {head}."
    return f"Tables créées, version {head}." if found is None else f"Tables passées de {found} à {head}."


def line_of(finding: Finding) -> str:
    """Say one finding in a line."""
    line = f"{_MARKS[finding.level]} {_CHECKS[finding.check]} : {finding.found}"
    if finding.level == "note":
        return line
    if finding.expected:
        line += f" (attendu : {finding.expected})"
    advice = _ADVICE.get(finding.check)
    return f"{line} ; {advice}" if advice else line
