"""The command line: parse arguments, call the API, print. No logic of its own."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from netgain.errors import NetgainError, UsageError

if TYPE_CHECKING:
    from netgain.study import Study


class _Suggesting(TyperGroup):
    """A command group that answers a typo with the nearest command."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve a command, or fail with the nearest name and exit code 2."""
        from difflib import get_close_matches

        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.list_commands(ctx), 1, 0.5)
            hint = f"did you mean `{near[0]}`?" if near else "`netgain --help` lists the commands"
            raise UsageError(f"no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Suggesting,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="How much of a reported gain is the idea?\n\n"
    "Audit what a project leaves behind, re-train the comparison, split the gain.",
    epilog="Example:  netgain audit --baseline runs/base --proposed runs/ours --paper README.md",
    pretty_exceptions_enable=False,
)
lab_app = typer.Typer(
    cls=_Suggesting,
    no_args_is_help=True,
    help="Stage practices on real training: price them, and score the auditor.",
    epilog="Example:  netgain lab price NG101 NG301 --seeds 5",
)
app.add_typer(lab_app, name="lab")


class Format(StrEnum):
    """Output formats."""

    text = "text"
    json = "json"
    html = "html"
    markdown = "markdown"
    sarif = "sarif"
    junit = "junit"


class FailOn(StrEnum):
    """What makes the exit code 1."""

    flagged = "flagged"
    unknown = "unknown"
    never = "never"


Config = Annotated[
    Path | None,
    typer.Argument(help="A netgain.toml, or one folder that holds both arms.", show_default=False),
]
Baseline = Annotated[
    list[Path] | None,
    typer.Option("--baseline", "-b", help="Baseline runs, code, checkpoint.", show_default=False),
]
Proposed = Annotated[
    list[Path] | None,
    typer.Option("--proposed", "-p", help="Proposed runs, code, checkpoint.", show_default=False),
]
Paper = Annotated[
    list[Path] | None,
    typer.Option("--paper", help="README or paper with the claim.", show_default=False),
]
Code = Annotated[
    list[Path] | None, typer.Option("--code", help="Code both arms share.", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Write here; format from the suffix.", show_default=False),
]
FormatOption = Annotated[
    Format | None, typer.Option("--format", "-f", help="Output format.", show_default=False)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", help="Codes or prefixes to check (NG2).", show_default=False),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="Codes or prefixes to leave out.", show_default=False),
]


@app.command(
    epilog="Example:  netgain audit --baseline runs/base --proposed runs/ours -o report.html"
)
def audit(
    config: Config = None,
    baseline: Baseline = None,
    proposed: Proposed = None,
    paper: Paper = None,
    code: Code = None,
    format: FormatOption = None,
    out: Out = None,
    select: Select = None,
    ignore: Ignore = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="What exits with 1.")
    ] = FailOn.flagged,
    quiet: Quiet = False,
) -> None:
    """Read the evidence of both arms and check the 42 practices.

    Exit code 0: nothing flagged. 1: something flagged. 2: wrong usage, or nothing readable.
    """
    from netgain.auditor import audit as run_audit
    from netgain.pacing import rare_collections
    from netgain.renderers import render
    from netgain.side_process import one_process

    with rare_collections(), one_process():
        study = _read(config, baseline, proposed, paper, code)
        report = run_audit(
            study,
            select_codes=_codes(select),
            ignore_codes=_codes(ignore),
            fail_on=fail_on.value,
        )
        chosen = _format(format, out)
        _emit(render(report, chosen), out, quiet=quiet)
    if out is not None and not quiet and chosen != "text":
        typer.echo(render(report, "text"), nl=False)
    raise typer.Exit(report.exit_code)


@app.command(epilog="Example:  netgain read --baseline runs/base --proposed runs/ours")
def read(
    config: Config = None,
    baseline: Baseline = None,
    proposed: Proposed = None,
    paper: Paper = None,
    code: Code = None,
    format: FormatOption = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Print the evidence as understood: every value with its source, and what was not understood."""
    study = _read(config, baseline, proposed, paper, code, unsorted=True)
    from netgain.study import UNSORTED

    if study.proposed.name == UNSORTED and not quiet:
        typer.echo(
            "netgain: the names of the runs do not tell baseline from proposed; all are shown as one arm. "
            "To audit them: --baseline PATH --proposed PATH",
            err=True,
        )
    chosen = _format(format, out, allowed=("text", "json"))
    if chosen == "json":
        from netgain.codec import encode

        text = encode(study) + "\n"
    else:
        from netgain.renderers.study import study_text

        text = study_text(study)
    _emit(text, out, quiet=quiet)


@app.command(epilog="Example:  netgain ask --baseline runs/base --proposed runs/ours")
def ask(
    config: Config = None,
    baseline: Baseline = None,
    proposed: Proposed = None,
    paper: Paper = None,
    code: Code = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Print the shortest list of evidence that would settle the unknowns."""
    from netgain.auditor import audit as run_audit
    from netgain.renderers.letter import letter_text

    report = run_audit(_read(config, baseline, proposed, paper, code))
    _emit(letter_text(report), out, quiet=quiet)


@app.command(epilog="Example:  netgain plan --baseline runs/base --proposed runs/ours -o plan.toml")
def plan(
    config: Config = None,
    baseline: Baseline = None,
    proposed: Proposed = None,
    paper: Paper = None,
    code: Code = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Write a first plan file for `attribute`: the settings that differ, grouped by practice."""
    from netgain.attribution.from_study import plan_text

    _emit(plan_text(_read(config, baseline, proposed, paper, code)), out, quiet=quiet)


@app.command(epilog="Example:  netgain attribute plan.toml --workers 2 -o split.json")
def attribute(
    plan_file: Annotated[
        Path, typer.Argument(metavar="PLAN", help="A plan file, see `netgain plan`.")
    ],
    seeds: Annotated[int | None, typer.Option(help="Seed blocks; overrides the plan.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; overrides the plan.")] = None,
    design: Annotated[
        str | None, typer.Option(help="full, half or foldover; overrides the default.")
    ] = None,
    format: FormatOption = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Re-train the comparison with each practice on and off, and split the gain.

    Runs the command or callable that the plan names. Results survive an interruption: the same command
    continues where it stopped.
    """
    from dataclasses import replace

    from netgain.attribution import attribute as run_attribution
    from netgain.attribution import describe, load_plan

    settings = load_plan(plan_file)
    if seeds is not None:
        settings = replace(settings, seeds=seeds, target=None)
    if workers is not None:
        settings = replace(settings, workers=workers)
    split = run_attribution(None, settings, design=design, quiet=quiet)
    chosen = _format(format, out, allowed=("text", "json"))
    if chosen == "json":
        _emit(split.to_json(), out, quiet=quiet)
        if out is not None and not quiet:
            typer.echo(describe(split), nl=False)
    else:
        _emit(describe(split), out, quiet=quiet)


@lab_app.command("price", epilog="Example:  netgain lab price NG101 NG301 --seeds 5")
def lab_price(
    codes: Annotated[
        list[str] | None, typer.Argument(help="Practices; all built ones if left out.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Paired seeds for each practice.")] = 5,
    task: Annotated[str, typer.Option(help="mnist1d, digits or fashion-mnist.")] = "mnist1d",
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
    format: FormatOption = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Stage practices on real training and print the points each one buys, with intervals."""
    from netgain import lab

    result = lab.price(_codes(codes), seeds=seeds, task=task, workers=workers, progress=not quiet)
    _emit_result(result, format, out, quiet=quiet)


@lab_app.command("score", epilog="Example:  netgain lab score NG101 --trials 5")
def lab_score(
    codes: Annotated[
        list[str] | None, typer.Argument(help="Practices; all built ones if left out.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Tricked and honest studies for each practice.")] = 20,
    task: Annotated[str, typer.Option(help="mnist1d, digits or fashion-mnist.")] = "mnist1d",
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
    keep: Annotated[
        Path | None,
        typer.Option(help="Folder to leave the studies in, to look at.", show_default=False),
    ] = None,
    format: FormatOption = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Send tricked and honest twins through the auditor: recall and false alarms."""
    from netgain import lab

    result = lab.score(
        _codes(codes), trials=trials, task=task, workers=workers, keep=keep, progress=not quiet
    )
    _emit_result(result, format, out, quiet=quiet)


@lab_app.command("stage", epilog="Example:  netgain lab stage NG102 --out staged")
def lab_stage(
    code: Annotated[str, typer.Argument(help="One practice.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")],
    task: Annotated[str, typer.Option(help="mnist1d, digits or fashion-mnist.")] = "mnist1d",
    seed: Annotated[int, typer.Option(help="First seed.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Write one tricked and one honest study to look at."""
    from netgain import lab

    for folder in lab.stage(code, out, task=task, seed=seed, progress=not quiet):
        typer.echo(f"{folder}   (netgain audit {folder / 'netgain.toml'})")


@app.command(
    epilog="Example:  netgain profile torch.nn:Linear -s in_features=8 -s out_features=4 -i 1x8"
)
def profile(
    place: Annotated[
        str, typer.Argument(metavar="MODULE:FACTORY", help="Code that builds the model.")
    ],
    inputs: Annotated[
        list[str], typer.Option("--input", "-i", help="Shape of each input in order, 1x3x224x224.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Option(
            "--set", "-s", help="Argument of the factory, name=value.", show_default=False
        ),
    ] = None,
    format: FormatOption = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Run a model once to count parameters, operations and building blocks.

    This imports and runs the code you name. What --out writes is evidence: lay it beside an arm's runs.
    """
    from netgain.recorder.profile import load_factory, parse_input, profile_model

    shapes = [parse_input(text) for text in inputs]
    settings = dict(_assignment(text) for text in arguments or ())
    if not quiet:
        typer.echo(f"importing and running {place}", err=True)
    found = profile_model(load_factory(place, settings), shapes, name=place)
    _emit_result(found, format, out, quiet=quiet)


def _assignment(text: str) -> tuple[str, Any]:
    """Split `name=value`; the value is read as a Python literal where it is one."""
    import ast

    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"--set {text!r}: expected name=value")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


@app.command("list", epilog="Example:  netgain list")
def list_practices() -> None:
    """List the practices, and which of them this version checks."""
    from netgain.practices import all_practices, is_built

    practices = all_practices()
    for practice in practices:
        mark = " " if is_built(practice) else "·"
        typer.echo(f"{practice.code} {mark} {practice.name:<32} {practice.summary}")
    built = sum(map(is_built, practices))
    typer.echo(f"\n{len(practices)} practices, {built} checked in this version (· not yet).")


@app.command(epilog="Example:  netgain explain NG205")
def explain(
    code: Annotated[str, typer.Argument(help="A code (NG205) or name (golden-seed).")],
) -> None:
    """Print the page of one practice."""
    from rich.console import Console
    from rich.markdown import Markdown

    from netgain.practices import find

    practice = find(code)
    title = f"# {practice.code} {practice.name}\n\n"
    if sys.stdout.isatty():
        Console().print(Markdown(title + practice.doc))
    else:
        typer.echo(title + practice.doc)


def _version(value: bool) -> None:
    if value:
        from netgain import __version__

        typer.echo(f"netgain {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    del version


def _read(
    config: Path | None,
    baseline: list[Path] | None,
    proposed: list[Path] | None,
    paper: list[Path] | None,
    code: list[Path] | None,
    *,
    unsorted: bool = False,
) -> Study:
    from netgain.assemble import read as read_study

    study = read_study(
        config, baseline=baseline, proposed=proposed, paper=paper, code=code, unsorted=unsorted
    )
    empty = not (study.baseline.runs or study.proposed.runs or study.baseline.code)
    if empty and not study.paper.tables and not study.paper.statements:
        details = [
            f"  {item.path}: {item.why}" for item in (*study.unread, *study.excluded_runs)[:10]
        ]
        raise UsageError("\n".join(["nothing readable under the named paths", *details]))
    return study


def _codes(codes: list[str] | None) -> tuple[str, ...]:
    return tuple(part for code in codes or () for part in code.replace(",", " ").split())


def _format(chosen: Format | None, out: Path | None, allowed: tuple[str, ...] = ()) -> str:
    from netgain.renderers import FORMATS, format_of

    name = chosen.value if chosen else format_of(out) if out else "text"
    allowed = allowed or FORMATS
    if name not in allowed:
        raise UsageError(f"this command writes {', '.join(allowed)}, not {name}")
    return name


def _emit(text: str, out: Path | None, *, quiet: bool) -> None:
    if out is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    if not out.parent.is_dir():
        raise UsageError(f"{out}: the folder {out.parent} does not exist; create it first")
    out.write_text(text, encoding="utf-8")
    if not quiet:
        typer.echo(f"wrote {out}", err=True)


def _emit_result(result: Any, format_: Format | None, out: Path | None, *, quiet: bool) -> None:
    tables = ("markdown",) if hasattr(result, "to_markdown") else ()
    chosen = _format(format_, out, allowed=("text", "json", *tables))
    write = {"text": "to_text", "json": "to_json", "markdown": "to_markdown"}[chosen]
    _emit(getattr(result, write)(), out, quiet=quiet)
    if chosen != "text" and out is not None and not quiet:
        typer.echo(result.to_text(), nl=False)


POOLS = "multiprocessing.synchronize"
"""Module behind pools of processes, which clean up when Python ends in good order."""


def _leave(code: int) -> None:
    """End at once: taking apart millions of small values that were read would keep the user waiting."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 0
    os._exit(code)


def main() -> None:
    """Run the command line; every expected error is one line on stderr and exit code 2."""
    try:
        app()
    except SystemExit as ended:
        if not isinstance(ended.code, int) or POOLS in sys.modules:
            raise
        _leave(ended.code)
    except NetgainError as error:
        typer.echo(f"netgain: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if os.environ.get("NETGAIN_DEBUG"):
            raise
        typer.echo(
            f"netgain: internal error ({type(error).__name__}: {error}); this is a bug, please report "
            "it. NETGAIN_DEBUG=1 shows where.",
            err=True,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
