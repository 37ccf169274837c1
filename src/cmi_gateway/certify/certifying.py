"""The whole play: an order for each row, its callbacks, the states of the order, and the verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from typing import Final

import attrs

from cmi_gateway.certify.answers import Answer
from cmi_gateway.certify.callbacks import Scene
from cmi_gateway.certify.cases import OPENING, ROWS
from cmi_gateway.certify.judging import Judge, Judgement, Play, left_out, not_played
from cmi_gateway.certify.order_sources import OrderSource
from cmi_gateway.certify.orders import Order
from cmi_gateway.certify.player import Endpoint
from cmi_gateway.certify.probe import Probe
from cmi_gateway.certify.rows import Row, Want
from cmi_gateway.certify.sheet import ScoreSheet
from cmi_gateway.errors import ConfigurationError
from cmi_gateway.secret import Secret

_NO_FORM: Final = "the order came without the fields of its signed form"
_NO_TIME: Final = "not played: the time for the whole play was up"
#: Answers to these say how the shop refuses junk, not how it answers the gateway.
_ODD_WANTS: Final = frozenset({Want.TURN_AWAY})


@attrs.frozen(kw_only=True)
class Stage:
    """
    What a play needs.

    Attributes:
        endpoint: Takes the callbacks.
        url: Its address as the sheet shows it.
        orders: Makes a fresh order for each row.
        key: The store key.
        client_id: The merchant's; empty to take it from the forms.
        probe: Gives the state of an order; None where it cannot be asked for.
        judge: How to judge.
        seconds: For the whole play; what is not played by then could not be judged.
        clock: Monotonic, in seconds.
    """

    endpoint: Endpoint = attrs.field(repr=False)
    url: str
    orders: OrderSource = attrs.field(repr=False)
    key: Secret
    client_id: str = ""
    probe: Probe | None = None
    judge: Judge = attrs.field(factory=Judge)
    seconds: float = 300.0
    clock: Callable[[], float] = attrs.field(default=time.monotonic, repr=False)


def certify(
    stage: Stage, chosen: Collection[str] = (), *, tell: Callable[[Judgement], None] | None = None
) -> ScoreSheet:
    """
    Play all rows, or those that are *chosen*, and give the score sheet.

    The opening is played in every case: without it no other answer would show anything.

    Args:
        stage: What is certified and with what.

        chosen: Ids of rows; all when empty.

        tell: Is told each verdict as it falls.

    Raises:
        ConfigurationError: a row is unknown, no first order can be had, or it does not say whose it is.
    """
    unknown = sorted(set(chosen) - ROWS.keys())
    if unknown:
        raise ConfigurationError(f"there is no row {unknown[0]!r:.40}; `cmi certify --list` names them")
    judged = []
    for judgement in _Playing(stage, frozenset(chosen) or frozenset(ROWS)).judgements():
        judged.append(judgement)
        if tell is not None:
            tell(judgement)
    return ScoreSheet(stage.url, tuple(judged), is_probed=stage.probe is not None)


class _Playing:
    """One run, with the answers that it has gathered."""

    def __init__(self, stage: Stage, chosen: frozenset[str]) -> None:
        self._stage = stage
        self._chosen = chosen
        self._answers: list[Answer] = []
        self._ends = stage.clock() + stage.seconds

    def judgements(self) -> Iterator[Judgement]:
        opening = self._play(ROWS[OPENING], self._scene())
        is_open = self._stage.judge.opens(opening)
        is_accepting = all(self._stage.judge.is_taken(play.answer) for play in opening)
        for row in ROWS.values():
            if row.id == OPENING:
                yield self._stage.judge.steps(row, opening, is_accepting=True)
            elif row.id not in self._chosen:
                yield left_out(row)
            elif row.form is not None:
                yield self._stage.judge.form(row, self._answers)
            elif not is_open:
                yield not_played(row)
            else:
                yield self._judgement(row, is_accepting=is_accepting)

    def _judgement(self, row: Row, *, is_accepting: bool) -> Judgement:
        if self._stage.clock() > self._ends:
            return not_played(row, _NO_TIME)
        try:
            scene = self._scene()
            if row.needs_form and not scene.order.fields:
                return not_played(row, _NO_FORM)
            plays = self._play(row, scene)
        except ConfigurationError as error:
            # An order, or its state, could not be had; that says nothing about the endpoint.
            return not_played(row, f"not played: {error}")
        return self._stage.judge.steps(row, plays, is_accepting=is_accepting)

    def _scene(self) -> Scene:
        order = self._stage.orders()
        client_id = self._stage.client_id or order.sent("clientid")
        if not client_id:
            raise ConfigurationError(
                "no client id: give --client-id, or orders with the fields of their form"
            )
        return Scene(order, client_id, self._stage.key, self._stage.url)

    def _play(self, row: Row, scene: Scene) -> list[Play]:
        plays = []
        before = self._state(scene.order)
        for step in row.steps:
            answer = self._stage.endpoint(step.build(scene))
            after = self._state(scene.order)
            plays.append(Play(step, answer, before, after))
            before = after
            if step.want not in _ODD_WANTS:
                self._answers.append(answer)
        return plays

    def _state(self, order: Order) -> str | None:
        return None if self._stage.probe is None else self._stage.probe(order.order_id)
