"""
Draw the states of orders and attempts, from the one table in the code that moves them.

``python docs/state_picture.py`` writes ``docs/generated/states_of_*.svg``; a test fails when what stands there is out
of date. States stand below each other in the order of the code. An arc on the right leads down, to a later state; one
on the left leads back up. Events and reasons stand in the tables below the pictures.
"""

from collections.abc import Iterator
from pathlib import Path

from rak_billing.payments.states import EDGES, AttemptState, OrderState, PublicState

GENERATED = Path(__file__).parent / "generated"

#: Measures of the picture in its own units.
ROW, BOX, WIDTH, MARGIN, BEND = 44, 28, 150, 16, 13
INK, DOWN, UP = "#1f2933", "#3d6b8e", "#b0562b"
#: One fill for each public state: what the customer sees.
FILLS = {
    PublicState.PENDING: "#eef2f5",
    PublicState.RECEIVED: "#fdf0d5",
    PublicState.PAID: "#e6f4ea",
    PublicState.REFUSED: "#fbe3e0",
    PublicState.SUPERSEDED: "#ece6f4",
    PublicState.EXPIRED: "#e2e2e2",
    PublicState.RETURNED: "#dff1f5",
    PublicState.REVIEW: "#fff3b0",
}

State = OrderState | AttemptState


def documents() -> dict[str, str]:
    """Give every generated picture by name."""
    return {
        "states_of_orders.svg": picture(OrderState, "The life of an order"),
        "states_of_attempts.svg": picture(AttemptState, "The life of an attempt at paying"),
    }


def edges(kind: type[OrderState] | type[AttemptState]) -> list[tuple[int, int]]:
    """Give every pair of different states that some event leads between, as places in the code's order."""
    order: list[State] = list(kind)
    pairs = {
        (order.index(start), order.index(end))
        for (start, _event), (end, _label) in EDGES.items()
        if isinstance(start, kind) and start is not end
    }
    return sorted(pairs)


def picture(kind: type[OrderState] | type[AttemptState], title: str) -> str:
    """Draw one kind of state as SVG."""
    room = BEND * len(kind) + MARGIN
    width, height = 2 * room + WIDTH, ROW * len(kind) + MARGIN
    shapes = [_arc(start, end, room) for start, end in edges(kind)]
    shapes += [_box(state, row, room) for row, state in enumerate(kind)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{title}" font-family="ui-monospace, monospace" font-size="12">\n'
        f"<defs>{''.join(_heads())}</defs>\n"
        '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def _heads() -> Iterator[str]:
    for name, colour in (("down", DOWN), ("up", UP)):
        yield (
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" '
            f'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
        )


def _arc(start: int, end: int, room: int) -> str:
    """Bend an arc the further out, the more states it passes; arcs leave a box below its middle and arrive above."""
    is_down = end > start
    reach = BEND * abs(end - start) + 6
    x, out, name, colour = (room + WIDTH, reach, "down", DOWN) if is_down else (room, -reach, "up", UP)
    y1, y2 = _middle(start) + 5, _middle(end) - 5
    return (
        f'<path d="M{x} {y1} C{x + out} {y1} {x + out} {y2} {x} {y2}" fill="none" stroke="{colour}" '
        f'stroke-width="1.1" marker-end="url(#{name})"/>'
    )


def _box(state: State, row: int, room: int) -> str:
    top = _middle(row) - BOX // 2
    return (
        f'<rect x="{room}" y="{top}" width="{WIDTH}" height="{BOX}" rx="5" fill="{FILLS[state.public]}" '
        f'stroke="{INK}"/><text x="{room + WIDTH // 2}" y="{top + 18}" text-anchor="middle" fill="{INK}">'
        f"{state.value}</text>"
    )


def _middle(row: int) -> int:
    return MARGIN // 2 + ROW * row + ROW // 2


if __name__ == "__main__":
    for file_name, content in documents().items():
        (GENERATED / file_name).write_text(content, encoding="utf-8")
    print("wrote the pictures of the states into docs/generated")
