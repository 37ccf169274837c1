"""Rules about the form of the answers, judged from the answers of all other rows."""

from __future__ import annotations

from typing import Final

from cmi_gateway.certify.answers import Answer
from cmi_gateway.certify.rows import FormRule, Row, Source

#: Share of the longest wait that is still quick: two seconds of five.
_QUICK: Final = 0.4
_ALL: Final = "every callback of the other rows that the gateway itself may send"


def _has_word(answer: Answer) -> bool:
    return answer.meaning is not None


def _came(answer: Answer) -> bool:
    return answer.status is not None


def _was_awaited(answer: Answer) -> bool:
    """Where nobody listens nothing is slow: that shows nothing of the answers' time."""
    return _came(answer) or answer.is_overdue


FORM_OF_ANSWERS: Final = (
    Row(
        id="reply-status",
        rule="The status is 200 for every word.",
        source=Source.CMI,
        sent=_ALL,
        answer="status 200",
        why="CMI reads any other status as a wrong answer, so an approved payment is not captured.",
        mend="Answer 200 with FAILURE instead of an error page, and do not let the framework answer for you.",
        form=FormRule(lambda answer, _: not (answer.is_ok or answer.is_redirect or answer.is_wall), _came),
    ),
    Row(
        id="reply-no-redirect",
        rule="The address answers itself and sends nowhere else.",
        source=Source.CMI,
        sent=_ALL,
        answer="no redirect",
        why="The gateway's server does not follow: to https, to a slash, or to a sign-in.",
        mend="Register the final address, with its scheme and slash, and take it out of sign-in.",
        form=FormRule(lambda answer, _: answer.is_redirect, _came),
    ),
    Row(
        id="reply-no-wall",
        rule="No CSRF token, sign-in or cookie is asked for.",
        source=Source.CMI,
        sent=_ALL,
        answer="no status 401, 403, 407 or 419",
        why="The gateway's server has none of them: the signature is what lets it in.",
        mend="Exempt this address, and no other, from CSRF protection and sign-in.",
        form=FormRule(lambda answer, _: answer.is_wall, _came),
    ),
    Row(
        id="reply-type",
        rule="The content type is text/plain.",
        source=Source.CMI,
        sent=_ALL,
        answer="Content-Type: text/plain",
        why="CMI asks for plain text.",
        mend="Set the header; most frameworks default to HTML.",
        form=FormRule(lambda answer, _: not answer.is_plain_text, _has_word),
    ),
    Row(
        id="reply-word",
        rule="The body is one of three words, at most followed by one line end.",
        source=Source.CMI,
        sent=_ALL,
        answer="ACTION=POSTAUTH, APPROVED or FAILURE, with nothing around",
        why="A layout, a byte order mark, JSON or a debug bar makes the answer unreadable.",
        mend="Answer outside of layouts and templates; save the file without a byte order mark.",
        form=FormRule(lambda answer, _: not answer.is_exact, _has_word),
    ),
    Row(
        id="reply-bare",
        rule="Not even a line end follows the word.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent=_ALL,
        answer="the bare word",
        why="CMI's own samples print line ends and its document asks for none: none is right under both.",
        mend="Print without a line end.",
        form=FormRule(lambda answer, _: answer.is_exact and not answer.is_bare, _has_word),
    ),
    Row(
        id="reply-time",
        rule="Every answer comes well before the gateway stops waiting.",
        source=Source.SAFEST,
        sent=_ALL,
        answer="within the limit, five seconds unless you set another",
        why="How long CMI waits is not published; no answer is no capture.",
        mend="Record, answer, and do e-mail, stock and billing afterwards.",
        form=FormRule(lambda answer, limit: answer.seconds > limit, _was_awaited),
    ),
    Row(
        id="reply-quick",
        rule="Every answer comes from local work only.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent=_ALL,
        answer="within two fifths of the limit: two seconds of five",
        why="What is slow on a quiet day is too late on a busy one.",
        mend="Call no other service while the gateway waits.",
        form=FormRule(lambda answer, limit: answer.seconds > limit * _QUICK, _was_awaited),
    ),
)
