"""The house rules of the README's tree, checked on the syntax trees and templates.

Each rule is a function from a source file to the breaches it finds. `test_the_code_keeps_the_rule` runs it over
the project; `test_the_rule_can_fail` runs it over a planted breach, so that no rule passes by seeing nothing.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the outermost layer to the innermost; a package imports only from lines below its own.
LINES = [
    {"cli"},
    {"serving", "demo"},
    {"web", "api"},
    {"jobs"},
    {"settling"},
    {"transfer"},
    {"explanations"},
    {"settlement"},
    {"orders", "leads"},
    {"partners"},
    {"commissions", "links"},
    {"shops", "outbox"},
    {"ledger"},
    {"people"},
    {"leadership", "listing", "prepared"},
    {"db", "config", "secrets_box"},
    {"money", "lifecycle", "values"},
    {"errors"},
    {"clock", "ids", "normal_form", "strict_json", "turns", "wording"},
]
HTTP_LIBRARIES = {"flask", "werkzeug", "wtforms", "jinja2", "marshmallow"}
HTTP_EXTENSIONS = {
    "flask_babel", "flask_limiter", "flask_login", "flask_smorest", "flask_wtf", "flask_migrate",
}  # fmt: skip
OUTSIDE = {"cli", "serving", "demo", "web", "api", "__init__"}
OUTERMOST = OUTSIDE | {"jobs", "settling", "db"}


@dataclass(frozen=True)
class Source:
    """One file as the rules see it: its path below the project and its text."""

    path: str
    text: str

    @property
    def package(self) -> str:
        """The first name below `referrals/`: `leads` for `referrals/leads/rules.py`."""
        parts = Path(self.path).with_suffix("").parts
        return parts[1] if len(parts) > 1 else parts[0]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


def line_of(package: str) -> int | None:
    return next((number for number, line in enumerate(LINES) if package in line), None)


def imports(source: Source) -> Iterator[tuple[int, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{name.name}") for name in node.names)


def imports_go_one_way(source: Source) -> Iterator[str]:
    own = line_of(source.package)
    for line, name in imports(source):
        parts = name.split(".")
        if name.startswith("."):
            yield f"line {line}: relative import"
        if parts[0] != "referrals" or len(parts) < 2 or source.package == "__init__":
            continue
        if parts[1] == "create_app" and source.package in OUTSIDE:
            continue
        theirs = line_of(parts[1])
        if theirs is None:
            yield f"line {line}: {name} stands on no line of the house"
        elif own is not None and parts[1] != source.package and theirs <= own:
            yield f"line {line}: {source.package} imports {parts[1]}"


def http_stays_outside(source: Source) -> Iterator[str]:
    if source.package in OUTSIDE:
        return
    for line, name in imports(source):
        if name.split(".")[0] in HTTP_LIBRARIES | HTTP_EXTENSIONS:
            yield f"line {line}: {name}"


def rules_are_pure(source: Source) -> Iterator[str]:
    pure = any(source.package in line for line in LINES[-3:]) or source.path.endswith("/rules.py")
    for line, name in imports(source):
        if pure and name.split(".")[0] in {"sqlalchemy", "flask_sqlalchemy"}:
            yield f"line {line}: {name}"


def money_is_counted_in_money(source: Source) -> Iterator[str]:
    if source.path in {"referrals/money.py", "referrals/commissions/rules.py"}:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"round", "float"}:
            yield f"line {node.lineno}: {node.func.id}()"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and is_number(node.right, 100):
            yield f"line {node.lineno}: / 100"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            names = {part.id for part in (node.left, node.right) if isinstance(part, ast.Name)}
            if any("rate" in name.split("_") for name in names):
                yield f"line {node.lineno}: * rate"


def is_number(node: ast.expr, value: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def states_move_by_the_table(source: Source) -> Iterator[str]:
    if source.path == "referrals/lifecycle.py":
        return
    states = {"status", "state", "stage", "payout", "claim"}
    for node in ast.walk(source.tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr in states:
                yield f"line {node.lineno}: .{target.attr} ="


def the_outermost_layer_commits(source: Source) -> Iterator[str]:
    if source.package in OUTERMOST:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield f"line {node.lineno}: commit"


def views_hold_no_queries(source: Source) -> Iterator[str]:
    if source.package not in {"web", "api"}:
        return
    for line, name in imports(source):
        if name.split(".")[0] == "sqlalchemy" and not name.startswith("sqlalchemy.exc"):
            yield f"line {line}: {name}"
    for node in ast.walk(source.tree):
        attribute = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        if attribute in {"execute", "scalar", "scalars", "where"}:
            yield f"line {node.lineno}: .{attribute}()"


def htmx_headers_have_one_place(source: Source) -> Iterator[str]:
    if source.path == "referrals/web/hx.py":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("HX-"):
            yield f"line {node.lineno}: {node.value}"


def the_clock_is_read_outside(source: Source) -> Iterator[str]:
    if source.package in OUTSIDE | {"jobs", "clock"}:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if (owner, node.func.attr) in {
                ("datetime", "now"),
                ("datetime", "utcnow"),
                ("time", "time"),
                ("clock", "now"),
            }:
                yield f"line {node.lineno}: {owner}.{node.func.attr}()"


def files_are_named_after_their_concept(source: Source) -> Iterator[str]:
    if Path(source.path).stem in {"utils", "helpers", "common", "manager", "services", "misc"}:
        yield "a drawer file"


def templates_are_clean(source: Source) -> Iterator[str]:
    # A mail carries its style sheet with it, since mail programs load nothing.
    text = source.text.replace("<style>{{ mail_style() }}</style>", "")
    for number, line in enumerate(text.splitlines(), 1):
        # What gettext answers in a template counts as markup: stored text goes through words.own_words instead.
        if re.search(r"(?<![\w.])_\((?![\"'])", line):
            yield f"line {number}: {line.strip()}"
        if re.search(r"\|\s*safe\b|hx-on|\son[a-z]+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", line):
            yield f"line {number}: {line.strip()}"


PYTHON_RULES: dict[Callable[[Source], Iterator[str]], Source] = {
    imports_go_one_way: Source("referrals/people/rules.py", "from referrals.leads.models import Lead"),
    http_stays_outside: Source("referrals/leads/operations.py", "from flask import request"),
    rules_are_pure: Source("referrals/leads/rules.py", "from sqlalchemy import select"),
    money_is_counted_in_money: Source("referrals/orders/rules.py", "share = amount * rate / 100"),
    states_move_by_the_table: Source("referrals/leads/operations.py", "lead.status = 'awarded'"),
    the_outermost_layer_commits: Source("referrals/leads/operations.py", "session.commit()"),
    views_hold_no_queries: Source("referrals/web/leads.py", "session.execute(query)"),
    htmx_headers_have_one_place: Source("referrals/web/leads.py", "headers['HX-Trigger'] = 'x'"),
    the_clock_is_read_outside: Source("referrals/leads/operations.py", "at = datetime.now(UTC)"),
    files_are_named_after_their_concept: Source("referrals/leads/utils.py", ""),
}
TEMPLATE_BREACHES = [
    "{{ lead.notes|safe }}",
    '<a hx-on:click="x()">',
    '<b onclick="x()">',
    '<b style="color: red">',
    "<script>x()</script>",
    "<p>{{ _(lead.reason_sentence) }}</p>",
]


def python_sources() -> list[Source]:
    files = sorted((ROOT / "referrals").rglob("*.py"))
    return [Source(str(file.relative_to(ROOT)), file.read_text()) for file in files]


def template_sources() -> list[Source]:
    files = sorted((ROOT / "templates").rglob("*.*"))
    return [Source(str(file.relative_to(ROOT)), file.read_text()) for file in files]


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Callable[[Source], Iterator[str]]) -> None:
    assert [f"{source.path}: {breach}" for source in python_sources() for breach in rule(source)] == []


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_the_rule_can_fail(rule: Callable[[Source], Iterator[str]]) -> None:
    assert list(rule(PYTHON_RULES[rule]))


def test_templates_hold_no_script_style_or_unescaped_text() -> None:
    assert [f"{source.path}: {breach}" for source in template_sources() for breach in templates_are_clean(source)] == []


@pytest.mark.parametrize("breach", TEMPLATE_BREACHES)
def test_the_template_rule_can_fail(breach: str) -> None:
    assert list(templates_are_clean(Source("templates/x.html", breach)))


def test_every_partial_is_used() -> None:
    partials = [source.path for source in template_sources() if Path(source.path).name.startswith("_")]
    everything = "\n".join(source.text for source in template_sources() + python_sources())
    assert [path for path in partials if path.removeprefix("templates/") not in everything] == []
