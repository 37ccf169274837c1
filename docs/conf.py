"""How the documentation is built: offline, every warning an error, every example run."""

import importlib
from importlib.metadata import version as installed_version

import cmi_gateway
import rak_billing

project = "cmi-gateway"
author = "The cmi-gateway authors"
copyright = author  # noqa: A001 - Sphinx reads this name
release = installed_version("cmi-gateway")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "generated/*.md"]
html_theme = "furo"
html_title = f"cmi-gateway {release}"
language = "en"

nitpicky = True
myst_heading_anchors = 3
# Docstrings name things in single backticks.
default_role = "py:obj"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "exclude-members": "__init__"}
napoleon_google_docstring = True
napoleon_use_ivar = True
# Examples run in pages that ask for it; code blocks in docstrings are prose.
doctest_test_doctest_blocks = ""

OURS = {package.__name__: package for package in (cmi_gateway, rak_billing)}


def setup(app):
    app.connect("missing-reference", resolve)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", keep_sentence, priority=400)  # before napoleon
    return {"parallel_read_safe": True}


def resolve(app, env, node, content):
    """
    Link a name to the page that documents it under its public name.

    What has no page is shown without a link when it exists or belongs to others: the build is offline. A name of
    ours that does not exist stays an error.
    """
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    domain = env.get_domain("py")
    for name in other_names(target):
        if name in domain.objects:
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, content)
    return content if target.split(".")[0] not in OURS or exists(target) else None


def other_names(target):
    """Give the names under which an object may be documented: its public one, and the one of its home."""
    last = target.rpartition(".")[2]
    for package in OURS.values():
        home = package._HOMES.get(last)  # noqa: SLF001 - the table of public names
        if home:
            yield f"{package.__name__}.{last}"
            yield f"{package.__name__}.{home}.{last}"


def exists(target):
    """Tell whether a dotted name leads somewhere."""
    parts = target.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def skip(app, what, name, *_):
    """Leave out what attrs adds to its classes."""
    return True if name.startswith("__attrs") else None


def keep_sentence(app, what, name, obj, *options_and_lines):
    """Keep napoleon from reading "The amount as the gateway reads it: 113.02" as a type and a text."""
    lines = options_and_lines[-1]
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]  # an empty comment, which has no colon
