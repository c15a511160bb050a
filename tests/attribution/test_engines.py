"""The contract of engines: every engine passes the same tests."""

import pathlib
import sys

import pytest

from netgain.attribution.engines.base import InlineEngine
from netgain.attribution.engines.local import LocalEngine
from netgain.attribution.training import Job, Trainer

HERE = pathlib.Path(__file__).parent


def trainer(function: str, **extra) -> Trainer:
    """Return a trainer that calls a function of trainings.py."""
    return Trainer(metric="score", folder=HERE, callable=f"trainings:{function}", **extra)


def jobs(count: int, **settings) -> list[Job]:
    """Return numbered jobs."""
    return [Job(key=str(i), settings={"x": i, **settings}, seed=i) for i in range(count)]


class EngineContract:
    """What holds for every engine; a subclass supplies the engine."""

    @pytest.fixture
    def engine(self):
        """Return the engine under test."""
        raise NotImplementedError

    def test_every_job_has_one_outcome(self, engine):
        """Each job comes back once, with its own score."""
        outcomes = []
        engine.run(jobs(7), trainer("add"), outcomes.append)
        assert sorted(o.job.key for o in outcomes) == [str(i) for i in range(7)]
        assert all(o.scores == (o.job.seed * 11.0,) for o in outcomes)

    def test_a_job_is_pulled_only_when_it_can_start(self, engine):
        """Jobs are taken from the iterable as workers become free, so that taking is claiming."""
        pulled, finished, ahead = [], [], []

        def source():
            for job in jobs(8):
                pulled.append(job.key)
                ahead.append(len(pulled) - len(finished))
                yield job

        engine.run(source(), trainer("add"), finished.append)
        assert max(ahead) <= 2

    def test_a_failure_is_tried_again_twice(self, engine, tmp_path):
        """Two failures and a success make a result of three attempts."""
        outcomes = []
        engine.run(jobs(1, log=str(tmp_path / "n")), trainer("fail_first"), outcomes.append)
        assert outcomes[0].scores == (5.0,)
        assert outcomes[0].attempts == 3

    @pytest.mark.parametrize(
        ("function", "words"),
        [
            ("nan", "score is nan"),
            ("wrong_key", "no 'score' in the result; it has: loss"),
            ("missing", "has no function 'missing'"),
        ],
    )
    def test_a_lasting_failure_is_an_outcome_with_its_reason(self, engine, function, words):
        """What is no score is reported, with the words that help."""
        outcomes = []
        engine.run(jobs(1), trainer(function), outcomes.append)
        assert outcomes[0].scores is None
        assert words in outcomes[0].error
        assert outcomes[0].attempts == 3

    def test_no_jobs_is_no_work(self, engine):
        """An empty list returns at once."""
        engine.run([], trainer("add"), pytest.fail)

    def test_an_error_of_the_receiver_passes_through(self, engine):
        """What `on_result` raises ends the run and is not swallowed."""

        def refuse(outcome):
            raise LookupError(outcome.job.key)

        with pytest.raises(LookupError):
            engine.run(jobs(3), trainer("add"), refuse)

    def test_one_training_serves_its_evaluations(self, engine, tmp_path):
        """An artifact is trained once and scored under each evaluation's settings."""
        log = tmp_path / "trained"
        job = Job(
            key="a",
            settings={"x": 1.0, "log": str(log)},
            seed=3,
            evaluations=({"ema": False}, {"ema": True}),
        )
        outcomes = []
        engine.run([job], trainer("model", evaluate="trainings:accuracy"), outcomes.append)
        assert outcomes[0].scores == pytest.approx((1.03, 1.53))
        assert log.read_text() == "t"


class TestInlineEngine(EngineContract):
    """One process, one job after the other."""

    @pytest.fixture
    def engine(self):
        """Return the engine under test."""
        return InlineEngine()


class TestLocalEngine(EngineContract):
    """A pool of two processes."""

    @pytest.fixture
    def engine(self):
        """Return the engine under test."""
        return LocalEngine(workers=2)

    def test_workers_have_one_thread(self, engine):
        """Numeric libraries in a worker see one thread."""
        outcomes = []
        engine.run(jobs(1), trainer("threads"), outcomes.append)
        assert outcomes[0].scores == (1.0,)

    def test_a_worker_that_dies_is_replaced(self, engine):
        """A process that vanishes fails its job with a reason; the other jobs are served."""
        outcomes = []
        engine.run(jobs(2), trainer("die"), outcomes.append)
        assert len(outcomes) == 2
        assert all("died (exit code 9)" in o.error for o in outcomes)


def test_a_command_that_fails_shows_the_end_of_its_errors(tmp_path):
    """The exit code and the last lines of output reach the user."""
    script = "import sys; print('loading'); sys.exit('CUDA is not here')"
    (tmp_path / "t.py").write_text(script)
    command = f"{sys.executable} t.py {{settings}} {{seed}} {{out}}"
    outcomes = []
    InlineEngine().run(
        jobs(1), Trainer(metric="score", folder=tmp_path, command=command), outcomes.append
    )
    assert "exit code 1" in outcomes[0].error
    assert "CUDA is not here" in outcomes[0].error


def test_settings_reach_a_command_without_a_shell(tmp_path):
    """Signs a shell would act on are plain text."""
    script = (
        "import json, sys\n"
        "assert sys.argv[1] == '$HOME;ls', sys.argv\n"
        "seed = int(sys.argv[3])\n"
        "settings = json.load(open(sys.argv[2]))\n"
        "json.dump(settings['x'] + seed, open(sys.argv[4], 'w'))\n"
    )
    (tmp_path / "t.py").write_text(script)
    command = f"{sys.executable} t.py '$HOME;ls' {{settings}} {{seed}} {{out}}"
    outcomes = []
    InlineEngine().run(
        jobs(2), Trainer(metric="score", folder=tmp_path, command=command), outcomes.append
    )
    assert [o.scores for o in outcomes] == [(0.0,), (2.0,)]


def test_a_missing_program_is_named():
    """A command that does not exist is an outcome, not a crash."""
    outcomes = []
    train = Trainer(metric="score", folder=HERE, command="no-such-program {settings}")
    InlineEngine().run(jobs(1), train, outcomes.append)
    assert "no-such-program" in outcomes[0].error
