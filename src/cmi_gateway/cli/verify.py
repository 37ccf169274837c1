"""``cmi verify``: is this callback genuine, and what does it say?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, assert_never

import click

from cmi_gateway.callback import Callback
from cmi_gateway.cli.documents import read_all, read_form
from cmi_gateway.cli.keys import read_store_keys, store_key_option
from cmi_gateway.cli.merchant_options import merchant_options, settings_of
from cmi_gateway.cli.printing import ANSWER_IS_NO, json_option, print_json, print_table
from cmi_gateway.cli.settings import merchant_of
from cmi_gateway.codes import customer_message
from cmi_gateway.errors import CallbackError, InvalidSignatureError
from cmi_gateway.money import Money
from cmi_gateway.outcome import Approved, Declined, Failed, NotAuthenticated, Outcome


@click.command("verify", short_help="Check a callback and read its outcome.")
@click.argument("body", type=click.File("rb"), default="-")
@click.option("--sent", type=click.File("rb"), help="The signed form as `cmi sign --json` printed it.")
@click.option("--order-id", help="Of the order, where the form was sealed and not kept.")
@click.option("--amount", help="Of the order, such as 114.26, where the form was sealed and not kept.")
@merchant_options
@store_key_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    *,
    body: BinaryIO,
    sent: BinaryIO | None,
    order_id: str | None,
    amount: str | None,
    config: BinaryIO | None,
    client_id: str | None,
    gateway: str | None,
    store_key_file: Path | None,
    as_json: bool,
) -> None:
    """
    Check a callback: signature, and with --sent the order it answers and its outcome.

    BODY is the raw body as it arrived, by default from standard input. With --sent, or with --order-id and --amount
    for a form that was sealed, it is compared with the order. Without, the outcome stays closed: a genuine signature
    alone can be that of another order.

    A callback that is not to be trusted ends with status 1, whatever a bank may have said in it; one that is genuine
    ends with 0, also where it says that nothing was paid.
    """
    form = read_form(sent) if sent else None
    order = _order(form, order_id, amount)
    who = client_id or (form or {}).get("clientid")
    merchant = merchant_of(
        settings_of(config), read_store_keys(store_key_file), client_id=who, gateway=gateway
    )
    try:
        callback = merchant.verify(read_all(body))
        if order:
            callback.must_match(order_id=order[0], amount=order[1], sent=form)
    except CallbackError as error:
        _refuse(error, as_json=as_json)
        context.exit(ANSWER_IS_NO)
    facts = _signature(callback) | (_answer(callback) if order else {"outcome": None})
    if as_json:
        print_json({"trusted": True, **facts})
    else:
        _describe(facts, is_matched=order is not None)


def _order(form: dict[str, str] | None, order_id: str | None, amount: str | None) -> tuple[str, Money] | None:
    """Give order id and amount by our own records: the form that was kept, or what the command line says."""
    if form is not None:
        if order_id is not None or amount is not None:
            raise click.UsageError("--sent already says order and amount: leave --order-id and --amount out")
        return form["oid"], Money.parse(form["amount"])
    if (order_id is None) is not (amount is None):
        raise click.UsageError("--order-id and --amount go together")
    return (order_id, Money.parse(amount)) if order_id is not None and amount is not None else None


def _refuse(error: CallbackError, *, as_json: bool) -> None:
    if as_json:
        print_json({"trusted": False, "error": type(error).__name__, "problem": str(error)})
        return
    click.echo(f"Not to be trusted: {error}")
    if isinstance(error, InvalidSignatureError):
        click.echo("Ask `cmi doctor` why the hash does not match.")


def _signature(callback: Callback) -> dict[str, Any]:
    reading = callback.reading
    return {
        "order_id": callback.order_id,
        "digest": callback.digest,
        "reading": {
            "entities_decoded": reading.entities_decoded,
            "document_rule": reading.document_rule,
            "order": reading.order.name.lower(),
            "left_out": sorted(reading.left_out),
        },
    }


def _answer(callback: Callback) -> dict[str, Any]:
    facts = callback.facts
    return {
        "outcome": _words(callback.outcome),
        "reply": callback.reply.value,
        "facts": {
            "transaction_id": facts.transaction_id,
            "authorization_code": facts.authorization_code,
            "payment_number": facts.payment_number,
            "gateway_time": facts.gateway_time.isoformat() if facts.gateway_time else None,
            "brand": facts.brand,
            "issuer": facts.issuer,
            "last_four": facts.last_four,
            "three_d_secure": facts.three_d_secure,
        },
        "echo_differences": list(callback.echo_differences),
    }


def _words(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Approved():
            return {"kind": "approved"}
        case Declined():
            return {"kind": "declined", "code": outcome.code, "message": outcome.message, **_told(outcome)}
        case NotAuthenticated():
            return {"kind": "not authenticated", "message": outcome.message, **_told(outcome)}
        case Failed():
            sign = {"authorization_sign": outcome.authorization_sign}
            return {
                "kind": "failed",
                "code": outcome.code,
                "reason": outcome.reason,
                **sign,
                **_told(outcome),
            }
        case _:
            assert_never(outcome)


def _told(outcome: Declined | NotAuthenticated | Failed) -> dict[str, str]:
    return {
        "message_key": outcome.message_key,
        "customer_message": customer_message(outcome.message_key, "en"),
    }


def _describe(facts: dict[str, Any], *, is_matched: bool) -> None:
    click.echo("The signature is genuine.")
    print_table([("Order id", facts["order_id"]), ("Digest", facts["digest"])])
    if not is_matched:
        click.echo("It may answer another order: give the signed form with --sent to read the outcome.")
        return
    click.echo("It answers the form that was sent.")
    outcome = facts["outcome"]
    listed = [*outcome.items(), ("reply", facts["reply"]), *facts["facts"].items()]
    differences = ", ".join(facts["echo_differences"])
    print_table(
        [(_label(name), value) for name, value in [*listed, ("echo_differences", differences)] if value != ""]
    )


def _label(name: str) -> str:
    return "Outcome" if name == "kind" else name.replace("_", " ").capitalize()
