"""
How much Hypothesis searches, chosen by the environment variable ``HYPOTHESIS_PROFILE``.

Plain runs stay short; ``ci`` draws ten times as many examples. Neither watches the clock: a slow machine is no bug.
"""

import os

from hypothesis import HealthCheck, settings

# A busy machine draws slowly too; that says nothing about the property.
_PATIENT = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("modest", max_examples=50, **_PATIENT)
settings.register_profile("ci", max_examples=500, **_PATIENT)
# Named here, since Hypothesis would otherwise load a profile of its own wherever CI is set.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "modest"))
