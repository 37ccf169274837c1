"""What the ver3 hash and the check of a callback cost."""

import hashlib
from base64 import b64encode
from urllib.parse import parse_qsl

from cmi_gateway import Merchant
from cmi_gateway.merchant import TEST
from cmi_gateway.signature import hash_ver3
from support.gateway_kit import MERCHANT, payment_request, real_callback, vectors

KEY = "TEST1234"
#: 30 names of the gateway's own, and as many values: 1,300 bytes with the separators.
NAMES = [
    "clientid", "storetype", "TranType", "amount", "currency", "oid", "okUrl", "failUrl", "shopurl", "callbackUrl",
    "CallbackResponse", "AutoRedirect", "refreshtime", "SessionTimeout", "lang", "email", "BillToName",
    "BillToStreet1", "BillToCity", "tel", "ItemNumber1", "ProductCode1", "Id1", "Desc1", "Qty1", "Price1", "Total1",
    "NUM_CONTRAT", "rnd", "hashAlgorithm",
]  # fmt: skip
TEXT_BYTES = 1300


def fields(special=""):
    """Give 30 fields whose hashed text, without the key, is 1,300 bytes long."""
    room = TEXT_BYTES - len(NAMES) - len(special.encode())
    values = ["x" * (room // len(NAMES))] * len(NAMES)
    values[0] += "x" * (room % len(NAMES)) + special
    return list(zip(NAMES, values, strict=True))


def bare(text):
    """The floor: the same bytes through the same digest, and nothing else."""
    return lambda: b64encode(hashlib.sha512(text).digest()).decode("ascii")


def text_of(pairs, value=lambda value: value):
    ordered = sorted(pairs, key=lambda pair: pair[0].upper())
    return "".join(value(text) + "|" for _, text in ordered).encode() + KEY.encode()


def test_hash_of_ordinary_fields(benchmark, ratio):
    """Thirty ordinary fields hash as their joined text does, every canonical step being asked for."""
    pairs = fields()
    text = text_of(pairs)
    assert TEXT_BYTES == len(text) - len(KEY)

    def ours():
        return hash_ver3(pairs, KEY, document_rule=True)

    assert bare(text)() == benchmark(ours)
    ratio(
        "hash_ver3 of 30 plain fields / sha512 + base64 of the same bytes", ours, bare(text), aim="under 3.5"
    )


def test_hash_when_every_step_has_work(benchmark, ratio):
    """A value that has to be trimmed, escaped and rid of the word costs more, and hashes as the steps say."""
    pairs = fields(special=" a\\b|c Documents \n")
    text = text_of(
        pairs,
        lambda value: (
            value.strip().replace("\\", "\\\\").replace("|", "\\|").replace("Documents", "document.")
        ),
    )

    def ours():
        return hash_ver3(pairs, KEY, document_rule=True)

    assert bare(text)() == benchmark(ours)
    ratio(
        "hash_ver3 when every step has work / sha512 + base64 of the same bytes",
        ours,
        bare(text),
        aim="under 6",
    )


def test_verify_of_the_real_callback(benchmark, ratio):
    """The real callback of 100 fields verifies; its parse alone is the yardstick."""
    body = real_callback()
    vector = next(vector for vector in vectors()["published"] if vector["id"] == "V7")
    merchant = Merchant(vector["fields"]["clientid"], vector["store_key"], TEST)
    text = body.decode("ascii").rstrip("\n")

    def ours():
        return merchant.verify(body)

    def parse_only():
        return parse_qsl(text, keep_blank_values=True)

    assert vector["fields"]["oid"] == benchmark(ours).order_id
    assert len(vector["fields"]) == len(parse_only())
    ratio(
        "Merchant.verify of 100 fields / urllib.parse.parse_qsl of the same body",
        ours,
        parse_only,
        aim="under 2",
    )


def test_sign_a_whole_request(benchmark, measured):
    """A request with two lines and a field of its own is checked and signed; aim: under 60 µs."""
    request = payment_request()
    assert 88 == len(benchmark(MERCHANT.sign, request).hash)
    if benchmark.enabled:
        measured("Merchant.sign in µs", benchmark.stats.stats.min * 1e6, aim="under 60")
