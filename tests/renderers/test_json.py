"""The JSON report: the contract's keys, its schema, and no value that JSON cannot hold."""

import dataclasses
import json
import math
from pathlib import Path

import jsonschema
import pytest

import netgain.renderers
from netgain.renderers import render
from netgain.renderers.json import report_schema


def content(report):
    """Return the JSON report, parsed strictly."""
    return json.loads(render(report, "json"), parse_constant=pytest.fail)


def test_the_report_follows_its_schema(report):
    """A full report passes the shipped schema."""
    jsonschema.validate(content(report), report_schema())


def test_the_shipped_schema_is_fresh():
    """The schema file in the package is the one the code gives."""
    path = Path(netgain.renderers.__file__).parent / "report.schema.json"
    assert json.loads(path.read_text()) == report_schema()


def test_the_keys_are_those_of_the_contract(report):
    """Names and nesting are fixed: users' scripts rely on them."""
    parsed = content(report)
    assert parsed["schema"] == "netgain/report/1"
    assert {"netgain", "claim", "findings", "allowed", "unread", "summary"} <= set(parsed)
    assert set(parsed["claim"]) == {
        "metric", "dataset", "baseline", "proposed", "gain", "recomputed", "resolved", "source",
    }  # fmt: skip
    assert set(parsed["claim"]["recomputed"]) >= {
        "baseline", "proposed", "gain", "low", "high", "n_baseline", "n_proposed", "paired",
    }  # fmt: skip
    assert set(parsed["findings"][0]) == {
        "code", "name", "verdict", "grade", "disclosure", "favours", "message", "numbers", "evidence",
        "readings", "needs", "remedy", "settle",
    }  # fmt: skip
    assert set(parsed["findings"][0]["readings"]) == {"innocent", "inflating"}
    assert set(parsed["summary"]) == {"flagged", "clear", "unknown", "not_applicable"}


def test_evidence_leaves_out_what_is_unknown(report):
    """A place has the keys it has, and no empty ones."""
    assert content(report)["findings"][0]["evidence"][0] == {
        "path": "runs/ours/args.yaml", "line": 12, "key": "batch_size",
    }  # fmt: skip


def test_the_claim_is_rounded_nowhere(report):
    """Scores are the floats they were."""
    claim = content(report)["claim"]
    assert claim["gain"] == report.claim.gain
    assert claim["resolved"] is True
    assert claim["recomputed"]["low"] == 0.4


def test_numbers_without_a_value_are_null(report):
    """An infinite ratio is null, never NaN and never text."""
    finding = dataclasses.replace(report.findings[0], numbers={"ratio": math.inf})
    changed = dataclasses.replace(report, findings=(finding,))
    parsed = content(changed)
    jsonschema.validate(parsed, report_schema())
    assert parsed["findings"][0]["numbers"] == {"ratio": None}


def test_nothing_known_is_null_and_not_zero(bare_report):
    """A study without claim or runs has null scores, null recomputed and null resolved."""
    parsed = content(bare_report)
    jsonschema.validate(parsed, report_schema())
    claim = parsed["claim"]
    assert [claim[key] for key in ("baseline", "gain", "recomputed", "resolved", "source")] == [
        None
    ] * 5
