"""Every row of the certificate can be passed and can be failed, and a pass always shows something."""

import pytest

from cmi_gateway.certify.answers import Answer
from cmi_gateway.certify.cases import GROUPS, OPENING, ROWS
from cmi_gateway.certify.certifying import certify
from cmi_gateway.certify.judging import Judge
from cmi_gateway.errors import ConfigurationError
from support.certify_kit import Endpoint, Shop, play, stage, verdicts

#: Row → the flaw of a merchant's endpoint that it is there to find.
FLAWS = {
    "approval": "csrf",
    "approval-3ds": "no 3-D Secure",
    "fewest-fields": "needs TransId",
    "unknown-fields": "few fields",
    "field-order": "expects HASH last",
    "newline-after-hash": "keeps the line feed",
    "newline-after-amount": "keeps the line feed",
    "entities": "no entities",
    "bare-ampersand": "html 5 entities",
    "accents": "reads latin-1",
    "escaping": "bar first",
    "plain-order": "only natural",
    "natural-order": "only plain",
    "amount-with-comma": "no commas",
    "document-rule": "no document rule",
    "decline": "fails declines",
    "not-authenticated": "needs a code",
    "declines-then-approval": "closed by a decline",
    "late-decline": "late declines count",
    "replay": "forgets",
    "decline-replay": "forgets declines",
    "second-approval": "pays twice",
    "wrong-hash": "never checks",
    "hash-in-other-case": "hash without case",
    "no-hash": "no hash, no check",
    "wrong-key": "any key",
    "altered": "never checks",
    "older-signature": "older signatures",
    "algorithm-name": "any algorithm",
    "unknown-order": "any order",
    "wrong-amount": "any amount",
    "odd-amount": "lenient numbers",
    "wrong-currency": "any currency",
    "wrong-client": "any client",
    "other-merchant": "any merchant",
    "own-form": "own form",
    "renamed-decline": "any names",
    "renamed-other-order": "any names",
    "renamed-form": "any names",
    "approved-with-a-code": "either says yes",
    "code-without-approved": "only the code",
    "code-0": "a number",
    "approved-after-failed-3ds": "any mdStatus",
    "empty": "thanks for nothing",
    "junk": "shows its errors",
    "truncated": "no hash, no check",
    "invalid-utf8": "guesses charsets",
    "repeated-field": "last one counts",
    "repeated-in-other-case": "minds case",
    "size": "no limit",
    "many-fields": "any number",
    "get": "takes GET",
    "reply-status": "own statuses",
    "reply-no-redirect": "redirects",
    "reply-no-wall": "csrf",
    "reply-type": "html",
    "reply-word": "layout",
    "reply-bare": "line end",
    "reply-time": "slow",
    "reply-quick": "leisurely",
}
#: Rows that an endpoint passes which compares nothing and always says ACTION=POSTAUTH.
PASSED_BY_THE_NAIVE = {
    "approval",
    "approval-3ds",
    "fewest-fields",
    "unknown-fields",
    "field-order",
    "newline-after-hash",
    "newline-after-amount",
    "entities",
    "bare-ampersand",
    "accents",
    "escaping",
    "plain-order",
    "natural-order",
    "amount-with-comma",
    "document-rule",
    "replay",
    "reply-status",
    "reply-no-redirect",
    "reply-no-wall",
    "reply-type",
    "reply-word",
    "reply-bare",
    "reply-time",
    "reply-quick",
}


def test_there_are_thirty_rows_and_more_each_under_a_name_of_its_own():
    """No id stands for two rows, and every row has its flaw in this file."""
    assert 60 == len(ROWS) == sum(map(len, GROUPS.values()))
    assert ROWS.keys() == FLAWS.keys()


def test_a_sound_endpoint_has_full_marks():
    """One that was written by hand, without this package's verification, passes every row."""
    sheet = play()
    assert {"passed"} == set(verdicts(sheet).values())
    assert sheet.has_full_marks
    assert sheet.has_all_advice


@pytest.mark.parametrize("row", ROWS)
def test_each_row_fails_for_the_flaw_it_is_meant_for(row):
    """Nothing else is wrong with the endpoint, so the opening passes wherever the door is open."""
    sheet = play(FLAWS[row])
    assert row in sheet.failed
    assert not (sheet.has_full_marks and sheet.has_all_advice)
    if FLAWS[row] not in ("csrf", "redirects"):
        assert "passed" == verdicts(sheet)[OPENING]


def test_the_naive_endpoint_fails_in_exactly_the_expected_rows():
    """It compares nothing and always says ACTION=POSTAUTH."""
    assert set(ROWS) - PASSED_BY_THE_NAIVE == set(play("naive").failed)


@pytest.mark.parametrize(
    ("flaw", "failed"),
    [
        ("layout", ("reply-word",)),
        ("byte order mark", ("reply-word",)),
        ("html", ("reply-type",)),
        ("line end", ("reply-bare",)),
        ("leisurely", ("reply-quick",)),
        ("slow", ("reply-time", "reply-quick")),
        ("redirects", ("approval", "reply-no-redirect")),
        ("csrf", ("approval", "reply-no-wall")),
        ("hash without case", ("hash-in-other-case",)),
        ("any names", ("renamed-decline", "renamed-other-order", "renamed-form")),
        ("takes GET", ("get",)),
    ],
)
def test_one_flaw_fails_no_other_rows(flaw, failed):
    """Decisions are read by their meaning, so that a wrong dress fails where dress is judged and nowhere else."""
    assert failed == play(flaw).failed


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(problem="nobody listens at the address"), "could not be judged"),
        (Answer(problem="no answer within 10 s", seconds=10.0, is_overdue=True), "failed"),
    ],
)
def test_silence_is_slow_only_where_somebody_listens(answer, verdict):
    """No row passes where nobody listens, not even those about time; who listens and says nothing is too late."""
    found = verdicts(certify(stage(lambda _: answer, Shop().new_order)))
    assert "passed" not in found.values()
    assert verdict == found["reply-time"] == found["reply-quick"]


def test_behind_a_closed_door_nothing_is_judged():
    """Who answers the honest approval with a page refuses forgeries too, which shows nothing."""
    shop = Shop()
    endpoint = Endpoint(shop, "csrf")
    found = verdicts(certify(stage(endpoint, shop.new_order)))
    assert "could not be judged" == found["wrong-hash"] == found["replay"]
    assert 1 == endpoint.answered


def test_who_refuses_everything_gets_no_credit_for_refusing():
    """A word always comes, and it is always FAILURE."""
    shop = Shop()
    sheet = certify(stage(lambda _: Answer(200, "text/plain", b"FAILURE"), shop.new_order))
    found = verdicts(sheet)
    assert "failed" == found[OPENING] == found["decline"]
    assert "could not be judged" == found["wrong-hash"] == found["entities"]


def test_the_state_of_the_order_is_looked_at_where_it_can_be():
    """Right words and a wrong record fail: what is answered is not what was done."""

    class Forgetful(Shop):
        def state(self, order_id):
            return "unpaid"

    class Eager(Shop):
        def state(self, order_id):
            return f"seen {len(self.replies)} {next(self.numbers)}"

    for kind, failed in ((Forgetful, "approval"), (Eager, "decline"), (Eager, "replay")):
        shop = kind()
        sheet = certify(stage(Endpoint(shop), shop.new_order, probe=shop.state))
        assert failed in sheet.failed
        assert "order's state" in next(one.note for one in sheet.judgements if one.row.id == failed)
    shop = Shop()
    assert certify(stage(Endpoint(shop), shop.new_order, probe=shop.state)).has_all_advice


def test_without_a_probe_the_sheet_says_so():
    """One effect cannot be seen in replies alone."""
    sheet = play()
    assert "by the replies only" in sheet.summary[-1]
    assert all("replies only" in one.note for one in sheet.judgements if one.row.steps)


def test_without_the_form_some_rows_cannot_be_judged():
    """The shop's own form cannot be posted back by who does not have it."""
    shop = Shop(gives_form=False)
    found = verdicts(certify(stage(Endpoint(shop), shop.new_order, client_id="600000099"), ["own-form"]))
    assert "could not be judged" == found["own-form"]


def test_an_echo_can_be_built_without_the_form():
    """An endpoint that keeps no form accepts the documented least."""
    shop = Shop(gives_form=False)
    found = verdicts(certify(stage(Endpoint(shop, "any names"), shop.new_order, client_id="600000099")))
    assert "passed" == found["approval"] == found["replay"] == found["wrong-amount"]


def test_a_client_id_is_needed():
    """Without form and option nobody knows whose callbacks to play."""
    shop = Shop(gives_form=False)
    with pytest.raises(ConfigurationError, match="client id"):
        certify(stage(Endpoint(shop), shop.new_order))


def test_rows_can_be_chosen():
    """The opening is played all the same; the rest is not applicable."""
    told = []
    shop = Shop()
    sheet = certify(stage(Endpoint(shop), shop.new_order), ["replay"], tell=told.append)
    assert {"approval": "passed", "replay": "passed"} == {
        row: verdict for row, verdict in verdicts(sheet).items() if verdict != "not applicable"
    }
    assert sheet.has_full_marks
    assert tuple(told) == sheet.judgements


def test_an_unknown_row_is_refused():
    """Before anything is sent."""
    with pytest.raises(ConfigurationError, match="no row 'nonsense'"):
        play(rows=["nonsense"])


def test_a_shop_that_captures_later_says_approved():
    """Its word for an approved payment is APPROVED."""
    shop = Shop()
    sound = Endpoint(shop)

    def later(message):
        answer = sound(message)
        return (
            Answer(200, answer.content_type, answer.body.replace(b"ACTION=POSTAUTH", b"APPROVED"), 0.01)
            if (answer.status == 200)
            else answer
        )

    assert ("approval",) == certify(stage(later, shop.new_order), ["approval"]).failed
    judge = Judge(captures_later=True)
    assert certify(stage(later, shop.new_order, judge=judge)).has_full_marks


def test_the_play_ends_in_time():
    """What is not played by the deadline could not be judged."""
    times = iter(range(10_000))
    shop = Shop()
    sheet = certify(stage(Endpoint(shop), shop.new_order, seconds=10, clock=lambda: next(times)))
    found = verdicts(sheet)
    assert "passed" == found["approval-3ds"]
    assert "could not be judged" == found["get"]
    assert not sheet.has_full_marks


def test_an_order_that_cannot_be_had_leaves_its_row_open():
    """The endpoint is not to blame."""
    shop = Shop()
    orders = iter([shop.new_order(), shop.new_order()])

    def two():
        order = next(orders, None)
        if order is None:
            raise ConfigurationError("no more")
        return order

    sheet = certify(stage(Endpoint(shop), two))
    found = verdicts(sheet)
    assert "passed" == found["approval-3ds"]
    assert "could not be judged" == found["fewest-fields"]
    assert "not played: no more" == sheet.judgements[2].note
