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
                "An order (what is owed):",
                table(OrderState),
                "An attempt at paying it (one form sent to the gateway):",
                table(AttemptState),
                "",
            ]
        ).rstrip("\n")
        + "\n"
    )


def table(states: type[OrderState] | type[AttemptState]) -> str:
    """Give a row for each state, what the customer sees of it, and where each event leads; a dot changes nothing."""
    events = [event for event in Event if any((state, event) in EDGES for state in states)]
    head = ["State", "Customer sees", *(event.value for event in events)]
    rows = [
        [f"**{state.value}**", state.public.value, *(cell(state, event) for event in events)]
        for state in states
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def cell(state: OrderState | AttemptState, event: Event) -> str:
    """Give the next state; a dot where it stays, nothing where the event cannot happen."""
    edge = EDGES.get((state, event))
    if edge is None:
        return ""
    return "·" if edge[0] is state else edge[0].value


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
    print("wrote docs/generated/states.md")
