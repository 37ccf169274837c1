"""
Why a ``rak-billing db`` command did not do its work, and what to do: one French sentence for each cause.

A cause is told by its class or its code, never by the text of another program's message. No sentence holds an address: it may
hold a password.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from rak_billing.errors import (
    CommitUnknownError,
    ForeignTablesError,
    JournalBusyError,
    JournalSettingError,
    SchemaVersionError,
    SealError,
)

__all__ = ["SETTINGS", "sentence_of"]

_CONNECTION: Final = (
    "le serveur ne répond pas, ou refuse la connexion : vérifiez l'hôte, le port, la base, l'utilisateur, le mot de passe et "
    "les options de l'adresse"
)
_LOCKED: Final = (
    "une autre transaction tient la base : arrêtez le portail et les workers, ou attendez la fin de l'autre commande, puis "
    "relancez"
)
_RIGHTS: Final = (
    "cet utilisateur n'a pas les droits qu'il faut : relancez avec celui qui possède le fichier ou les tables"
)
_FULL: Final = "le disque de la base est plein : libérez de la place, puis relancez"
_OTHER: Final = "la base de données a refusé, rien n'a été changé"

#: The setting that does not hold → what to do.
SETTINGS: Final = {
    "url": "l'adresse de la base n'est pas valable : donnez sqlite:///rak.db ou postgresql://utilisateur@hôte/base",
    "driver": "il manque le pilote psycopg : pip install 'cmi-gateway[postgres]'",
    "file": (
        "il n'y a pas de fichier à cet endroit, ou cet utilisateur n'y a pas accès : vérifiez le chemin, ou créez la base avec "
        "rak-billing db upgrade"
    ),
    "gate": "le fichier -gate à côté de la base ne peut pas être ouvert : vérifiez les droits de cet utilisateur sur le dossier",
    "network_disk": (
        "le fichier est sur un disque du réseau, où les verrous de SQLite ne tiennent pas : mettez-le sur un disque de cette "
        "machine, ou passez à PostgreSQL"
    ),
    "durability": (
        "synchronous_commit est off : un paiement confirmé pourrait disparaître ; mettez-le à on pour ce rôle ou cette base"
    ),
    "keys": (
        "une clé n'est pas valable : chaque ligne du fichier des clés doit être 32 octets aléatoires en base64 (URL)"
    ),
    "old_keys": (
        "un portail ou un worker écrit encore avec une ancienne clé, ou sans clé : relancez-les tous avec la nouvelle clé en "
        "tête du fichier, puis relancez la commande ; gardez l'ancienne clé"
    ),
    "no_keys": "il faut les clés du journal : donnez --keys-file",
}
#: Name of an SQLite error, without what refines it → what to do.
_SQLITE: Final = {
    "SQLITE_NOTADB": (
        "ce fichier n'est pas une base SQLite : vérifiez le chemin ; si c'était le journal, reprenez la dernière sauvegarde"
    ),
    "SQLITE_CORRUPT": (
        "le fichier est abîmé : arrêtez le portail et les workers, gardez une copie du fichier, puis reprenez la dernière "
        "sauvegarde"
    ),
    "SQLITE_CANTOPEN": (
        "le fichier ne peut pas être ouvert : vérifiez que le dossier existe, que ce n'est pas un dossier lui-même, et les "
        "droits de cet utilisateur"
    ),
    "SQLITE_READONLY": _RIGHTS,
    "SQLITE_PERM": _RIGHTS,
    "SQLITE_AUTH": _RIGHTS,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR": "le disque n'a pas lu ou pas écrit : vérifiez-le, puis relancez",
}
#: Code of PostgreSQL, or its class → what to do.
_POSTGRESQL: Final = {
    "25006": "la base est en lecture seule : est-ce un serveur de secours ? donnez l'adresse du serveur principal",
    "42501": _RIGHTS,
    "55P03": _LOCKED,
    "57014": "l'instruction a duré plus longtemps que permis : relancez quand la base est moins chargée",
    "08": _CONNECTION,
    "28": _CONNECTION,
    "3D": _CONNECTION,
    "57": _CONNECTION,
    "53": "le serveur est à bout (connexions, mémoire ou disque) : libérez-en, puis relancez",
}
_LATER: Final = (
    "les tables sont de la version {found}, ce programme connaît la {expected} : installez la version du programme qui les a "
    "faites"
)
_EARLIER: Final = (
    "les tables sont de la version {found}, ce programme veut la {expected} : arrêtez le portail et les workers, puis lancez "
    "rak-billing db upgrade"
)
_NO_TABLES: Final = (
    "aucune table du journal dans cette base : vérifiez l'adresse, ou lancez rak-billing db upgrade"
)
_FOREIGN: Final = (
    "des tables d'un autre programme portent les noms du journal ({tables}) : donnez au journal une base à lui ; rien n'a été "
    "changé"
)
_MISSING_KEY: Final = "il manque la clé {key}, qui chiffre {place} : remettez-la dans le fichier des clés, après la plus récente"
_ALTERED: Final = (
    "une valeur de {place} ne s'ouvre pas : elle a été modifiée ou déplacée ; prévenez qui garde la base, et ne "
    "l'effacez pas"
)
_COMMIT: Final = (
    "la connexion a été coupée pendant l'enregistrement : relancez, la commande reprend où elle en était"
)


def sentence_of(error: Exception) -> str:
    """Say in French why the database or the library refused, and what the operator does now."""
    match error:
        case JournalSettingError():
            sentence = SETTINGS[error.setting]
        case SchemaVersionError():
            sentence = _of_version(error)
        case ForeignTablesError():
            sentence = _FOREIGN.format(tables=", ".join(error.tables))
        case SealError():
            words = _ALTERED if error.missing_key is None else _MISSING_KEY
            sentence = words.format(key=error.missing_key, place=error.place)
        case JournalBusyError():
            sentence = _LOCKED
        case CommitUnknownError():
            sentence = _COMMIT
        case _:
            sentence = _by_code(error)
    return sentence


def _of_version(error: SchemaVersionError) -> str:
    if error.found is None:
        return _NO_TABLES
    words = _LATER if error.found > error.expected else _EARLIER
    return words.format(found=error.found, expected=error.expected)


def _by_code(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        original = getattr(cause, "orig", None) or cause
        if isinstance(original, sqlite3.Error):
            return _of_sqlite(original)
        if type(original).__module__.startswith("psycopg"):
            return _of_postgresql(original)
        cause = cause.__cause__
    return f"{_OTHER} : {error}"


def _of_sqlite(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    kind = "_".join(name.split("_")[:2])
    return _SQLITE.get(kind, f"{_OTHER} : {name or type(error).__name__}")


def _of_postgresql(error: BaseException) -> str:
    code = getattr(error, "sqlstate", None)
    if code is None:
        # There was no answer of a server that could bear a code.
        return _CONNECTION
    return _POSTGRESQL.get(code) or _POSTGRESQL.get(code[:2]) or f"{_OTHER} : {code}"
