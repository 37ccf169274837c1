"""
Write the states of orders and attempts as tables, from the one table in the code that moves them.

``python docs/state_table.py`` writes ``docs/generated/states.md``; a test fails when what stands there is out of date.
"""

from pathlib import Path

from rak_billing.payments.states import EDGES, AttemptState, Event, OrderState

PAGE = Path(__file__).parent / "generated" / "states.md"


def document() -> str:
    """Give the whole file."""
    return (
        "\n\n".join(
            [
                "The states of an order (what is owed) and of an attempt at paying it (one form sent to the gateway):",
                states(OrderState),
                states(AttemptState),
                "Where an event leads an order; what is not listed changes nothing, or is refused:",
                moves(OrderState),
                "Where an event leads an attempt:",
                moves(AttemptState),
            ]
        )
        + "\n"
    )


def states(kind: type[OrderState] | type[AttemptState]) -> str:
    """Give a row for each state: what the customer sees, and which events leave it as it is."""
    rows = [[f"**{state.value}**", state.public.value, ", ".join(unmoved(state)) or "none"] for state in kind]
    return _table([f"{kind.__name__}", "Customer sees", "Events that change nothing"], rows)


def unmoved(state: OrderState | AttemptState) -> list[str]:
    """Give the events that leave *state* as it is."""
    return [event.value for event in Event if EDGES.get((state, event), (None,))[0] is state]


def moves(kind: type[OrderState] | type[AttemptState]) -> str:
    """Give a row for each edge that leads elsewhere, with its label."""
    rows = [
        [start.value, f"`{event.value}`", f"**{end.value}**", label]
        for (start, event), (end, label) in EDGES.items()
        if isinstance(start, kind) and start is not end
    ]
    return _table(["From", "Event", "To", "Why"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
    print("wrote docs/generated/states.md")
