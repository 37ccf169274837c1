"""Plays one seed again, as the report of a failure says: `PYTHONPATH=tests python -m support.simulation 143`."""

from __future__ import annotations

import argparse
import logging
import sys

from support.simulation.drama import play
from support.simulation.invariants import Violation


def main() -> int:
    """Give 1 where the seed breaks a promise, with its story."""
    parser = argparse.ArgumentParser(prog="support.simulation", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--callbacks-alone", action="store_true", help="a shop that does not ask the gateway")
    parser.add_argument("--staffed", action="store_true", help="people act, and the gateway wavers for days")
    wish = parser.parse_args()
    logging.disable(logging.CRITICAL)
    try:
        digest = play(wish.seed, wish.steps, asks_gateway=not wish.callbacks_alone, is_staffed=wish.staffed)
    except Violation as broken:
        sys.stdout.write(f"{broken}\n")
        return 1
    sys.stdout.write(f"seed {wish.seed} keeps every promise: {digest}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
