"""What a code means, who may try again, and what the customer is told."""

import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cmi_gateway as cmi
from cmi_gateway import code_table
from cmi_gateway.codes import (
    CodeClass,
    CodeFamily,
    CustomerRetry,
    MessageKey,
    ServerRepeat,
    catalogue,
    customer_message,
    find_code,
    look_up,
    look_up_md_status,
)
from cmi_gateway.customer_messages import LANGUAGES

ENTRIES = list(catalogue().values())
LISTED = sorted(catalogue())

#: No customer reads these: they tell a thief what is known, or promise what a reservation may belie.
UNSPEAKABLE = re.compile(
    r"fraud|lost|stolen|black|pick up|restrict|suspect|debit|charged|perdu|vol[ée]|débit|prélev|soupçon|opposition"
    r"|خصم|اقتط|سرق|مسروق|ضائع|مفقود|احتيال|مشبوه",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("code", "kind", "key"),
    [
        ("00", "ok", "authorized"),
        ("02", "bank", "call_bank"),
        ("05", "bank", "declined"),
        ("34", "security", "declined"),
        ("41", "security", "declined"),
        ("51", "limit", "limit"),
        ("54", "card", "expiry"),
        ("57", "card", "not_enabled"),
        ("82", "card", "card_data"),
        ("91", "temporary", "temporary"),
        ("92", "unknown", "checking"),
        ("99", "unknown", "checking"),
        ("GK", "card", "foreign_card"),
        ("YK", "security", "declined"),
        ("CORE-1005", "unknown", "checking"),
        ("CORE-2201", "configuration", "unavailable"),
        ("CORE-2507", "state", "already_paid"),
        ("CORE-2508", "state", "checking"),
        ("3D-1004", "configuration", "unavailable"),
        ("3D-1015", "state", "already_paid"),
        ("HPP-1001", "card", "card_data"),
        ("BM-9101", "temporary", "temporary"),
        ("BM-9102", "unknown", "checking"),
        ("215021", "unknown", "checking"),
        ("mdStatus=0", "card", "not_authenticated"),
        ("mdStatus=5", "temporary", "authentication_unavailable"),
    ],
)
def test_known_codes(code, kind, key):
    """Well-known codes have their class and message."""
    entry = look_up(code)
    assert (code, kind, key) == (entry.code, entry.code_class, entry.message_key)
    assert entry.is_listed


def test_every_code_is_listed_once():
    """No code has two meanings, also between families."""
    tables = [
        getattr(code_table, name) for name in vars(code_table) if name.endswith(("_CODES", "_STATUSES"))
    ]
    spelt = [code for rows in tables for row in rows for code in row.codes.split() if ".." not in code]
    assert [] == [code for code, times in Counter(spelt).items() if times > 1]
    assert not {code.upper() for code in spelt} - set(LISTED)
    assert 230 < len(LISTED)


@pytest.mark.parametrize(("inside", "outside"), [("CORE-1011", "CORE-1009"), ("CORE-1017", "CORE-1029")])
def test_a_span_stands_for_all_its_codes(inside, outside):
    """First and last of a span are in it, their neighbours are not."""
    assert (True, False) == (look_up(inside).is_listed, look_up(outside).is_listed)


def test_families_by_their_prefix():
    """A code belongs to the family that its beginning names."""
    prefixed = [CodeFamily.CORE, CodeFamily.THREE_D, CodeFamily.BANK_MESSAGE, CodeFamily.HOSTED_PAGE]
    wrong = [
        entry.code
        for entry in ENTRIES
        for family in prefixed
        if entry.code.startswith(family) is not (entry.family is family)
    ]
    assert [] == wrong


@pytest.mark.parametrize("code", ["iso8583-51", "ISO8583-51"])
def test_the_api_s_spelling_of_an_issuer_code(code):
    """The XML API's ISO8583-51 is the return code 51."""
    assert look_up("51") is look_up(code)


def test_letters_are_read_in_any_case():
    """Letters are forgiven, nothing else is."""
    assert look_up("CORE-2507") is look_up("core-2507")
    assert look_up("mdStatus=0") is look_up_md_status("0")


@pytest.mark.parametrize(
    "code", ["0", "000", " 00", "00 ", "٠٠", "", None, 0, b"00", "ＯＫ", "Approved", "4000000000000010"]
)
def test_what_is_not_00_is_not_ok(code):
    """Nothing but the text 00 is read as 00."""
    assert CodeClass.UNKNOWN is look_up(code).code_class


@given(st.text() | st.from_regex(r"\A(CORE|3D|BM|HPP)-[0-9]{4}\Z") | st.from_regex(r"\A[0-9A-Z]{2}\Z"))
@example("CORE-9999")
@example("A" * 1_000_000)
@example("mdStatus=")
def test_whatever_comes_in_has_a_class(code):
    """Any text gets an entry; one that is not listed is unknown, tells the customer to wait, and is repeated by nobody."""
    entry = look_up(code)
    assert entry.is_listed is (entry.code.upper() in catalogue())
    if not entry.is_listed:
        assert (CodeClass.UNKNOWN, CodeClass.UNKNOWN) == (entry.code_class, entry.operation_class)
        assert (MessageKey.CHECKING, False) == (entry.message_key, entry.may_try_again)
        assert ServerRepeat.QUERY_FIRST is entry.server_repeat
        assert len(entry.code) <= 15


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("CORE-9999", CodeFamily.CORE),
        ("mdStatus=Z", CodeFamily.MD_STATUS),
        ("ZZ", CodeFamily.PROC_RETURN_CODE),
        ("what?", CodeFamily.NONE),
    ],
)
def test_the_family_of_an_unlisted_code(code, family):
    """An unlisted code still shows where it comes from."""
    assert (family, False) == (look_up(code).family, look_up(code).is_listed)


@given(st.from_regex(r"\A[0-9]{13,19}\Z"))
def test_a_card_number_is_never_kept(number):
    """What may be a card number is no code, and does not come back."""
    assert "" == look_up(number).code
    assert number not in repr(look_up(number))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_rules_of_every_entry(entry):
    """Classes, messages and repeats do not contradict each other."""
    if entry.code_class is CodeClass.SECURITY:
        assert entry.message_key in (MessageKey.DECLINED, MessageKey.NOT_AUTHENTICATED)
        assert ServerRepeat.NEVER is entry.server_repeat
    if entry.code_class is CodeClass.UNKNOWN:
        assert (MessageKey.CHECKING, False) == (entry.message_key, entry.may_try_again)
    if entry.code_class in (CodeClass.UNKNOWN, CodeClass.STATE, CodeClass.TEMPORARY):
        assert entry.server_repeat in (ServerRepeat.QUERY_FIRST, ServerRepeat.AFTER_QUERY)
    if entry.operation_class is CodeClass.UNKNOWN:
        assert ServerRepeat.QUERY_FIRST is entry.server_repeat
    assert MessageKey.PAID is not entry.message_key


def test_only_00_and_3d_secure_are_ok():
    """Beside 00 only the 3-D Secure statuses that let a payment go on raise no objection, and none says "paid"."""
    fine = {entry.code for entry in ENTRIES if entry.code_class is CodeClass.OK}
    assert {"00", "mdStatus=1", "mdStatus=2", "mdStatus=3", "mdStatus=4"} == fine


def test_a_payment_and_an_operation_may_differ():
    """A switch that is down lets a customer try again; of a capture it proves nothing."""
    entry = look_up("91")
    assert (CodeClass.TEMPORARY, CodeClass.UNKNOWN) == (entry.code_class, entry.operation_class)
    assert (CustomerRetry.LATER, ServerRepeat.QUERY_FIRST) == (entry.customer_retry, entry.server_repeat)


@pytest.mark.parametrize("code", ["CORE-2201", "CORE-2202", "CORE-2254", "CORE-2255"])
def test_credentials_are_not_tried_again(code):
    """Refused credentials are never repeated: the account may be locked."""
    assert ServerRepeat.NEVER is look_up(code).server_repeat


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", MessageKey)
def test_every_message_in_every_language(key, language):
    """Each message is a sentence that neither names a suspicion nor promises that nothing was debited."""
    text = customer_message(key, language)
    assert text.endswith(".")
    assert not UNSPEAKABLE.search(text)
    assert ("ar" == language) is bool(re.search("[\u0600-\u06ff]", text))


def test_messages_that_say_wait_offer_no_retry():
    """Where the customer may be paying twice, the message says not to, and no retry is offered."""
    waiting = [MessageKey.CHECKING, MessageKey.ALREADY_PAID, MessageKey.AUTHORIZED]
    assert all("not pay again" in customer_message(key, "en") for key in waiting)
    assert {False} == {entry.may_try_again for entry in ENTRIES if entry.message_key in waiting}


@pytest.mark.parametrize(
    ("key", "language"), [("no_such_key", "fr"), ("paid", "de"), (None, "fr"), ("paid", None)]
)
def test_an_unknown_message_is_a_typed_error(key, language):
    """A key or language that does not exist is a mistake of the program."""
    with pytest.raises(cmi.ConfigurationError):
        customer_message(key, language)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3D-1004 Code de sécurité erronné", "3D-1004"),
        ("Refus (CORE-2507).", "CORE-2507"),
        ("CORE-2507 then CORE-2508", "CORE-2507"),
        ("XCORE-2507", ""),
        ("CORE-25071", ""),
        ("x" * 300 + " CORE-2507", ""),
        ("", ""),
        (None, ""),
        (b"CORE-2507", ""),
    ],
)
def test_a_code_inside_a_text(text, expected):
    """The first code that stands by itself near the beginning is found."""
    assert expected == find_code(text)


@given(st.text())
def test_any_text_is_searched_quietly(text):
    """Whatever the text, what is found stands in it."""
    assert find_code(text) in text


def test_the_catalogue_cannot_be_changed():
    """One program cannot change what codes mean for another."""
    with pytest.raises(TypeError):
        catalogue()["00"] = look_up("05")
