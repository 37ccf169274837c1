"""
Every sentence of the payment page, from one catalogue file per language.

Templates and code name texts by key (``card.pay``); another language is one more file with the same keys.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import attrs

from cmi_gateway.customer_messages import LANGUAGES, MessageLanguage


@attrs.frozen
class Texts:
    """
    The texts of one language.

    Attributes:
        language: Tag of the language, as in ``<html lang>``.
        direction: ``ltr`` or ``rtl``.
    """

    language: MessageLanguage
    direction: str
    _sections: Mapping[str, Any] = attrs.field(repr=False)

    def __call__(self, key: str, **values: object) -> str:
        """
        Give a text with its places filled in; templates escape it.

        Raises:
            KeyError: the catalogue has no such text: a mistake in the program.
        """
        template = self.value(key)
        assert isinstance(template, str), f"{key} is not one text"
        return template.format(**values) if values else template

    def value(self, key: str) -> Any:
        """
        Give what the catalogue holds under *key*: a text or a list of texts.

        Raises:
            KeyError: there is nothing.
        """
        section, _, name = key.partition(".")
        return self._sections[section][name]


def texts_in(language: str) -> Texts:
    """Give the texts of *language*; any tag but ``fr``, ``ar`` and ``en`` gets the French ones."""
    return _load(next((known for known in LANGUAGES if known == language), LANGUAGES[0]))


def inspection_texts() -> Texts:
    """Give the texts of the inspection page, which is in French only: customers never see it."""
    return _load(LANGUAGES[0], "inspection")


@cache
def _load(language: MessageLanguage, name: str = "") -> Texts:
    source = files(__name__).joinpath(f"{name or language}.toml").read_text(encoding="utf-8")
    sections = tomllib.loads(source)
    return Texts(language, sections["page"]["direction"], sections)
