"""
The portal's own two small tables, in the database of the journal.

They hold no word of a customer: keyed hashes, counts and times only, and each row is deleted once it is out of date.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

__all__ = ["create_tables", "hits", "spent_checks"]

metadata = MetaData()

#: How often something was asked for in one window of time; the key is a keyed hash of who, what and when.
hits = Table(
    "portal_hits",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

#: Human checks that were answered, right or wrong: each serves once.
spent_checks = Table(
    "portal_spent_checks",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)


def create_tables(engine: Engine) -> None:
    """Create the portal's tables where they are missing; several processes may do so at once."""
    try:
        metadata.create_all(engine)
    except DBAPIError:
        # Another one was making them meanwhile, and has; if it was anything else, it is said now.
        metadata.create_all(engine)
