"""``python -m cmi_gateway.simulator``: the same as ``cmi simulator``."""

from __future__ import annotations

from cmi_gateway.simulator.command import main

if __name__ == "__main__":
    main()
