"""Which versions of SQLite can damage a write-ahead log (the "WAL-reset" fault, present since 3.7.0)."""

from typing import Final

_FIRST: Final = (3, 7, 0)
_MENDED: Final = (3, 51, 3)
#: Older branches into which the mend was carried back.
_MENDED_BRANCHES: Final = ((3, 50, 7), (3, 44, 6))


def may_damage_the_log(version: tuple[int, ...]) -> bool:
    """Tell whether SQLite of this *version* has the fault."""
    if any(version[:2] == mended[:2] and version >= mended for mended in _MENDED_BRANCHES):
        return False
    return _FIRST <= version < _MENDED
