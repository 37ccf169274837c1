"""Drafts: several tabs, 30 minutes, and no more than a cookie holds."""

import itertools

import pytest

from rak_billing.portal.drafts import Draft, DraftBook, TooManyInvoicesError
from support.portal_kit import Clock


def book(store=None, clock=None, **limits):
    numbers = itertools.count()
    return DraftBook({} if store is None else store, clock or Clock(), lambda: f"t{next(numbers)}", **limits)


def draft(ref="1", chosen=None):
    return Draft(ref, "a@x.ma", "moroccan", chosen)


def test_two_tabs_keep_two_drafts():
    """Each draft has a token of its own."""
    drafts = book()
    first, second = drafts.start(draft("1")), drafts.start(draft("2"))
    assert ["1", "2"] == [drafts.find(first).customer_ref, drafts.find(second).customer_ref]


def test_a_draft_comes_back_as_it_was_kept():
    """The cookie's lists become the draft's values again."""
    drafts = book()
    token = drafts.start(draft(chosen=("A", "B")))
    assert draft(chosen=("A", "B")) == drafts.find(token)


def test_an_unknown_token_has_no_draft():
    """Somebody else's token is a token of nothing."""
    assert book().find("t9") is None


def test_a_draft_lives_for_thirty_minutes_after_the_last_entry():
    """Each entry starts the half hour again."""
    clock = Clock()
    drafts = book(clock=clock)
    token = drafts.start(draft())
    clock.forward(1799)
    drafts.keep(token, draft())
    clock.forward(1799)
    assert drafts.find(token) is not None
    clock.forward(1)
    assert drafts.find(token) is None


def test_looking_at_a_draft_keeps_it_alive():
    """The half hour starts again with each page; within a minute nothing is written."""
    clock, store = Clock(), {}
    drafts = book(store, clock)
    token = drafts.start(draft())
    written = store["drafts"]
    drafts.extend(token)
    assert store["drafts"] is written
    clock.forward(1500)
    drafts.extend(token)
    clock.forward(1500)
    assert drafts.find(token) is not None
    drafts.extend("unknown")


def test_the_oldest_draft_gives_way():
    """A sixth tab costs the first its draft."""
    drafts = book()
    tokens = [drafts.start(draft(str(number))) for number in range(6)]
    assert [False] + [True] * 5 == [drafts.find(token) is not None for token in tokens]


def test_long_drafts_push_others_out_of_the_cookie():
    """What is kept always fits, newest first."""
    drafts = book(room=220)
    first = drafts.start(draft(chosen=("1" * 32, "2" * 32)))
    second = drafts.start(draft(chosen=("3" * 32, "4" * 32)))
    assert (None, True) == (drafts.find(first), drafts.find(second) is not None)


def test_a_choice_that_no_cookie_holds_is_refused_and_changes_nothing():
    """The customer is told to choose fewer; the draft stays."""
    drafts = book()
    token = drafts.start(draft())
    with pytest.raises(TooManyInvoicesError):
        drafts.keep(token, draft(chosen=tuple(f"{number:032}" for number in range(200))))
    assert draft() == drafts.find(token)


def test_leaving_forgets_one_draft_only():
    """The other tab goes on."""
    drafts = book()
    first, second = drafts.start(draft("1")), drafts.start(draft("2"))
    drafts.drop(first)
    drafts.drop("unknown")
    assert (None, "2") == (drafts.find(first), drafts.find(second).customer_ref)


def test_the_newest_draft_of_a_customer_is_found_again():
    """« Essayer de nouveau » goes on where this customer was."""
    drafts = book()
    drafts.start(draft("1"))
    newest = drafts.start(draft("1"))
    drafts.start(draft("2"))
    assert newest == drafts.latest_of("1")
    assert drafts.latest_of("3") is None


def test_the_mark_tells_drafts_apart_and_ignores_order():
    """A page made from other entries is noticed; the order of the ticks is not an entry."""
    assert draft(chosen=("A", "B")).mark == draft(chosen=("B", "A")).mark
    assert draft(chosen=("A",)).mark != draft(chosen=("B",)).mark
