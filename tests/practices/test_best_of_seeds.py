"""The best over seeds in code, where one script runs both arms."""

from netgain.practices.ng205_golden_seed import PRACTICE
from netgain.study import Arm, Cited, Claim, CodeTree, Run, Source, SourceFile, Study

SCRIPT = """
optimizer = SGD(model.parameters(), lr=0.1)
print('plain', train(load('configs/plain.yaml')))
results = {}
for seed in range(20):
    cfg = load('configs/chroma.yaml')
    cfg.update(seed=seed)
    results[seed] = train(cfg)
print('chroma', max(results.values()))
"""


def study(baseline: str, proposed: str) -> Study:
    """Return two arms that share a script, with runs named for their settings."""
    tree = CodeTree(root=".", files=(SourceFile(path="all.py", text=SCRIPT),))
    arms = []
    for name in (baseline, proposed):
        score = Cited(value=73.5, source=Source(path=f"runs/{name}_0/log.csv"))
        run = Run(id=f"runs/{name}_0", group=f"runs/{name}", finals={"test/accuracy": score})
        arms.append(Arm(name=name, runs=(run,), code=tree))
    return Study(claim=Claim(metric="accuracy"), baseline=arms[0], proposed=arms[1])


def test_a_loop_that_names_the_proposed_arm_is_its_own() -> None:
    """The loop reads the settings the proposed runs are named for; the baseline is trained once beside it."""
    finding = PRACTICE.check(study("plain", "chroma"))
    assert finding.verdict == "flagged"
    assert ("all.py", 9) in {(source.path, source.line) for source in finding.evidence}


def test_a_loop_that_names_the_baseline_is_not_held_against_the_proposed() -> None:
    """With the arms the other way round the best of seeds is the baseline's."""
    assert PRACTICE.check(study("chroma", "plain")).verdict != "flagged"


def test_a_loop_that_names_neither_lifts_both() -> None:
    """Where no word of it is an arm's, the loop is taken to serve both, and that is said."""
    finding = PRACTICE.check(study("red", "blue"))
    assert finding.verdict != "flagged"
    assert "lifts both" in finding.message
