"""Code beside many runs: its defaults are each run's, and are translated once."""

from __future__ import annotations

import pytest

from netgain.assemble import defaults_in_code
from netgain.assemble.runs import build_runs
from netgain.readers.base import Final, RunFacts, Setting
from netgain.study import Source


def _run(name: str) -> RunFacts:
    source = Source(path=f"arm/{name}/metrics.json", key="test_acc")
    final = Final(key="test_acc", value=0.5, source=source)
    return RunFacts(location=f"arm/{name}", dialect="generic", finals=(final,))


def _code(name: str, **settings: float) -> RunFacts:
    return RunFacts(
        location="arm",
        dialect="code",
        settings=tuple(
            Setting(key=key, value=value, source=Source(path=f"arm/{name}", line=1, key=key))
            for key, value in settings.items()
        ),
    )


def test_defaults_of_shared_code_are_translated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty runs below one script get its defaults; the work does not grow with their number."""
    looked_up: list[str] = []
    translate = defaults_in_code.canonical_setting

    def counted(key: str, *given: object, **named: object) -> str | None:
        looked_up.append(key)
        return translate(key, *given, **named)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(defaults_in_code, "canonical_setting", counted)
    code = _code("train.py", batch_size=64, epochs=7)
    found = build_runs([code, *(_run(f"r{i}_x") for i in range(40))], {}).runs
    assert len(found) == 40
    assert {run.config["batch_size"].value for run in found} == {64}
    assert looked_up == ["batch_size", "epochs"]


def test_a_script_named_like_the_log_speaks_for_its_run_alone() -> None:
    """Of two scripts that differ, the one that bears the log's name counts; other runs get neither."""
    own = _code("metrics.py", batch_size=32)
    other = _code("other.py", batch_size=64)
    (run,) = build_runs([own, other, _run("a")], {}).runs
    assert run.config["batch_size"].value == 32
