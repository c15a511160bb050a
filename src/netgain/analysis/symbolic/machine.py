"""The interpreter: statements, calls, classes and imports, within a bound on steps."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from netgain.analysis.options import CONFIGURATION
from netgain.analysis.symbolic.expressions import evaluate, operated
from netgain.analysis.symbolic.layer_calls import call_layer, layer_attribute, set_in_layer
from netgain.analysis.symbolic.libraries import (
    call_library,
    call_method,
    flat,
    note_training,
)
from netgain.analysis.symbolic.plain import FUNCTIONS, LONGEST
from netgain.analysis.symbolic.statements import MAY_RETURN, STATEMENTS
from netgain.analysis.symbolic.trace import Trace, traces_view
from netgain.analysis.symbolic.values import (
    UNKNOWN,
    Builtin,
    ClassValue,
    Environment,
    ExhaustedError,
    FileValue,
    Foreign,
    FunctionValue,
    Instance,
    Layer,
    Library,
    Method,
    MismatchError,
    Parameters,
    Partial,
    Settings,
    Signal,
    Super,
    Tensor,
)
from netgain.analysis.syntax import walk

MOST_STEPS = 400_000
"""Expressions and statements that are followed for one script or one pass of a network."""
DEEPEST = 45
"""Calls inside each other."""
YIELDED = "<yielded>"
"""Name under which a function keeps what it yields."""
LONGEST_WORD = 200
MOST_ROUNDS = 3_000
"""Rounds of one loop."""
TRAINING_ROUNDS = 2
"""Rounds of one loop once an optimizer is there."""
Finder = Callable[[str, Sequence[str], int], str | None]
"""Finds the file that an import means: importing file, parts of the dotted name, dots ahead of it."""


class Machine:
    """One symbolic execution."""

    def __init__(
        self,
        files: Mapping[str, ast.Module],
        find: Finder,
        option: Callable[[tuple[str, ...]], object],
    ) -> None:
        """Prepare the execution of some files.

        Args:
            files: syntax trees by path.
            find: finds the file of an import.
            option: returns what a run's configuration says of a path of names, unknown where nothing.
        """
        self.files = files
        self.find = find
        self.option = option
        self.left = MOST_STEPS
        self.depth = 0
        self.counting = False
        self.operations = 0.0
        self.left_out: list[str] = []
        self.optimized: list[tuple[object, str, ast.AST]] = []
        self.lost = False
        """Whether an optimizer was given something unknown."""
        self.made: list[Instance] = []
        """Networks and parts of networks, in the order they are made."""
        self.starred: dict[str, str] = {}
        """Package of which a file imports every name, by path."""
        self.trace: Trace | None = None
        """Operations of the present pass, where they are asked for."""
        self.where = ""
        """Place of the statement or call that is followed."""
        self.block_at = ""
        """Place of the class around it, else the same."""
        self._homes: dict[str, Environment] = {}

    def step(self) -> None:
        """Count one step.

        Raises:
            ExhaustedError: too many.
        """
        self.left -= 1
        if self.left < 0:
            raise ExhaustedError

    def rounds(self) -> int:
        """Return how many rounds of a loop are followed: few where what is trained was made already."""
        return TRAINING_ROUNDS if self.optimized and not self.counting else MOST_ROUNDS

    def count(self, operations: float) -> None:
        """Count multiply-accumulates."""
        self.operations += operations

    def leave_out(self, name: str) -> None:
        """Note what could not be counted."""
        if self.counting and len(self.left_out) < 50:
            self.left_out.append(name)

    def skip(self, nodes: Sequence[ast.AST]) -> None:
        """Note that code which may compute is not followed, as nothing tells which part of it runs."""
        if self.counting and any(_computes(inner) for node in nodes for inner in walk(node)):
            self.leave_out("what stands under a condition")

    def hand_out(self, items: list[object], at: Environment) -> None:
        """Keep what a generator yields."""
        try:
            kept = at.find(YIELDED)
        except KeyError:
            return
        if isinstance(kept, list) and len(kept) < LONGEST:
            kept += items

    def home(self, path: str, *, as_script: bool = False) -> Environment:
        """Return the names of a file, executed at the first time."""
        if path not in self._homes:
            names: dict[str, object] = {
                "__name__": "__main__" if as_script else path,
                "__file__": path,
            }
            at = self._homes[path] = Environment(path=path, names=names)
            module = self.files.get(path)
            if module is not None:
                self.block(module.body, at)
        return self._homes[path]

    def block(self, statements: Sequence[ast.stmt], at: Environment) -> Signal:
        """Follow statements in order."""
        for statement in statements:
            signal = self.statement(statement, at)
            if signal is not None:
                return signal
        return None

    def statement(self, node: ast.stmt, at: Environment) -> Signal:
        """Follow one statement."""
        self.step()
        rule = STATEMENTS.get(type(node))
        return rule(self, node, at) if rule is not None else None

    @traces_view("select")
    def iterate(self, value: object) -> list[object] | None:
        """Return the items of a value, None where they are not known."""
        if isinstance(value, (list, tuple, range, str)):
            return list(value) if len(value) <= LONGEST else None
        if isinstance(value, (dict, set, frozenset)):
            return list(value)
        if isinstance(value, Parameters):
            return [(UNKNOWN, value) if value.named else value]
        if isinstance(value, Layer) and value.name in ("Sequential", "ModuleList"):
            return list(value.children.values())
        if isinstance(value, Layer) and value.name == "ModuleDict":
            return list(value.children)
        if isinstance(value, Tensor) and value.shape and value.shape[0] <= 64:
            return [Tensor(value.shape[1:]) for _ in range(value.shape[0])]
        return None

    def assign(self, target: ast.AST, value: object, at: Environment) -> None:
        """Give a target a value."""
        if isinstance(target, ast.Name):
            at.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            self.set_attribute(evaluate(self, target.value, at), target.attr, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = self.iterate(value)
            count = len(target.elts)
            starred = [i for i, one in enumerate(target.elts) if isinstance(one, ast.Starred)]
            if items is not None and len(starred) == 1 and len(items) >= count - 1:
                start, more = starred[0], len(items) - count + 1
                items = [*items[:start], items[start : start + more], *items[start + more :]]
            if items is None or len(items) != count:
                items = [Tensor(None) if isinstance(value, Tensor) else UNKNOWN] * count
            for one, held in zip(target.elts, items, strict=True):
                self.assign(one.value if isinstance(one, ast.Starred) else one, held, at)
        elif isinstance(target, ast.Subscript):
            of, index = evaluate(self, target.value, at), evaluate(self, target.slice, at)
            if isinstance(of, dict) and isinstance(index, (str, int, float)):
                of.update({index: value})
            elif isinstance(of, list) and isinstance(index, int) and -len(of) <= index < len(of):
                of[index] = value
            elif isinstance(of, Settings) and isinstance(index, str):
                of.values[index] = value
            elif isinstance(of, Layer):
                names = list(of.children)
                if isinstance(index, int) and -len(names) <= index < len(names):
                    of.children[names[index]] = value
                elif isinstance(index, str):
                    of.children[index] = value

    def set_attribute(self, of: object, name: str, value: object) -> None:
        """Set an attribute."""
        if isinstance(of, Instance):
            of.attributes[name] = value
        elif isinstance(of, Settings):
            of.values[name] = value
        elif isinstance(of, Layer):
            set_in_layer(of, name, value)
        elif isinstance(of, ClassValue):
            of.members[name] = value
        elif isinstance(of, FileValue):
            of.home.names[name] = value

    @traces_view("alias")
    def attribute(self, of: object, name: str) -> object:
        """Return an attribute of a value."""
        if isinstance(of, Instance):
            return self._of_instance(of, name)
        if isinstance(of, Library):
            return FUNCTIONS_HELD.get(f"{of.name}.{name}") or Library(f"{of.name}.{name}")
        if isinstance(of, FileValue):
            if name == "__dict__":
                return of.home.names
            if name in of.home.names:
                return of.home.names[name]
            inner = self.find(of.home.path, [name], 1)
            return FileValue(self.home(inner)) if inner else UNKNOWN
        if isinstance(of, ClassValue):
            found = of.member(name)
            return self._bound(found[0], None, found[1]) if found else UNKNOWN
        if isinstance(of, Super):
            made_by = of.instance.made_by if isinstance(of.instance, Instance) else of.instance
            found = made_by.member(name, after=of.owner)
            if found is not None and isinstance(of.instance, Instance):
                return self._bound(found[0], of.instance, found[1])
            return Method(of, name)
        if isinstance(of, Settings):
            return self.setting(of, name)
        if isinstance(of, Tensor):
            if name == "shape":
                return UNKNOWN if of.shape is None else of.shape
            if name == "T":
                return Tensor(None if of.shape is None else of.shape[::-1])
            if name in ("mT", "H", "mH"):
                return Tensor(None if of.shape is None else (*of.shape[:-2], *of.shape[:-3:-1]))
            if name == "ndim":
                return UNKNOWN if of.shape is None else len(of.shape)
            if name == "requires_grad":
                return of.trained
            if name == "data":
                return of
            return Method(of, name)
        if isinstance(of, Layer):
            return layer_attribute(of, name)
        if isinstance(of, Foreign):
            return of.attribute(name)
        if isinstance(of, tuple) and name in ("values", "indices") and len(of) == 2:
            return of[name == "indices"]
        if isinstance(of, Parameters) and name == "requires_grad":
            return True
        return UNKNOWN if of is UNKNOWN else Method(of, name)

    def setting(self, of: Settings, name: str) -> object:
        """Return what a configuration says under a name."""
        known = self.option((*of.path, name))
        if known is not UNKNOWN:
            return known
        return of.values.get(name, Method(of, name))

    def entry(self, of: object, index: object) -> object:
        """Return an entry of a configuration; unknown for anything else."""
        if isinstance(of, Settings) and isinstance(index, str):
            found = self.setting(of, index)
            return UNKNOWN if isinstance(found, Method) else found
        return UNKNOWN

    def _of_instance(self, of: Instance, name: str) -> object:
        if name in of.attributes:
            return of.attributes[name]
        found = of.made_by.member(name)
        if found is None:
            if name == "training":
                return True
            if name == "__class__":
                return of.made_by
            return Method(of, name)
        member = found[0]
        if isinstance(member, FunctionValue):
            marks = [getattr(d, "id", getattr(d, "attr", "")) for d in _decorators(member.node)]
            if "staticmethod" in marks:
                return member
            bound = self._bound(member, of, found[1])
            return self.call(bound, [], {}, None) if "property" in marks else bound
        return member

    def _bound(self, member: object, instance: Instance | None, owner: ClassValue) -> object:
        if not isinstance(member, FunctionValue):
            return member
        marks = [getattr(d, "id", "") for d in _decorators(member.node)]
        holder = owner if "classmethod" in marks else instance
        return FunctionValue(
            node=member.node, home=member.home, defaults=member.defaults,
            keyword_defaults=member.keyword_defaults, instance=holder, owner=owner,
        )  # fmt: skip

    def function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, at: Environment
    ) -> FunctionValue:
        """Return a function that a definition makes."""
        return FunctionValue(
            node=node,
            home=at,
            defaults=tuple(evaluate(self, one, at) for one in node.args.defaults),
            keyword_defaults={
                arg.arg: evaluate(self, one, at)
                for arg, one in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
                if one is not None
            },
        )

    def call_node(self, node: ast.Call, at: Environment) -> object:
        """Return what a call returns."""
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return Super(at.instance, at.owner) if at.instance and at.owner else UNKNOWN
        if isinstance(node.func, ast.Name) and node.func.id in ("globals", "locals", "eval"):
            return self._names_or_words(node, at)
        if isinstance(node.func, ast.Name) and node.func.id == "exec":
            self._configure(at)
            return None
        function = evaluate(self, node.func, at)
        arguments: list[object] = []
        for one in node.args:
            if isinstance(one, ast.Starred):
                items = self.iterate(evaluate(self, one.value, at))
                if items is None:
                    self.leave_out("*arguments")
                    items = [UNKNOWN]
                arguments += items
            else:
                arguments.append(evaluate(self, one, at))
        keywords: dict[str, object] = {}
        for keyword in node.keywords:
            value = evaluate(self, keyword.value, at)
            if keyword.arg is not None:
                keywords[keyword.arg] = value
            elif isinstance(value, dict):
                keywords.update({str(key): held for key, held in value.items()})
        self.stand(node, at)
        return self.call(function, arguments, keywords, node, at)

    def stand(self, node: ast.expr | ast.stmt, at: Environment) -> None:
        """Note what place is followed."""
        owner = f" {at.owner.name}" if at.owner else ""
        self.where = self.block_at = f"{at.path}:{node.lineno}{owner}"
        if at.owner is not None:
            self.block_at = f"{at.owner.home.path}:{at.owner.node.lineno}{owner}"

    def _configure(self, at: Environment) -> None:
        """Set names of a file to what the run says, as a configurator that the file executes does."""
        for name, value in list(at.names.items()):
            known = self.option((name,)) if isinstance(value, (int, float, str)) else UNKNOWN
            if known is not UNKNOWN:
                at.names[name] = known

    def _names_or_words(self, node: ast.Call, at: Environment) -> object:
        """Return the names of a file for `globals()`, and what a word stands for that `eval` is given."""
        if not node.args:
            return self.home(at.path).names
        word = evaluate(self, node.args[0], at)
        if not isinstance(word, str) or len(word) > LONGEST_WORD:
            return UNKNOWN
        try:
            return evaluate(self, ast.parse(word.strip(), mode="eval").body, at)
        except (SyntaxError, ValueError):
            return UNKNOWN

    def call(
        self,
        function: object,
        arguments: list[object],
        keywords: dict[str, object],
        node: ast.Call | None,
        at: Environment | None = None,
    ) -> object:
        """Return what calling a value returns."""
        if self.depth >= DEEPEST:
            if self.counting:
                raise ExhaustedError
            return UNKNOWN
        self.depth += 1
        try:
            if isinstance(function, FunctionValue):
                return self._run(function, arguments, keywords)
            if isinstance(function, ClassValue):
                return self._make(function, arguments, keywords)
            if isinstance(function, Instance):
                return self.apply(function, arguments, keywords)
            if isinstance(function, Foreign):
                return function.call(self, arguments, keywords)
            if isinstance(function, Layer):
                return call_layer(self, function, arguments, keywords)
            if isinstance(function, Partial):
                given = [*function.arguments, *arguments]
                return self.call(
                    function.function, given, {**function.keywords, **keywords}, node, at
                )
            if isinstance(function, Builtin):
                return self._builtin(function, arguments, keywords)
            if isinstance(function, Method):
                return call_method(self, function, arguments, keywords, node, at)
            if isinstance(function, Library):
                made = call_library(self, function.name, arguments, keywords, node, at)
                if isinstance(made, Layer) and not made.place:
                    made.place = self.where
                return made
            return self._open_call(arguments, keywords, node, at)
        finally:
            self.depth -= 1

    def _open_call(
        self,
        arguments: list[object],
        keywords: dict[str, object],
        node: ast.Call | None,
        at: Environment | None,
    ) -> object:
        """Note a call of something that is not known: it may compute, or make an optimizer."""
        given = [*arguments, *keywords.values()]
        if self.counting and any(one is UNKNOWN or isinstance(one, Tensor) for one in given):
            self.leave_out(ast.unparse(node.func)[:40] if node is not None else "call")
        if any(isinstance(one, Tensor) for one in given):
            return Tensor(None)
        name = "" if node is None else getattr(node.func, "attr", "")
        note_training(self, name, arguments, keywords, node, at)
        return UNKNOWN

    def _builtin(
        self, function: Builtin, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        listed = [
            self.iterate(one) if isinstance(one, (Layer, Parameters)) else one for one in arguments
        ]
        if function.function is FUNCTIONS["len"] and isinstance(
            arguments[0] if arguments else None, Tensor
        ):
            shape = getattr(arguments[0], "shape", None)
            return shape[0] if shape else UNKNOWN
        if function.function is FUNCTIONS["sum"] and any(
            isinstance(one, Tensor) for one in flat(listed)
        ):
            return self._sum(flat(listed[:1]))
        try:
            return function.function(*listed, **keywords)
        except (TypeError, ValueError, KeyError, IndexError, ArithmeticError):
            return UNKNOWN

    def _sum(self, parts: list[object]) -> object:
        """Return what `sum` makes of tensors."""
        value = parts[0]
        for one in parts[1:]:
            value = operated(self, ast.Add, value, one)
        return value

    def apply(self, of: Instance, arguments: list[object], keywords: dict[str, object]) -> object:
        """Return what a network of the code makes of its inputs."""
        found = of.made_by.member("forward") or of.made_by.member("__call__")
        if found is not None and isinstance(found[0], FunctionValue):
            if of.made_by.is_module() and not self.counting:
                return UNKNOWN
            return self._run(self._bound(found[0], of, found[1]), arguments, keywords)  # type: ignore[arg-type]
        inner = of.attributes.get("__layer__")
        if isinstance(inner, Layer):
            return call_layer(self, inner, arguments, keywords)
        self.leave_out(of.made_by.name)
        return Tensor(None)

    def _make(
        self, kind: ClassValue, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        made = Instance(made_by=kind)
        if kind.is_module():
            self.made.append(made)
        found = kind.member("__init__")
        if found is not None and isinstance(found[0], FunctionValue):
            self._run(self._bound(found[0], made, found[1]), arguments, keywords)  # type: ignore[arg-type]
            return made
        base = next((b for one in kind.line() for b in one.bases if isinstance(b, Library)), None)
        if base is not None and kind.is_module():
            return made
        fields = [
            name
            for one in reversed(kind.line())
            for name in one.members
            if not name.startswith("__")
        ]
        values = {name: kind.member(name) for name in fields}
        made.attributes.update(
            {
                name: held[0]
                for name, held in values.items()
                if held and not isinstance(held[0], FunctionValue)
            }
        )
        names = [n for one in kind.line() for n in _annotated(one.node)]
        made.attributes.update(zip(names, arguments, strict=False))
        made.attributes.update(keywords)
        for name in names:
            known = self.option((name,))
            if known is not UNKNOWN and name not in keywords:
                made.attributes[name] = known
        return made

    def _run(
        self, function: FunctionValue, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        node = function.node
        instance = function.instance
        at = Environment(
            path=function.home.path,
            outer=function.home,
            instance=instance if isinstance(instance, Instance) else function.home.instance,
            owner=function.owner or function.home.owner,
        )
        given = [instance, *arguments] if instance is not None else list(arguments)
        self._bind(node.args, function, given, keywords, at)
        yielded: list[object] = []
        at.names[YIELDED] = yielded
        if isinstance(node, ast.Lambda):
            return evaluate(self, node.body, at)
        signal = self.block(node.body, at)
        if MAY_RETURN in at.names:
            return UNKNOWN
        if yielded:
            return yielded
        if signal is None:
            return None
        if signal[0] == "raise" and self.counting:
            raise MismatchError
        return signal[1] if signal[0] == "return" else UNKNOWN

    def _bind(
        self,
        wanted: ast.arguments,
        function: FunctionValue,
        given: list[object],
        keywords: dict[str, object],
        at: Environment,
    ) -> None:
        names = [one.arg for one in (*wanted.posonlyargs, *wanted.args)]
        defaults = dict(
            zip(names[len(names) - len(function.defaults) :], function.defaults, strict=True)
        )
        defaults.update(function.keyword_defaults)
        rest = dict(keywords)
        at.names.update(zip(names, given, strict=False))
        for name in (*names[len(given) :], *(one.arg for one in wanted.kwonlyargs)):
            at.names[name] = (
                rest.pop(name) if name in rest else defaults.get(name, _not_given(name))
            )
        if wanted.vararg is not None:
            at.names[wanted.vararg.arg] = tuple(given[len(names) :])
        if wanted.kwarg is not None:
            at.names[wanted.kwarg.arg] = rest


def _computes(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
    )


def _not_given(name: str) -> object:
    """Return what an argument is that nobody gives: a configuration by its name, else unknown."""
    return Settings() if CONFIGURATION.fullmatch(name) else UNKNOWN


def _decorators(node: ast.AST) -> list[ast.expr]:
    return list(getattr(node, "decorator_list", ()))


def _annotated(node: ast.ClassDef) -> list[str]:
    return [
        one.target.id
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]


FUNCTIONS_HELD = {name: Builtin(function) for name, function in FUNCTIONS.items() if "." in name}
