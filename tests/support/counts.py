"""How often a bounded loop runs: few in plain runs, as often as promised under the CI profile."""

from hypothesis import settings


def count(plain: int, ci: int) -> int:
    """Give *ci* under the Hypothesis profile ``ci``, else *plain*."""
    return ci if settings.get_current_profile_name() == "ci" else plain
