"""The human check: sealed, expiring, single-use, bound to the form session."""

import itertools
import re

import pytest
from sqlalchemy import create_engine, func, select

from rak_billing.portal.human_check import SealedHumanCheck, solves
from rak_billing.portal.schema import create_tables, spent_checks
from support.portal_kit import SECRET, Clock


@pytest.fixture
def engine(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'checks.db'}")
    create_tables(engine)
    yield engine
    engine.dispose()


def check_on(engine, clock=None, **settings):
    options = {"difficulty": 8, "question": "{}+{}".format} | settings
    return SealedHumanCheck.of(engine, SECRET, clock or Clock(), **options)


def typed(challenge, **changes):
    total = sum(int(number) for number in re.findall(r"\d+", challenge.question))
    return {"check_token": challenge.token, "check_answer": str(total)} | changes


def worked(challenge, **changes):
    work = next(str(n) for n in itertools.count() if solves(challenge.token, str(n), challenge.difficulty))
    return {"check_token": challenge.token, "check_work": work} | changes


@pytest.mark.parametrize("solve", [typed, worked])
def test_either_answer_lets_a_person_in(engine, solve):
    """The sum without script, the work with it."""
    check = check_on(engine)
    assert check.passed(solve(check.challenge(binding="me")), binding="me")


@pytest.mark.parametrize("solve", [typed, worked])
def test_an_answer_serves_once(engine, solve):
    """A second look-up needs a second answer."""
    check = check_on(engine)
    answers = solve(check.challenge(binding="me"))
    assert [True, False] == [check.passed(answers, binding="me") for _ in range(2)]


def test_a_wrong_answer_spends_the_challenge(engine):
    """Two dozen sums cannot be tried one after the other."""
    check = check_on(engine)
    challenge = check.challenge(binding="me")
    assert not check.passed(typed(challenge, check_answer="0"), binding="me")
    assert not check.passed(typed(challenge), binding="me")


def test_an_answer_is_bound_to_the_form_session(engine):
    """What one browser solved opens nothing for another, and is not spent by it."""
    check = check_on(engine)
    answers = typed(check.challenge(binding="me"))
    assert [False, True] == [check.passed(answers, binding="you"), check.passed(answers, binding="me")]


def test_a_challenge_expires(engine):
    """Answers cannot be stored up."""
    clock = Clock()
    check = check_on(engine, clock)
    answers = typed(check.challenge(binding="me"))
    clock.forward(1801)
    assert not check.passed(answers, binding="me")


def test_the_field_that_people_do_not_see_must_stay_empty(engine):
    """A program that fills in everything gives itself away."""
    check = check_on(engine)
    assert not check.passed(typed(check.challenge(binding="me"), check_site="x"), binding="me")


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"check_token": ""},
        {"check_token": "é"},
        {"check_token": "x" * 10_000},
        {"check_work": "1", "check_answer": "2"},
    ],
)
def test_nonsense_is_not_human(engine, answers):
    """No token, no entry; nothing raises."""
    assert not check_on(engine).passed(answers, binding="me")


@pytest.mark.parametrize("work", ["", "-1", "1.5", "٣", "1" * 21, "0x1"])
def test_the_work_is_a_plain_number(engine, work):
    """Only digits are hashed."""
    check = check_on(engine, difficulty=1)
    challenge = check.challenge(binding="me")
    assert not check.passed({"check_token": challenge.token, "check_work": work}, binding="me")


def test_another_key_makes_other_seals(engine):
    """A challenge of another portal is worth nothing here."""
    other = SealedHumanCheck.of(engine, SECRET + "!", Clock(), question="{}+{}".format)
    assert not check_on(engine).passed(typed(other.challenge(binding="me")), binding="me")


def test_the_token_does_not_show_the_answer(engine):
    """The sum is inside the seal, not beside it."""
    first, second = (check_on(engine, random_below=lambda _: 3).challenge(binding="me") for _ in range(2))
    assert first.question == second.question
    assert first.token != second.token


def test_spent_challenges_are_forgotten_when_they_could_not_be_used_anyway(engine):
    """The table does not grow for ever."""
    clock = Clock()
    check = check_on(engine, clock)
    for _ in range(3):
        check.passed(typed(check.challenge(binding="me")), binding="me")
        clock.forward(4000)
    with engine.connect() as connection:
        assert 1 == connection.execute(select(func.count()).select_from(spent_checks)).scalar()


def test_zero_bits_are_counted_from_the_left():
    """What the script looks for is what the server checks: 256 chances for eight bits."""
    hits = [n for n in range(2000) if solves("token", str(n), 8)]
    assert 1 <= len(hits) <= 30
