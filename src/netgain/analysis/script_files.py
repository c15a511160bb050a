"""Which files of a tree are scripts, and which files each of them imports."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from pathlib import PurePosixPath

from netgain.analysis.constant_calls import callers_of
from netgain.analysis.per_tree import remembered
from netgain.analysis.scopes import FUNCTIONS, Program
from netgain.analysis.syntax import literal, nodes_of, walk, words_in
from netgain.study import CodeTree

NOT_TRAINING = re.compile(
    r"(?:^|_)(?:eval\w*|test\w*|infer\w*|predict\w*|demo|plot\w*|convert\w*|download\w*|"
    r"export\w*|setup|conftest|"
    r"visuali[sz]e\w*|preprocess\w*|prepare\w*|sample|generate|utils?|__init__|analy[sz]e\w*|"
    r"report\w*)(?:_|$)",
    re.IGNORECASE,
)
"""Stems of scripts that train nothing."""
ASIDE = frozenset(
    {
        "tests",
        "test",
        "docs",
        "doc",
        "third_party",
        "thirdparty",
        "vendor",
        "examples",
        "unit_tests",
    }
)
"""Folders whose scripts are not the project's own trainings."""
MOST_FILES = 2_000
"""Files one script is followed into."""
TRAINING_WORDS = re.compile(
    r"backward\(|\.fit\w*\(|Trainer|minimi[sz]e\(|apply_gradients|\.learn\(|\boptim\b|"
    r"[Oo]ptimi[sz]er|(?<!def )(?<!class )\b(?:\w+_)?train\w*\(\s*(?!True|False|mode|self)[^)\s]|"
    r"[Ll]ightning|subprocess|os\.system|runpy|\b(?:Adam\w*|SGD|RMSprop)\(|\.train_step|value_and_grad"
)
"""What a program that trains says somewhere."""
OWN_FILE = re.compile(
    r"(?:my_?|our_?)?(?:models?|nets?|networks?|backbones?|architectures?)\d*(?:_\w+)?",
    re.IGNORECASE,
)
"""Names by which projects import their own file of networks."""
OWN_FOLDERS = frozenset(
    {
        "models",
        "model",
        "nets",
        "networks",
        "net",
        "src",
        "lib",
        "utils",
        "modules",
        "layers",
        "core",
        "code",
    }
)
"""Folders in which projects keep files of their own."""
QUIET = (ast.Import, ast.ImportFrom, ast.ClassDef, *FUNCTIONS, ast.Pass)


class Files:
    """The files of one program and their imports."""

    def __init__(self, program: Program) -> None:
        """Look at the files of a program."""
        self.program = program
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for path in program.roots:
            pure = PurePosixPath(path)
            name = pure.parent.name if pure.name == "__init__.py" else pure.stem
            self._by_stem[name].append(path)
        self._imports: dict[str, tuple[str, ...]] = {}

    @cached_property
    def scripts(self) -> tuple[str, ...]:
        """Return the files that do something when they are run, those set aside by name left out.

        One without a guard that another file imports would run with it: it is a part of that one.
        """
        acting = [path for path in self.program.roots if self._is_script(path)]
        return tuple(path for path in acting if path not in self.imported or self._is_guarded(path))

    @cached_property
    def started(self) -> bool:
        """Tell whether any file does something when it is run."""
        return any(map(self.acts, self.program.roots))

    @cached_property
    def imported(self) -> frozenset[str]:
        """Return the files that some other file imports."""
        return frozenset(name for path in self.program.roots for name in self._imports_of(path))

    def idle(self, texts: Mapping[str, str]) -> frozenset[str]:
        """Return the scripts that train nothing, neither themselves nor in the files they import.

        Args:
            texts: the files by path.
        """
        working = {path for path, text in texts.items() if TRAINING_WORDS.search(text)}
        return frozenset(
            path
            for path in self.program.roots
            if self.acts(path) and path not in working and not self.reached(path) & working
        )

    def reached(self, script: str) -> frozenset[str]:
        """Return a script and the files that it imports, directly or through others."""
        found = {script: None}
        waiting = [script]
        for path in waiting:  # the list grows as imports are found
            for other in self._imports_of(path):
                if other not in found and len(found) < MOST_FILES:
                    found[other] = None
                    waiting.append(other)
        return frozenset(found)

    def lacks_imports(self, path: str) -> bool:
        """Tell whether a file uses a name from a module of its own program that is not among the files."""
        module = self.program.roots[path].node
        used = words_in(module)
        for source in nodes_of(module, ast.ImportFrom):
            if used.isdisjoint(alias.asname or alias.name for alias in source.names):
                continue
            parts = source.module.split(".") if source.module else []
            own = bool(source.level) or (len(parts) > 1 and parts[0] in self._folders)
            own = own or (len(parts) == 1 and OWN_FILE.fullmatch(parts[0]) is not None)
            if own and parts and parts[-1] not in self._folders and not self.named(parts, path):
                return True
        return False

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Return the names of all folders that hold files of the program."""
        return frozenset(
            part for path in self.program.roots for part in PurePosixPath(path).parent.parts
        )

    def _is_script(self, path: str) -> bool:
        pure = PurePosixPath(path)
        if pure.suffix == ".py" and (
            NOT_TRAINING.search(pure.stem) or ASIDE & {p.lower() for p in pure.parts[-4:-1]}
        ):
            return False
        return self.acts(path)

    def acts(self, path: str) -> bool:
        """Tell whether a file does more when it is run than to define, import and set."""
        module = self.program.roots[path].node
        assert isinstance(module, ast.Module)
        return any(_acts(statement) for statement in module.body)

    def _is_guarded(self, path: str) -> bool:
        """Tell whether a file ends in `if __name__ == "__main__":`."""
        return bool(self.guarded(path))

    def guarded(self, path: str) -> tuple[range, ...]:
        """Return the lines of a file that run only where it is started itself."""
        module = self.program.roots[path].node
        assert isinstance(module, ast.Module)
        return tuple(
            range(node.lineno, (node.end_lineno or node.lineno) + 1)
            for node in module.body
            if isinstance(node, ast.If)
            and any(
                isinstance(part, ast.Name) and part.id == "__name__" for part in walk(node.test)
            )
        )

    def _imports_of(self, path: str) -> tuple[str, ...]:
        if path not in self._imports:
            self._imports[path] = tuple(dict.fromkeys(self._look(path)))
        return self._imports[path]

    def _look(self, path: str) -> list[str]:
        found: list[str] = []
        module = self.program.roots[path].node
        for node in nodes_of(module, ast.Import):
            for alias in node.names:
                found += self.named(alias.name.split("."), path)
        for source in nodes_of(module, ast.ImportFrom):
            parts = source.module.split(".") if source.module else []
            if parts:
                found += self.named(parts, path)
            for alias in source.names:
                found += self.named([*parts, alias.name], path)
        return found

    def named(self, parts: list[str], importer: str) -> list[str]:
        """Return the files that a dotted name may mean; of several, those nearest to the importing file.

        A file may have lost the folder that its import names when files were gathered from a project.
        """
        found = self._at(parts, importer)
        if (
            not found
            and len(parts) > 1
            and parts[0] in OWN_FOLDERS
            and parts[0] not in self._folders
        ):
            alone = self._at(parts[-1:], importer)
            return alone if len(alone) == 1 else []
        return found

    def _at(self, parts: list[str], importer: str) -> list[str]:
        wanted = tuple(parts)
        found = []
        for path in self._by_stem.get(parts[-1], ()):
            if path == importer:
                continue
            pure = PurePosixPath(path)
            own = pure.parent.parts if pure.name == "__init__.py" else pure.with_suffix("").parts
            if own[-len(wanted) :] == wanted:
                found.append(path)
        if len(found) < 2:
            return found
        shared = {path: _common(path, importer) for path in found}
        most = max(shared.values())
        return [path for path in found if shared[path] == most]


@remembered
def files_of(tree: CodeTree) -> Files:
    """Return the files of a tree and their imports, looked at once."""
    return Files(callers_of(tree).program)


def _common(first: str, second: str) -> int:
    count = 0
    for one, other in zip(PurePosixPath(first).parts, PurePosixPath(second).parts, strict=False):
        if one != other:
            break
        count += 1
    return count


def _acts(statement: ast.stmt) -> bool:
    """Tell whether a statement at the margin does more than to define, import and set."""
    if isinstance(statement, QUIET):
        return False
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call) and literal(statement.value) is None
    if isinstance(statement, ast.Try):  # an import with a fallback does no more than import
        tried = [*statement.body, *statement.orelse, *statement.finalbody]
        return any(map(_acts, tried + [s for h in statement.handlers for s in h.body]))
    return isinstance(statement, (ast.If, ast.For, ast.While, ast.With))
