"""One way to make a page: template, title, problems and status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, make_response, render_template, url_for

from rak_billing.display import amount_text, instant_text
from rak_billing.portal.context import nonce, portal
from rak_billing.portal.problems import Problem

__all__ = ["install", "page"]


def page(
    template: str, title: str, *, status: int = 200, problems: Sequence[Problem] = (), **context: Any
) -> Response:
    """
    Make a page.

    Args:
        template: File name of the template.
        title: The page's one heading, and the start of its window title.
        status: HTTP status.
        problems: What the customer has to correct; shown on top, and the window title says « Erreur ».
        **context: What the template needs.
    """
    html = render_template(
        template,
        title=title,
        window_title=_window_title(title, problems),
        problems=problems,
        problem_at={problem.anchor: problem.message for problem in reversed(problems)},
        **context,
    )
    return make_response(html, status)


def _window_title(title: str, problems: Sequence[Problem]) -> str:
    texts, operator = portal().texts, portal().tenant.short_name
    whole = texts.text("site.title", page=title, service=texts.text("site.service"), operator=operator)
    return texts.text("site.error_title", title=whole) if problems else whole


def install(app: Flask) -> None:
    """Give the templates of *app* what all of them use."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(amount=amount_text, instant=instant_text)

    @app.context_processor
    def common() -> dict[str, Any]:
        services = portal()
        return {
            "t": services.texts.markup,
            "texts": services.texts,
            "tenant": services.tenant,
            "nonce": nonce,
            "asset": _asset,
        }


def _asset(name: str) -> str:
    return url_for("static", filename=name, v=portal().static_version)
