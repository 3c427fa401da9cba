"""Conventions of the repository, read from its files: imports go downhill, one clock, exact numbers, nothing from outside."""

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "budget", "kpis")
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for app in (*APPS, "config")
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
}
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in SOURCES.items()}
PAGES = sorted((ROOT / "templates").rglob("*.*"))
STYLES = sorted((ROOT / "static").rglob("*.*"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- Directions --------------------------------------------------------------------------------------------------------------------

# From the ground up: a module imports from its own rung and those below it. A name stands for all modules under it; the longest counts.
RUNGS = (
    ("budget.fiscal", "budget.table", "kpis.choices", "kpis.exports.entry_book", "kpis.exports.columns", "kpis.exports.xlsx"),
    ("kpis.deadlines", "kpis.marks", "kpis.measures", "kpis.charts", "kpis.words"),
    ("budget.models", "budget.history", "budget.append_only", "budget.known", "budget.forms", "budget.held"),
    ("accounts.postings_file", "accounts.roles", "accounts.models", "accounts.backends"),
    ("kpis.status",),
    ("kpis.importers",),
    ("kpis.models",),
    (
        "kpis.locks",
        "kpis.workflow",
        "kpis.asof",
        "kpis.changes",
        "kpis.dashboard",
        "kpis.filters",
        "kpis.reports",
        "kpis.registry",
        "kpis.revisions",
        "kpis.search",
        "kpis.work",
        "kpis.yearly_round",
        "kpis.reminders",
        "kpis.explain",
        "kpis.exports",
        "kpis.audit",
        "kpis.signals",
        "kpis.checks",
        "kpis.importers.pr_document.load",
        "kpis.importers.pr_document.organisation_tree",
        "kpis.importers.propose",
        "kpis.importers.review",
        "accounts.checks",
        "accounts.reshuffle",
    ),
    (
        *(f"{app}.{kind}" for app in APPS for kind in ("admin", "apps", "management")),
        "accounts.forms",
        "kpis.api",
        "kpis.templatetags",
        "kpis.views",
    ),
    ("kpis.urls", "config"),
)
PURE = (
    "budget.fiscal",
    "budget.table",
    "accounts.postings_file",
    "kpis.choices",
    "kpis.exports.columns",
    "kpis.exports.entry_book",
    "kpis.exports.xlsx",
    "kpis.deadlines",
    "kpis.marks",
    "kpis.measures",
    "kpis.charts",
    "kpis.words",
    "kpis.importers.entry_book",
    "kpis.importers.workbook",
    *(
        module
        for module in SOURCES
        if module.startswith("kpis.importers.pr_document.") and not module.endswith((".load", ".organisation_tree"))
    ),
)


def rung_of(module: str) -> int | None:
    """How high the module stands; None for one that nobody placed."""
    places = {name: height for height, rung in enumerate(RUNGS) for name in rung}
    parts = module.split(".")
    return next((places[name] for n in range(len(parts), 0, -1) if (name := ".".join(parts[:n])) in places), None)


def imported_by(module: str) -> Iterator[str]:
    """The modules that a module imports, wherever in its text."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in SOURCES else node.module


def ours_imported_by(module: str) -> set[str]:
    return {name for name in imported_by(module) if name in SOURCES and name != module}


def is_empty(module: str) -> bool:
    return not [node for node in TREES[module].body if not isinstance(node, ast.Expr)]


def test_every_module_has_its_place():
    assert [module for module in SOURCES if rung_of(module) is None and not is_empty(module)] == []


def test_imports_go_downhill():
    climbs = [
        f"{module} imports {name}"
        for module in SOURCES
        for name in ours_imported_by(module)
        if not is_empty(name) and rung_of(module) < rung_of(name)
    ]
    assert climbs == []


def test_imports_make_no_circle():
    links = {module: ours_imported_by(module) for module in SOURCES if not is_empty(module)}
    try:
        TopologicalSorter(
            {module: names - {module.rpartition(".")[0]} for module, names in links.items() if "apps" not in module}
        ).prepare()
    except CycleError as circle:
        pytest.fail(" → ".join(circle.args[1]))


@pytest.mark.parametrize(("below", "above"), [("budget", "kpis"), ("budget", "accounts"), ("accounts", "kpis")])
def test_app_knows_nothing_of_the_one_above(below, above):
    assert [
        f"{m} imports {name}" for m in SOURCES if m.split(".")[0] == below for name in imported_by(m) if name.split(".")[0] == above
    ] == []


@pytest.mark.parametrize("module", [name for name in PURE if name in SOURCES])
def test_pure_module_asks_neither_database_nor_clock_nor_request(module):
    allowed = {"django.db.models", "django.utils.translation"}
    foreign = {name for name in imported_by(module) if name.split(".")[0] in ("django", "django_cte", "django_filters", *APPS, "config")}

    assert {name for name in foreign - allowed if name not in PURE} == set()
    from_models = [
        alias.name
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.ImportFrom) and node.module == "django.db.models"
        for alias in node.names
    ]
    assert set(from_models) <= {"TextChoices", "IntegerChoices"}


def test_no_module_is_a_drawer_for_everything():
    drawers = {"core", "common", "utils", "helpers", "services", "misc"}
    assert [module for module in SOURCES if drawers & set(module.split("."))] == []


# --- One clock, exact numbers, told changes ----------------------------------------------------------------------------------------

CLOCK_IS_ASKED_IN = ("accounts.admin", "budget.admin", "kpis.admin", "kpis.views", "kpis.api", "management.commands")
# Who else asks the clock, and why.
CLOCK = {
    ("accounts.models", "joined_at"): "the moment at which the row is made",
    ("accounts.models", "is_staff"): "Django asks a property of the user, which has no argument",
    ("config.middleware", "_auditor"): "on a copy everybody is an auditor of today",
    ("accounts.backends", "get_user"): "Django asks the backend, which has no argument for a day",
    ("accounts.backends", "get_all_permissions"): "Django asks the backend, which has no argument for a day",
    ("kpis.models.targets", "save"): "whether a revision comes after the last day is known only when it is saved",
    ("kpis.importers.review", "_now"): "the moment of the decision",
    ("kpis.importers.review", "may_decide"): "today's postings say who decides",
    ("kpis.workflow", "_now"): "the moment of the step",
    ("kpis.workflow", "_today"): "today's postings and statuses: who may take a step, and whether it is due, is known when it is taken",
}


def named(node: ast.AST, inside: str) -> str:
    """The innermost function, or the field of a class, that the node belongs to."""
    match node:
        case ast.FunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) if not inside:
            return name
    return inside


def asks_the_clock(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="localdate" | "now" | "today" | "utcnow" | "time_ns"):
            return True
        case ast.Call(func=ast.Attribute(attr="localtime"), args=[]):
            return True
        case ast.ImportFrom(module="django.utils.timezone" | "time"):
            return True  # the attribute would be asked under another name
    return False


def places_where(wanted, tree: ast.AST, inside: str = "") -> set[str]:
    """The names of the innermost functions or fields that hold a wanted node."""
    found = {inside} if wanted(tree) else set()
    for node in ast.iter_child_nodes(tree):
        found |= places_where(wanted, node, named(node, inside))
    return found


def test_clock_is_asked_by_views_admin_and_commands_and_by_listed_exceptions():
    asked = {
        (module, place)
        for module in SOURCES
        if not any(part in module for part in CLOCK_IS_ASKED_IN)
        for place in places_where(asks_the_clock, TREES[module])
    }
    assert asked == set(CLOCK)


def test_no_figure_is_a_float():
    def is_float(node):
        return (isinstance(node, ast.Name) and node.id == "float") or (isinstance(node, ast.Constant) and isinstance(node.value, float))

    assert [module for module in SOURCES if module.split(".")[0] in APPS and places_where(is_float, TREES[module])] == []


# Where rows are written past save(), so that the history has to be written beside it, and why.
PAST_SAVE = {"kpis.management.commands.loaddata": "Django's loaddata does so; the command writes the missing history rows"}


def test_rows_are_written_through_save_and_never_deleted():
    def writes_past_save(node):
        match node:
            case ast.Call(func=ast.Attribute(attr="bulk_create" | "bulk_update" | "delete" | "raw" | "get_or_create" | "update_or_create")):
                return True
            case ast.Call(func=ast.Attribute(attr="update"), args=[], keywords=[_, *_]):
                return True
        return False

    assert {module for module in SOURCES if places_where(writes_past_save, TREES[module])} == set(PAST_SAVE)


def test_modules_open_with_their_rule():
    told = [module for module in SOURCES if not is_empty(module) and module.rpartition(".")[2] not in ("apps", "urls")]

    assert [module for module in told if not ast.get_docstring(TREES[module])] == []


# --- Pages: nothing inline, nothing from outside -----------------------------------------------------------------------------------

# Hosts that a page may name in a plain link for people to follow.
LINKED_HOSTS = {"laws.e-gov.go.jp", "elaws.e-gov.go.jp", "www.meti.go.jp", "rssystem.go.jp", "www.digital.go.jp", "www.gyoukaku.go.jp"}
LOADS = {"src", "srcset", "data", "poster", "background", "action", "formaction", "icon", "manifest"}


class Page(HTMLParser):
    """What a template writes inline, loads, and links to."""

    def __init__(self, path: Path):
        super().__init__()
        self.inline, self.loaded, self.linked = [], [], []
        self.feed(re.sub(r"\{%.*?%\}|\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(f"<{tag}>")
        self.inline += [f"<{tag} {name}>" for name in given if name == "style" or re.fullmatch(r"on[a-z]+", name)]
        self.inline += [f"<{tag} {name}>" for name, value in given.items() if (value or "").strip().lower().startswith("javascript:")]
        self.loaded += [value for name, value in given.items() if value and (name in LOADS or (name == "href" and tag != "a"))]
        self.linked += [value for name, value in given.items() if value and name == "href" and tag == "a"]


def is_outside(address: str) -> bool:
    return bool(urlsplit(address.strip()).netloc)


@pytest.mark.parametrize("path", [path for path in PAGES if path.suffix == ".html"], ids=relative)
def test_page_has_nothing_inline_and_loads_nothing_from_outside(path):
    page = Page(path)

    assert page.inline == []
    assert [address for address in page.loaded if is_outside(address)] == []
    assert {urlsplit(address).netloc for address in page.linked if is_outside(address)} <= LINKED_HOSTS


@pytest.mark.parametrize("path", [path for path in STYLES if path.suffix in (".css", ".js", ".svg", ".html")], ids=relative)
def test_style_loads_nothing_from_outside(path):
    text = re.sub(r"xmlns(:\w+)?=([\"'])http://www\.w3\.org/[^\"']*\2", "", path.read_text(encoding="utf-8"))

    assert re.findall(r"https?://\S+|url\(\s*[\"']?//\S+|@import\s.*", text) == []


def test_only_the_admin_has_scripts():
    """The public pages show all that they have without one."""
    public = [path for path in PAGES if "admin" not in path.parts]
    assert [relative(path) for path in public if "<script" in path.read_text(encoding="utf-8")] == []


def test_templates_and_sources_mark_nothing_as_safe_unescaped():
    unescaped = re.compile(r"\|\s*safe\b|autoescape off|\bmark_safe\(|@csrf_exempt")

    pages = [path for path in PAGES if path.suffix != ".txt"]  # a mail in plain text has no markup to escape
    assert [relative(path) for path in (*pages, *SOURCES.values()) if unescaped.search(path.read_text(encoding="utf-8"))] == []


# --- Dependencies ------------------------------------------------------------------------------------------------------------------


def test_every_dependency_says_what_it_is_for():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]

    lines = {name: next(line for line in text.splitlines() if f'"{name}"' in line) for name in wanted}
    assert [name for name, line in lines.items() if not re.search(r",\s+# \w", line)] == []


def test_lock_names_every_dependency_with_hashes_and_no_host():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {re.match(r"[A-Za-z0-9-]+", name)[0] for name in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"])}
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", lock, flags=re.MULTILINE)

    assert wanted <= set(locked)
    assert re.findall(r"\w+://\S+|--(?:extra-)?index-url.*|--find-links.*|--trusted-host.*", lock) == []
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", lock)) >= len(locked)
    assert [block for block in re.split(r"\n(?=\S)", lock) if "==" in block.split("\n")[0] and "--hash=" not in block] == []


def test_no_other_lock_lies_beside_it():
    assert not (ROOT / "uv.lock").exists()


# --- Documents ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        ".ci/run",
        "docs/architecture.md",
        "docs/changing.md",
        "docs/glossary.md",
        "docs/settings.md",
        "docs/adr",
    ],
)
def test_document_is_there(name):
    path = ROOT / name

    assert list(path.glob("*.md")) if path.is_dir() else path.read_text(encoding="utf-8").strip()


def test_checks_can_be_run():
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_every_setting_is_explained():
    read = {
        argument.value
        for node in ast.walk(TREES["config.settings"])
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(argument := node.args[0], ast.Constant)
        and isinstance(argument.value, str)
        if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", argument.value)
    }

    assert {"SEIKA_ENV", "SEIKA_SECRET_KEY", "SEIKA_ALLOWED_HOSTS", "DATABASE_URL"} <= read
    explained = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert [name for name in sorted(read) if f"`{name}`" not in explained] == []


def test_links_between_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (path, target.partition("#")[0])
        for path in documents
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
        if not urlsplit(target).scheme and not target.startswith("#")
    ]

    assert [f"{relative(path)}: {target}" for path, target in links if not (path.parent / target).exists()] == []
