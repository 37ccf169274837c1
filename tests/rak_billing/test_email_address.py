"""Which texts are taken for an e-mail address."""

import pytest

from rak_billing.email_address import checked_email
from rak_billing.errors import EmailError


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a@b.ma", "a@b.ma"),
        ("  Amina.Ben@Example.COM ", "Amina.Ben@example.com"),
        ("o'hara+rak@mail.example", "o'hara+rak@mail.example"),
        ("x@xn--caf-dma.example", "x@xn--caf-dma.example"),
    ],
)
def test_usual_addresses_are_taken(typed, expected):
    """Outer spaces go and the domain is folded; the rest is the owner's business."""
    assert expected == checked_email(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "", "a", "a@b", "a@@b.ma", "a b@c.ma", "a@b.ma\nBcc: x@y.ma", "a@-b.ma", "a.@b.ma", ".a@b.ma", "é@b.ma",
        "a@b..ma", "a@b.1", '"a b"@c.ma', "a@[1.2.3.4]", "a" * 60 + "@b.ma", "mes.documents@b.ma", "a@b.ma,c@d.ma",
    ],
)  # fmt: skip
def test_other_texts_are_refused(typed):
    """Neither half an address, nor two, nor one that the gateway would alter."""
    with pytest.raises(EmailError):
        checked_email(typed)


def test_the_error_does_not_show_the_address():
    """It may end in a log."""
    with pytest.raises(EmailError) as caught:
        checked_email("secret person@x")
    assert "secret" not in str(caught.value)
