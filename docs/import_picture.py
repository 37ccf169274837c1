"""
Draw which file imports which, and list what each file is for, from the code itself.

``python docs/import_picture.py`` writes ``docs/generated``; a test fails when what stands there is out of date.
Arrows that follow from others (A → C beside A → B → C) are left out of the picture.
"""

import ast
import itertools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent
SOURCE = DOCS.parent / "src"
GENERATED = DOCS / "generated"
PACKAGES = ("cmi_gateway", "rak_billing")

Graph = Mapping[str, set[str]]
Place = tuple[float, float]

#: Measures of the picture in its own units; STOP is the room of an arrow that passes a row.
ROW, BOX, GAP, MARGIN, LETTER, STOP = 74, 28, 14, 24, 7.4, 2
PURE, EDGE, INK, LINE = "#e6f4ea", "#fdf0d5", "#1f2933", "#8a96a3"


def documents() -> dict[str, str]:
    """Give every generated file by name."""
    return {
        name: text
        for package in PACKAGES
        for name, text in (
            (f"imports_{package}.svg", picture(package)),
            (f"files_{package}.md", table(package)),
        )
    }


def table(package: str) -> str:
    """List each file of *package* with the first sentence of its docstring."""
    pure = pure_modules()
    rows = ["| File | Its one job | Kept free of I/O |", "| --- | --- | --- |"]
    for path in sorted((SOURCE / package).rglob("*.py"), key=_reading_order):
        job = _summary(path)
        if job:
            kept = "yes" if _module(path) in pure else ""
            rows.append(f"| `{path.relative_to(SOURCE / package)}` | {job} | {kept} |")
    return "\n".join(rows) + "\n"


def pure_modules() -> set[str]:
    """Give the modules that the import contracts keep free of input and output."""
    with (DOCS.parent / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    named = {contract["id"]: contract for contract in contracts}
    pure = ("gateway-pure", "api-pure", "billing-pure")
    return {module for contract in pure for module in named[contract]["source_modules"]}


def picture(package: str) -> str:
    """Draw the imports among the direct children of *package* as SVG."""
    graph = reduced(imports(package))
    routes, rows = _layout(graph)
    width = max(_row_width(row) for row in rows) + 2 * MARGIN
    places = {
        name: place for depth, row in enumerate(rows) for name, place in _places(row, depth, len(rows), width)
    }
    pure = pure_modules()
    shapes = [_arrow([places[stop] for stop in route]) for route in routes]
    shapes += [_box(name, places[name], _is_pure(f"{package}.{name}", pure)) for name in sorted(graph)]
    height = len(rows) * ROW - (ROW - BOX) + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
        f'aria-label="Imports inside {package}" font-family="ui-monospace, monospace" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def imports(package: str) -> Graph:
    """Give, for each direct child of *package*, the other children that it imports when it runs."""
    graph: dict[str, set[str]] = {}
    for path in sorted((SOURCE / package).rglob("*.py")):
        child = _child(_module(path), package)
        if child:
            found = {_child(name, package) for name in imported_modules(path)}
            graph.setdefault(child, set()).update(found - {child, ""})
    return {child: found & graph.keys() for child, found in graph.items()}


def imported_modules(path: Path) -> set[str]:
    """Give the dotted names that *path* imports, except those for the type checker only."""
    return set(_imported(ast.parse(path.read_text(encoding="utf-8")).body))


def reduced(graph: Graph) -> Graph:
    """Leave out every arrow that a longer way stands for."""
    reach = {name: _reach(graph, name) for name in graph}
    return {
        name: {other for other in found if not any(other in reach[via] for via in found - {other})}
        for name, found in graph.items()
    }


def _imported(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                # "from package import module" names the module in its second half.
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _child(module: str, package: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == package and len(parts) > 1 else ""


def _reach(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph[name])
    return seen


def _layout(graph: Graph) -> tuple[list[list[str]], list[list[str]]]:
    """
    Give the stops of every arrow, and the rows from the bottom up.

    What imports nothing lies in row 0 and everything else just above what it needs. An arrow that passes a row
    gets a stop there, a narrow one, so that it runs between the boxes and not behind them.
    """
    depth = _depths(graph)
    rows: list[list[str]] = [[] for _ in range(1 + max(depth.values()))]
    for name in sorted(graph):
        rows[depth[name]].append(name)
    routes = []
    for name in sorted(graph):
        for other in sorted(graph[name]):
            passed = {at: f"{name}>{other}>{at}" for at in range(depth[name] - 1, depth[other], -1)}
            for at, stop in passed.items():
                rows[at].append(stop)
            routes.append([name, *passed.values(), other])
    return routes, _untangled(rows, routes)


def _depths(graph: Graph) -> dict[str, int]:
    depth: dict[str, int] = {}

    def rank(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((rank(other) for other in sorted(graph[name])), default=-1)
        return depth[name]

    for name in sorted(graph):
        rank(name)
    return depth


def _untangled(rows: list[list[str]], routes: list[list[str]]) -> list[list[str]]:
    """Order the rows by their neighbours, up and down in turn, and keep the order whose arrows run straightest."""
    pairs = [pair for route in routes for pair in itertools.pairwise(route)]
    below = {name: [lower for upper, lower in pairs if upper == name] for row in rows for name in row}
    above = {name: [upper for upper, lower in pairs if lower == name] for row in rows for name in row}
    best, shortest = rows, float("inf")
    for sweep in range(40):
        near = below if sweep % 2 else above
        for row in rows if sweep % 2 else reversed(rows):
            at = dict(offset for other in rows for offset in _offsets(other))
            row.sort(
                key=lambda name, at=at, near=near: (
                    _mean([at[other] for other in near[name]], at[name]),
                    name,
                )
            )
        at = dict(offset for row in rows for offset in _offsets(row))
        travel = round(sum(abs(at[upper] - at[lower]) for upper, lower in pairs), 3)
        if travel < shortest:
            best, shortest = [list(row) for row in rows], travel
    return best


def _offsets(row: list[str]) -> Iterator[tuple[str, float]]:
    """Give each name of a row with its distance from the middle of the row."""
    x = -_row_width(row) / 2
    for name in row:
        yield name, x + _box_width(name) / 2
        x += _box_width(name) + GAP


def _mean(values: list[float], otherwise: float) -> float:
    return round(sum(values) / len(values) if values else otherwise, 3)


def _row_width(row: list[str]) -> float:
    return sum(_box_width(name) for name in row) + GAP * (len(row) - 1)


def _box_width(name: str) -> float:
    return STOP if ">" in name else len(name) * LETTER + 16


def _places(row: list[str], depth: int, rows: int, width: float) -> Iterator[tuple[str, Place]]:
    for name, offset in _offsets(row):
        yield name, (width / 2 + offset, MARGIN + (rows - 1 - depth) * ROW)


def _is_pure(module: str, pure: set[str]) -> bool:
    """Tell whether *module*, or for a package every file of it, is on the list."""
    folder = SOURCE.joinpath(*module.split("."))
    if not folder.is_dir():
        return module in pure
    return {_module(path) for path in folder.glob("*.py") if path.stem != "__init__"} <= pure


def _arrow(stops: list[Place]) -> str:
    (x, y), *rest = stops
    path = f"M{x:.1f} {y + BOX:.1f}"
    for x2, y2 in rest:
        bend = (y2 - y - BOX) / 2
        path += f" C{x:.1f} {y + BOX + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"
        x, y = x2, y2
        if (x2, y2) != stops[-1]:
            path += f" V{y2 + BOX:.1f}"
    return f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.1"/>'


def _box(name: str, place: Place, pure: bool) -> str:
    x, y, width = place[0] - _box_width(name) / 2, place[1], _box_width(name)
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BOX}" rx="5" '
        f'fill="{PURE if pure else EDGE}" stroke="{LINE}"/>'
        f'<text x="{place[0]:.1f}" y="{y + 18:.1f}" text-anchor="middle" fill="{INK}">{escape(name)}</text>'
    )


def _summary(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n", maxsplit=1)[0].split()).replace("|", "\\|")


def _reading_order(path: Path) -> tuple[int, str]:
    return len(path.parts), str(path)


if __name__ == "__main__":
    GENERATED.mkdir(exist_ok=True)
    for file_name, content in documents().items():
        (GENERATED / file_name).write_text(content, encoding="utf-8")
        print(f"wrote docs/generated/{file_name}")
