"""
The journal's tables, version by version, as Alembic migrations.

Forward only: a version that must be left again is left by the backup from before it.
"""
