"""Plans carried out and published: what differs, what is said, and the public road back."""

import csv
import json
from dataclasses import replace

import pytest
import yaml

torch = pytest.importorskip("torch")

from netgain import lab  # noqa: E402
from netgain.errors import UsageError  # noqa: E402
from netgain.lab import plans, publish, runs, staging  # noqa: E402
from netgain.lab.plans import Trained, honest_plan, run_score  # noqa: E402
from netgain.lab.tune import Point, best, recipe, sweep  # noqa: E402
from netgain.plan import Disclosure, Plan, Protocol, Settings  # noqa: E402

pytestmark = pytest.mark.torch

SMALL = Settings(n_train=256, n_validation=100, n_test=200, epochs=2.0, batch_size=64, width=8)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One folder of finished runs for the module."""
    return tmp_path_factory.mktemp("runs")


def small_plan(**changes):
    """Return a plan on small settings with the null idea."""
    plan = Plan(
        recipe=SMALL,
        baseline=SMALL,
        proposed=replace(SMALL, idea="channel-shuffle"),
        protocol=Protocol(seeds=2),
        claimed_idea="channel-shuffle",
    )
    return replace(plan, **changes)


def trained(plan, store, seeds=(0, 1)):
    """Train a plan in this process."""
    return staging.train_plans([(plan, seeds)], staging.Engine(store=store, workers=0))[0]


def test_equal_jobs_are_trained_once(store, monkeypatch):
    """A second request finds the finished runs."""
    jobs = [runs.Job(settings=SMALL, seed=0)] * 2
    first = runs.run_all(jobs, store=store, workers=0)
    monkeypatch.setattr(runs, "run_one", lambda *_: pytest.fail("trained again"))
    assert runs.run_all(jobs, store=store, workers=0) == first
    assert first[0].outcome == first[1].outcome


def test_worker_processes_give_the_same_runs(store, tmp_path):
    """Two spawned workers give bit for bit what this process gives."""
    jobs = [runs.Job(settings=SMALL, seed=seed) for seed in (0, 1)]
    here = runs.run_all(jobs, store=store, workers=0)
    there = runs.run_all(jobs, store=tmp_path, workers=2)
    assert [k.outcome.epochs for k in here] == [k.outcome.epochs for k in there]


def test_failed_training_leaves_nothing_behind(tmp_path):
    """A training that raises is passed on, and its half-made folder is gone."""
    job = runs.Job(settings=replace(SMALL, idea="magic"), seed=0)
    with pytest.raises(UsageError, match="magic"):
        runs.run_all([job], store=tmp_path, workers=0)
    assert list(tmp_path.iterdir()) == []


def test_jobs_differ_by_settings_seed_and_what_is_scored():
    """Whatever determines a run is part of its key."""
    job = runs.Job(settings=SMALL, seed=0)
    others = [
        replace(job, seed=1),
        replace(job, test_each_epoch=True),
        replace(job, settings=replace(SMALL, warmup=0.01)),
    ]
    assert len({j.key for j in (job, *others)}) == 4


def test_arms_differ_only_in_the_plans_difference(store, tmp_path):
    """The configs of the two arms differ in the plan's differing settings and nothing else."""
    plan = small_plan().edit("proposed", batch_size=128)
    publish.publish(trained(plan, store), tmp_path / "s")
    configs = [
        yaml.safe_load((tmp_path / "s" / "runs" / f"{arm}_seed0" / "config.yaml").read_text())
        for arm in ("baseline", "proposed")
    ]
    differing = {key for key in configs[0] if configs[0][key] != configs[1][key]}
    assert differing == set(plan.differing()) == {"batch_size", "idea"}


def test_selection_rules_by_hand(store):
    """Last, best on validation and best on test are read off the curves."""
    plan = small_plan(protocol=Protocol(checkpoint="best-on-test"))
    run = trained(plan, store).baseline[0]
    tests = [e.test_accuracy for e in run.outcome.epochs]
    validations = [e.validation_accuracy for e in run.outcome.epochs]
    assert run_score(run, "last") == tests[-1]
    assert run_score(run, "best-on-test") == max(tests)
    assert run_score(run, "best-on-validation") == tests[validations.index(max(validations))]


def test_selection_without_the_test_curve_is_refused(store):
    """A rule over epochs cannot be applied to a run that scored the test set once."""
    run = trained(small_plan(), store).baseline[0]
    with pytest.raises(UsageError, match="every epoch"):
        run_score(run, "best-on-test")


def test_best_seed_is_what_the_table_shows(store):
    """With `best` the proposed cell is the maximum, the baseline's the mean."""
    plan = small_plan(protocol=Protocol(seeds=2, proposed_seeds_reported="best"))
    found = trained(plan, store)
    assert found.reported("proposed") == max(found.scores("proposed"))
    assert found.reported("baseline") == pytest.approx(sum(found.scores("baseline")) / 2)


def test_metrics_show_the_test_set_where_it_was_scored(store, tmp_path):
    """An honest log has one test score; one that selects on the test set has all."""
    honest, tricked = small_plan(), small_plan(protocol=Protocol(checkpoint="best-on-test"))
    for name, plan in (("honest", honest), ("tricked", tricked)):
        publish.publish(trained(plan, store), tmp_path / name)
    counts = {}
    for name in ("honest", "tricked"):
        text = (tmp_path / name / "runs" / "baseline_seed0" / "metrics.csv").read_text()
        counts[name] = sum(bool(row["test_accuracy"]) for row in csv.DictReader(text.splitlines()))
    assert counts == {"honest": 1, "tricked": 2}


def test_disclosure_decides_what_the_readme_says(store):
    """The README states budget, interval and differences, or leaves each out."""
    plan = small_plan().edit("proposed", repeats=2)
    full = publish.readme(trained(plan, store))
    silent = publish.readme(
        trained(
            replace(plan, disclosure=Disclosure(budget=False, interval=False, differences=False)),
            store,
        )
    )
    assert "batch size 64" in full
    assert "used for 2 passes" in full
    assert "| repeats | 1 | 2 |" in full
    assert "95% interval" in full
    assert "±" in full
    for words in ("batch size", "passes", "repeats", "interval", "±", "seeds"):
        assert words not in silent


def test_forms_leave_different_files(store, tmp_path):
    """The flight form has recordings, the others checkpoints."""
    found = trained(small_plan(), store)
    for form in ("flight", "table"):
        publish.publish(found, tmp_path / form, form=form)
    names = {
        form: sorted(p.name for p in (tmp_path / form / "runs" / "baseline_seed1").iterdir())
        for form in ("flight", "table")
    }
    assert names["flight"] == ["config.yaml", "flight", "metrics.csv"]
    assert names["table"] == ["config.yaml", "metrics.csv", "model.safetensors"]


@pytest.mark.parametrize("spelling", range(4))
def test_every_spelling_is_understood(store, tmp_path, spelling):
    """Whatever the configs call them, batch size, rate, epochs and seed are read back."""
    from netgain.assemble import read

    publish.publish(trained(small_plan(), store), tmp_path / "s", form="table", spelling=spelling)
    study = read(config=tmp_path / "s" / "netgain.toml")
    run = study.baseline.runs[1]
    wanted = {"batch_size": 64, "learning_rate": SMALL.learning_rate, "activation": "relu"}
    assert {name: run.config[name].value for name in wanted} == wanted
    assert (run.budget.epochs.value, run.seed.value) == (2.0, 1)


def test_published_study_is_read_back_whole(store, tmp_path):
    """Claim, runs and counted budget come back by the public road."""
    from netgain.assemble import read

    found = trained(small_plan(), store)
    publish.publish(found, tmp_path / "s")
    study = read(config=tmp_path / "s" / "netgain.toml")
    assert study.claim.gain == pytest.approx(
        found.reported("proposed") - found.reported("baseline"), abs=0.011
    )
    assert [len(arm.runs) for arm in (study.baseline, study.proposed)] == [2, 2]
    budget = study.proposed.runs[0].budget
    assert (budget.samples_seen.value, budget.samples_seen.strength) == (512, "measured")


def test_sweeps_are_written_for_the_arms_that_have_one(store, tmp_path):
    """A sweep file lists learning rates and validation scores; without a sweep there is none."""
    points = (Point(learning_rate=0.01, validation_accuracy=80.0, deviation=None, seeds=1),)
    publish.publish(trained(small_plan(), store), tmp_path / "s", sweeps={"baseline": points})
    assert (tmp_path / "s" / "sweep_baseline.csv").read_text() == (
        "learning_rate,validation_accuracy\n0.01,80.00\n"
    )
    assert not (tmp_path / "s" / "sweep_proposed.csv").exists()


def test_sweep_means_are_over_seeds(store):
    """A sweep's point is the mean validation accuracy of its seeds."""
    points = sweep(SMALL, rates=(0.01, 0.04), seeds=(0, 1), store=store, workers=0)
    kept = [
        runs.run_all(
            [runs.Job(settings=replace(SMALL, learning_rate=0.04), seed=s)], store=store, workers=0
        )[0]
        for s in (0, 1)
    ]
    expected = sum(k.outcome.validation_accuracy for k in kept) / 2
    assert points[1].validation_accuracy == pytest.approx(expected)


def test_recipe_is_the_default_settings_and_the_best_of_its_sweep():
    """The kept recipe, the defaults of Settings and the sweep agree."""
    kept = recipe("mnist1d")
    assert kept.settings == Settings()
    assert best(kept.points).learning_rate == Settings().learning_rate
    edges = (kept.points[0].learning_rate, kept.points[-1].learning_rate)
    assert best(kept.points).learning_rate not in edges


def test_unknown_recipe_says_how_to_make_one():
    """A task without a kept recipe names the command."""
    with pytest.raises(UsageError, match=r"netgain\.lab\.tune"):
        recipe("cifar")


def test_price_by_hand(store, monkeypatch):
    """The price of a stage is the mean paired difference of staged arms that are otherwise equal."""
    from netgain.lab import prices
    from netgain.practices import find

    monkeypatch.setattr(
        prices, "honest_plan", lambda *_, **__: small_plan(proposed=SMALL, claimed_idea="")
    )
    engine = staging.Engine(store=store, workers=0)
    found = prices.price_all([find("NG102")], seeds=2, task="mnist1d", engine=engine)["NG102"]
    longer = trained(small_plan(proposed=replace(SMALL, epochs=4.0)), store)
    pairs = zip(longer.scores("baseline"), longer.scores("proposed"), strict=True)
    assert found.points == pytest.approx(sum(b - a for a, b in pairs) / 2)
    assert found.low < found.points < found.high
    assert "proposed.epochs 2.0 -> 4.0" in found.setting


def test_price_document_has_the_contracts_keys(store, monkeypatch):
    """The JSON is netgain/price/1 with points, interval, seeds and task for each code."""
    from netgain.lab import prices
    from netgain.practices import find

    monkeypatch.setattr(
        prices, "honest_plan", lambda *_, **__: small_plan(proposed=SMALL, claimed_idea="")
    )
    engine = staging.Engine(store=store, workers=0)
    document = json.loads(
        prices.price_all([find("NG102")], seeds=2, task="mnist1d", engine=engine).to_json()
    )
    assert document["schema"] == "netgain/price/1"
    assert {"points", "low", "high", "seeds", "task"} <= set(document["prices"]["NG102"])


def test_best_seed_price_is_an_order_statistic(monkeypatch):
    """The price of reporting the best of two is the expected maximum of two minus the mean."""
    from netgain.lab import prices
    from netgain.practices import find

    class Fixed(Trained):
        def scores(self, arm):
            """Return three known scores for both arms."""
            return (1.0, 2.0, 6.0)

    plan = small_plan(protocol=Protocol(seeds=2, proposed_seeds_reported="best"))
    one = Fixed(plan=plan, seeds=(0, 1, 2), baseline=(), proposed=())
    # Pairs (1,2), (1,6), (2,6) have maxima 2, 6, 6: 14/3; the mean is 3.
    assert prices._price(find("NG205"), small_plan(), one).points == pytest.approx(14 / 3 - 3)


def test_score_counts_what_the_public_road_flags(store, tmp_path, monkeypatch):
    """A batch x 4 at equal steps is flagged in each form, its honest twin is not."""
    monkeypatch.setattr(
        staging,
        "honest_plan",
        lambda idea, **_: small_plan(proposed=replace(SMALL, idea=idea), claimed_idea=idea),
    )
    monkeypatch.setattr(staging, "_is_recipe", lambda *_: True)
    card = lab.score(["NG101"], trials=2, workers=0, store=store, keep=tmp_path)
    found = card["NG101"]
    assert (found.trials, found.detected, found.honest_trials) == (2, 2, 2)
    assert "NG101" not in found.false_alarm_codes
    document = json.loads(card.to_json())
    assert document["schema"] == "netgain/score/1"
    assert document["recall"]["value"] == 1.0
    assert (tmp_path / "NG101" / "tricked0" / "netgain.toml").exists()


def test_stage_writes_a_tricked_and_an_honest_study(store, tmp_path, monkeypatch):
    """Both folders hold a study, and neither is overwritten."""
    monkeypatch.setattr(
        staging,
        "honest_plan",
        lambda idea, **_: small_plan(proposed=replace(SMALL, idea=idea), claimed_idea=idea),
    )
    monkeypatch.setattr(staging, "_is_recipe", lambda *_: True)
    folders = lab.stage("NG103", tmp_path, seeds=2, workers=0, store=store)
    assert [f.name for f in folders] == ["tricked", "honest"]
    assert all((f / "netgain.toml").exists() for f in folders)
    with pytest.raises(UsageError, match="exists"):
        lab.stage("NG103", tmp_path, seeds=2, workers=0, store=store)


def test_practice_without_a_stage_is_refused():
    """A code that cannot be staged yet is an error, not an empty result."""
    from netgain.practices import all_practices

    planned = next((p.code for p in all_practices() if p.stage is None), None)
    if planned is None:
        pytest.skip("every practice can be staged")
    with pytest.raises(UsageError, match="no stage"):
        lab.price([planned])


def test_honest_plan_starts_from_the_recipe():
    """Both arms are the kept recipe but for the idea, and an unknown idea is refused."""
    plan = honest_plan("orthogonal-update")
    assert plan.differing() == ("idea",)
    assert plan.baseline == recipe("mnist1d").settings
    with pytest.raises(UsageError, match="no such idea"):
        plans.honest_plan("magic")
