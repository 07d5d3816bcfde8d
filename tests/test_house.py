"""The house holds: sizes, layers, what a file may say. Each test reads the repository as it stands and lists every fault."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import ROOT, lines_matching, texts

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
# A public function longer than this needs a docstring; a shorter one may speak for itself.
SELF_EVIDENT_LINES = 20
# The standard library has its doors to the world too; pure rules use none of them.
IMPURE = {
    "asyncio",
    "http",
    "logging",
    "os",
    "random",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(folder: str) -> dict[str, ast.Module]:
    return {name: ast.parse(text) for name, text in texts().items() if name.startswith(folder) and name.endswith(".py")}


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_walk_finds_the_package_and_its_tests() -> None:
    assert "reminder/errors.py" in modules("reminder/")
    assert "tests/test_house.py" in modules("tests/")


def test_no_module_is_too_long_to_read() -> None:
    sizes = {name: texts()[name].count("\n") for name in modules("reminder/") if "/migrations/" not in name}
    assert {name: lines for name, lines in sizes.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_too_long_to_read() -> None:
    found = [(name, f.name, length(f)) for name, tree in modules("reminder/").items() for f in functions(tree)]
    assert [entry for entry in found if entry[2] > MAX_FUNCTION_LINES] == []


def test_modules_public_classes_and_long_public_functions_say_what_they_are_for() -> None:
    faults = []
    for name, tree in modules("reminder/").items():
        if tree.body and ast.get_docstring(tree) is None:
            faults.append(name)
        for node in tree.body:
            if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
                continue
            self_evident = isinstance(node, Function) and length(node) <= SELF_EVIDENT_LINES
            if not self_evident and ast.get_docstring(node) is None:
                faults.append(f"{name}:{node.lineno} {node.name}")
    assert faults == []


def test_only_the_doors_print() -> None:
    faults = [
        f"{name}:{node.lineno}"
        for name, tree in modules("reminder/").items()
        if not name.startswith(("reminder/cli", "reminder/demo"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert faults == []


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def test_the_domain_imports_only_itself_and_the_pure_part_of_the_standard_library() -> None:
    faults = []
    for name, tree in modules("reminder/domain/").items():
        for line, module in imported(tree):
            root = module.split(".")[0]
            ours = module == "reminder.domain" or module.startswith("reminder.domain.")
            if not ours and (root not in sys.stdlib_module_names or root in IMPURE):
                faults.append(f"{name}:{line} {module}")
    assert faults == []


def test_imports_go_downward_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run([linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_importing_every_module_does_nothing(tmp_path: Path) -> None:
    names = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in modules("reminder/")
        if "/migrations/" not in name and not name.endswith("/__main__.py")
    ]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {', '.join(names)}"
    answer = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_no_exception_is_swallowed() -> None:
    faults = []
    for folder in ("reminder/", "tests/"):
        for name, tree in modules(folder).items():
            for node in ast.walk(tree):
                if not isinstance(node, ast.ExceptHandler):
                    continue
                broad = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
                if broad and all(isinstance(step, ast.Pass | ast.Continue) for step in node.body):
                    faults.append(f"{name}:{node.lineno}")
    assert faults == []


def test_nothing_is_left_undone() -> None:
    assert lines_matching(r"NotImplementedError|\b(?:TODO|FIXME|XXX|HACK)\b", "reminder/") == []


def test_no_test_is_skipped_expected_to_fail_or_asleep() -> None:
    found = lines_matching(r"mark\.(?:skip|xfail)|pytest\.(?:skip|xfail)\(|time\.sleep\(", "tests/")
    # Programs that not every machine has; allowed_skips.txt lists the reason.
    assert [line for line in found if not line.startswith("tests/gateways/programs.py:")] == []


def test_every_test_checks_something() -> None:
    proof = re.compile(r"\bassert\b|raises|assert_|check|expect|verify|fail\(")
    faults = [
        f"{name}:{test.lineno} {test.name}"
        for name, tree in modules("tests/").items()
        if Path(name).name.startswith("test_")
        for test in functions(tree)
        if test.name.startswith("test_") and not any(proof.search(ast.unparse(step)) for step in test.body)
    ]
    assert faults == []


def test_no_kept_file_names_a_package_registry() -> None:
    # In halves, or this file would name them.
    halves = [("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"), ("deb", "debian.org"), ("crates", "io")]
    hosts = [*halves, ("proxy", "golang"), ("repo1", "maven"), ("repo", "maven")]
    assert lines_matching("|".join(re.escape(".".join(host)) for host in hosts)) == []


def test_no_kept_file_names_a_folder_of_somebodys_machine() -> None:
    assert lines_matching(r"(?<![\w.])/(?:home|root|Users|work)/[\w.]") == []


@pytest.mark.parametrize(
    ("path", "command"), [(".ci/run", "make test"), ("README.md", "make demo"), ("README.md", "make test")]
)
def test_the_two_commands_stand_where_people_and_machines_look(path: str, command: str) -> None:
    assert command in texts()[path]
    assert f"\n{command.removeprefix('make ')}: " in texts()["Makefile"]


SKIPS = {
    "listed": ("the moon is full", 0),
    "unlisted": ("no time", 1),
}


@pytest.mark.parametrize(("reason", "exit_code"), SKIPS.values(), ids=SKIPS.keys())
def test_a_skip_fails_the_run_unless_its_reason_is_listed(tmp_path: Path, reason: str, exit_code: int) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "skips.py").read_text())
    (tmp_path / "allowed_skips.txt").write_text("# the only one\nthe moon is full\n")
    (tmp_path / "test_one.py").write_text(
        "import pytest\n\n\ndef test_here():\n    assert True\n\n\n"
        f"def test_elsewhere():\n    pytest.importorskip('no_such_module', reason={reason!r})\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == exit_code, answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("1 passed, 1 skipped")
