"""One run: at each step somebody does something, perhaps something goes wrong, and the promises are checked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cmi_gateway.simulator.faults import FaultPlan
from support.simulation.acts import Acts
from support.simulation.invariants import Checker, Violation
from support.simulation.world import World

#: How often an errand goes on at once.
_AT_ONCE = 0.6
#: Long enough for every calendar: daily looks for two weeks and more.
_LAST_PAUSES = (1, 60, 301, 301, 901, 3601, 3601, 6 * 3600, *([86_400] * 18))
#: A staffed story needs longer: first somebody has to pay.
STAFFED_STEPS = 120
#: How often staff look at what lies before them, until nothing does.
_ROUNDS = 6


class Drama:
    """Plays one seed."""

    def __init__(self, seed: int, **settings: Any) -> None:
        self.seed = seed
        self.world = World(seed, **settings)
        self.checker = Checker(self.world)
        self._random = self.world.random
        self._weights, self._acts = zip(*Acts(self.world).weighted(), strict=True)
        self.world.checkpoint = self.checker.after_step

    def play(self, steps: int) -> str:
        """Play so many steps, let everything come to rest, and give a digest of what is written."""
        world, number = self.world, 0
        try:
            for number in range(steps):  # noqa: B007 - told by the report
                self._random.choices(self._acts, self._weights)[0]()
                self.checker.after_step()
                self._hurry()
            self._come_to_rest()
            self.checker.at_rest()
            return world.digest()
        except (Violation, AssertionError) as error:
            raise Violation(self._report(error, number, steps)) from error
        finally:
            world.close()

    def _report(self, error: BaseException, number: int, steps: int) -> str:
        story = "\n  ".join(self.world.log)
        way = "" if self.world.asks_gateway else " --callbacks-alone"
        way += "" if self.world.person is None else " --staffed"
        again = f"PYTHONPATH=tests python -m support.simulation {self.seed} --steps {steps}{way}"
        return f"seed {self.seed}, step {number}: {error}\n  {story}\n  Once more: {again}"

    def _hurry(self) -> None:
        """Most of the time whoever was last goes on at once, as on a machine that is not busy."""
        while self.world.stage.waiting and self._random.random() < _AT_ONCE:
            self.world.go_on(self.world.stage.waiting[-1])

    def _come_to_rest(self) -> None:
        world = self.world
        world.mend()
        world.set_wrong(timedelta())
        world.transport.book.set(FaultPlan())
        world.log.append("nothing goes wrong any more")
        while world.stage.waiting:
            world.go_on(world.stage.waiting[0])
        world.repeat_unsettled()
        self._sweep_until_quiet()
        if (person := world.person) is not None:
            for _ in range(_ROUNDS):
                if not person.has_work():
                    return
                person.settle_all()
                self._sweep_until_quiet()

    def _sweep_until_quiet(self) -> None:
        world = self.world
        for seconds in _LAST_PAUSES:
            world.clock.advance(seconds=seconds)
            world.customer.deliver_due()
            while world.asks_gateway and not world.checkout.sweep(limit=20).is_finished:
                pass
            world.checkout.deliver()
            self.checker.after_step()
            if not world.is_anything_due():
                return


def play(seed: int, steps: int = 80, **settings: Any) -> str:
    """Play one seed; a broken promise names the seed and tells the story."""
    return Drama(seed, **settings).play(steps)
