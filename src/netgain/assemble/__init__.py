"""Facts to Study: the only place that decides which run belongs to which arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from netgain.analysis import per_tree, syntax
from netgain.analysis.per_tree import look_ahead
from netgain.assemble.arms import (
    ArmRuns,
    all_but_searches,
    arm_of,
    claimed_runs,
    split_arms,
    told_apart,
)
from netgain.assemble.claim import complete_claim
from netgain.assemble.config import Configuration, load
from netgain.assemble.evidence import CODE
from netgain.assemble.joined_code import joined_code
from netgain.assemble.measured import merge_models
from netgain.assemble.own_code import look_first, with_own_code
from netgain.assemble.runs import RunSet, build_runs
from netgain.errors import UsageError
from netgain.pacing import rare_collections
from netgain.pure_paths import pure_path
from netgain.readers import Reading, read_paths
from netgain.readers.base import (
    CodeFacts,
    DocumentFacts,
    Fact,
    HistoryFacts,
    Limits,
    PredictionFacts,
    RatingFacts,
    RunFacts,
    SampleFacts,
    Setting,
)
from netgain.side_process import in_one_process
from netgain.study import (
    UNSORTED,
    Arm,
    CodeTree,
    ModelProfile,
    Paper,
    Ratings,
    Run,
    Study,
    UnknownKey,
    Unread,
)

Paths = Path | str | Sequence[Path | str] | None


def read(
    config: Path | str | None = None,
    *,
    baseline: Paths = None,
    proposed: Paths = None,
    paper: Paths = None,
    code: Paths = None,
    limits: Limits | None = None,
    unsorted: bool = False,
) -> Study:
    """Read evidence into a Study.

    Args:
        config: a netgain.toml, or one folder that holds both arms. Left out with no arms named, the
            netgain.toml of the working folder is used.
        baseline: files and folders of the baseline arm.
        proposed: files and folders of the proposed arm.
        paper: README, paper or slides that carry the claim.
        code: code that serves both arms.
        limits: bounds on what is read; those of netgain.toml's `[limits]`, else the defaults, if left out.
        unsorted: of one folder whose names do not sort nearly all runs into arms, put every run into the
            baseline arm instead of raising; such a study shows what is there and compares nothing.

    Raises:
        UsageError: a path is missing, no arm is named, or the runs of one folder cannot be told apart.
    """
    request = _request(config, baseline, proposed, paper, code)
    with rare_collections():
        try:
            return _read(request, limits, unsorted=unsorted)
        finally:
            if not in_one_process():
                syntax.forget()
                per_tree.forget()


def _read(request: Configuration, limits: Limits | None, *, unsorted: bool) -> Study:
    limits = limits or request.limits or Limits()
    if request.baseline == request.proposed:
        return _read_one_folder(request, limits, unsorted=unsorted)
    first = read_paths(request.baseline, limits, code_here=True)  # whose tree is looked into here
    second = read_paths(request.proposed, limits)
    shared = read_paths((*request.paper, *request.code), limits)
    return _study(
        request,
        baseline=(first.facts, _label(request.baseline)),
        proposed=(second.facts, _label(request.proposed)),
        shared=shared.facts,
        unread=(*first.unread, *second.unread, *shared.unread),
    )


def _request(
    config: Path | str | None, baseline: Paths, proposed: Paths, paper: Paths, code: Paths
) -> Configuration:
    arms_named = baseline is not None or proposed is not None
    if config is None and not arms_named:
        if not Path("netgain.toml").is_file():
            raise UsageError(
                "nothing to read: name the arms with --baseline PATH --proposed PATH, or one folder "
                "that holds both, or write a netgain.toml here"
            )
        config = Path("netgain.toml")
    request = Configuration()
    if config is not None:
        path = Path(config)
        if path.is_dir():
            request = Configuration(baseline=(path,), proposed=(path,), name=str(path))
        else:
            request = load(path)
    request = replace(
        request,
        baseline=_paths(baseline) or request.baseline,
        proposed=_paths(proposed) or request.proposed,
        paper=request.paper + _paths(paper),
        code=request.code + _paths(code),
    )
    if not request.baseline or not request.proposed:
        missing = "baseline" if not request.baseline else "proposed"
        raise UsageError(
            f"no {missing} arm: name it with --{missing} PATH or in netgain.toml [{missing}] runs"
        )
    return request


def _paths(paths: Paths) -> tuple[Path, ...]:
    if paths is None:
        return ()
    if isinstance(paths, (str, Path)):
        return (Path(paths),)
    return tuple(Path(path) for path in paths)


def _label(paths: tuple[Path, ...]) -> str:
    return paths[0].name or str(paths[0])


def _read_one_folder(request: Configuration, limits: Limits, *, unsorted: bool) -> Study:
    """Read one folder that holds both arms and tell its runs apart by their names."""
    reading = read_paths(request.baseline, limits)
    shared = read_paths((*request.paper, *request.code), limits)
    root = str(request.baseline[0])
    built = build_runs(
        _runs(reading.facts),
        request.vocabulary,
        _code(reading.facts),
        _code(shared.facts),
        given_defaults=_defaults(shared.facts),
    )
    other = tuple(fact for fact in reading.facts if not isinstance(fact, RunFacts))
    names = tuple(run.id for run in built.runs)
    arms = told_apart(names, root) if unsorted else split_arms(names, root)
    if arms is None:
        return _study(
            request,
            baseline=(other, UNSORTED),
            proposed=((), UNSORTED),
            shared=shared.facts,
            unread=(*reading.unread, *shared.unread),
            sorted_runs=(built, RunSet(runs=(), excluded=(), unknown=())),
            all_runs=True,
        )
    predicted = [(f, _arm_named(f, root)) for f in other if isinstance(f, PredictionFacts)]
    written = _code_of_arms(other, root)
    return _study(
        request,
        baseline=(
            (*(f for f, arm in predicted if arm == "baseline"), *written["baseline"]),
            "baseline",
        ),
        proposed=(
            (*(f for f, arm in predicted if arm == "proposed"), *written["proposed"]),
            "proposed",
        ),
        shared=(
            *(f for f in other if not (written["baseline"] and isinstance(f, CodeFacts))),
            *shared.facts,
        ),
        unread=(
            *reading.unread,
            *shared.unread,
            *(
                Unread(
                    path=fact.predictions.source.path,
                    why="predictions: their name says neither baseline nor proposed; name their arm",
                )
                for fact, arm in predicted
                if arm is None
            ),
        ),
        sorted_runs=(
            replace(
                built,
                runs=tuple(r for r in built.runs if arms.get(r.id) == "baseline"),
                summaries=_summaries_of("baseline", built, root),
            ),
            RunSet(
                summaries=_summaries_of("proposed", built, root),
                runs=tuple(r for r in built.runs if arms.get(r.id) == "proposed"),
                excluded=tuple(
                    Unread(
                        path=r.id, why="its name says neither baseline nor proposed; name its arm"
                    )
                    for r in built.runs
                    if r.id not in arms
                ),
                unknown=(),
            ),
        ),
    )


def _study(
    request: Configuration,
    *,
    baseline: tuple[tuple[Fact, ...], str],
    proposed: tuple[tuple[Fact, ...], str],
    shared: tuple[Fact, ...],
    unread: tuple[Unread, ...],
    sorted_runs: tuple[RunSet, RunSet] | None = None,
    all_runs: bool = False,
) -> Study:
    look_ahead((_code(baseline[0]), _code(proposed[0])), look_first)
    first, second = sorted_runs or (
        _runs_named(request, baseline[0], shared, request.baseline[0]),
        _runs_named(request, proposed[0], shared, request.proposed[0]),
    )
    paper = _paper((*shared, *baseline[0], *proposed[0]))
    claim = complete_claim(
        request.claim,
        paper,
        first.runs,
        second.runs,
        reported=(first.summaries, second.summaries),
    )
    chosen = (
        all_but_searches(first.runs, claim)
        if all_runs
        else claimed_runs(first.runs, claim, "baseline"),
        claimed_runs(second.runs, claim, "proposed"),
    )
    arms = with_own_code(
        _arm(baseline[1], chosen[0], baseline[0], shared, proposed[0]),
        _arm(proposed[1], chosen[1], proposed[0], shared, baseline[0]),
    )
    return Study(
        claim=claim,
        baseline=arms[0],
        proposed=arms[1],
        paper=paper,
        ratings=_ratings((*baseline[0], *proposed[0], *shared)),
        allowances=request.allowances,
        unread=_unique(unread),
        unknown_keys=_unknown_keys((*first.unknown, *second.unknown)),
        excluded_runs=(
            *first.excluded,
            *chosen[0].set_aside,
            *second.excluded,
            *chosen[1].set_aside,
        ),
        unfinished_runs=(*first.unfinished, *second.unfinished),
    )


def _runs_named(
    request: Configuration, facts: tuple[Fact, ...], shared: tuple[Fact, ...], path: Path
) -> RunSet:
    """Return the runs of an arm that the user named: the one its code describes where it holds none."""
    return build_runs(
        _runs(facts),
        request.vocabulary,
        _code(facts),
        _code(shared),
        planned_as=str(path),
        given_defaults=_defaults(shared),
    )


def _arm(
    name: str,
    chosen: ArmRuns,
    facts: tuple[Fact, ...],
    shared: tuple[Fact, ...],
    others: tuple[Fact, ...],
) -> Arm:
    samples = [f.samples for f in (*facts, *shared) if isinstance(f, SampleFacts)]
    return Arm(
        name=name,
        runs=chosen.runs,
        other_runs=chosen.others,
        trials=chosen.trials,
        model=_arm_model(chosen.runs),
        code=joined_code(_code(facts), _code(shared), _code(others)),
        samples=tuple(samples),
        predictions=tuple(f.predictions for f in facts if isinstance(f, PredictionFacts)),
        histories=tuple(f.history for f in (*facts, *shared) if isinstance(f, HistoryFacts)),
    )


def _code_of_arms(facts: tuple[Fact, ...], root: str) -> dict[str, tuple[CodeFacts, ...]]:
    """Give each arm the code of one folder without that in folders named after the other arm.

    Nothing is given where fewer than two folders say an arm: the code then serves both alike.
    """
    tree = _code(facts)
    folders = {
        file.path: arm_of(str(pure_path(file.path.removeprefix(root)).parent))
        for file in (tree.files if tree else ())
    }
    if tree is None or not {"baseline", "proposed"} <= set(folders.values()):
        return {"baseline": (), "proposed": ()}
    return {
        arm: (
            CodeFacts(
                location=tree.root,
                tree=replace(tree, files=tuple(f for f in tree.files if folders[f.path] != other)),
            ),
        )
        for arm, other in (("baseline", "proposed"), ("proposed", "baseline"))
    }


def _ratings(facts: Iterable[Fact]) -> tuple[Ratings, ...]:
    """Return each file of ratings once: both arms can be named by folders that share it."""
    found = [fact.ratings for fact in facts if isinstance(fact, RatingFacts)]
    return tuple({(ratings.source, ratings.form): ratings for ratings in found}.values())


def _summaries_of(arm: str, built: RunSet, root: str) -> tuple[Run, ...]:
    return tuple(run for run in built.summaries if arm_of(run.id.removeprefix(root)) == arm)


def _arm_named(fact: PredictionFacts, root: str) -> str | None:
    """Return the arm that the name of a model's predictions says, or that of their file and folder."""
    named = arm_of(fact.predictions.name)
    return named or arm_of(fact.predictions.source.path.removeprefix(root))


def _arm_model(runs: tuple[Run, ...]) -> ModelProfile | None:
    return merge_models([run.model for run in runs if run.model is not None][:1])


def _runs(facts: Iterable[Fact]) -> list[RunFacts]:
    return [fact for fact in facts if isinstance(fact, RunFacts)]


def _defaults(facts: Iterable[Fact]) -> list[RunFacts]:
    """Return what code states by default."""
    return [fact for fact in _runs(facts) if fact.dialect == CODE]


def _code(facts: Iterable[Fact]) -> CodeTree | None:
    trees = [fact.tree for fact in facts if isinstance(fact, CodeFacts)]
    if not trees:
        return None
    files = {file.path: file for tree in trees for file in tree.files}
    return CodeTree(root=trees[0].root, files=tuple(files.values()))


def _paper(facts: Iterable[Fact]) -> Paper:
    papers = [fact.paper for fact in facts if isinstance(fact, DocumentFacts)]
    return Paper(
        tables=tuple(dict.fromkeys(table for paper in papers for table in paper.tables)),
        statements=tuple(dict.fromkeys(s for paper in papers for s in paper.statements)),
    )


def _unique(unread: tuple[Unread, ...]) -> tuple[Unread, ...]:
    return tuple(dict.fromkeys(unread))


def _unknown_keys(settings: tuple[Setting, ...]) -> tuple[UnknownKey, ...]:
    counts = Counter(setting.key for setting in settings)
    first = {setting.key: setting for setting in reversed(settings)}
    return tuple(
        UnknownKey(key=key, example=first[key].value, count=count, source=first[key].source)
        for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


__all__ = ["Configuration", "Reading", "read"]
