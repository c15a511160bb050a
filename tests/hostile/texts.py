"""Text that breaks parsers: too deep, too long, not text, or made for slow regular expressions."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from tests.hostile import marker, plant


@plant("results.json")
def deep_lists(path: Path) -> None:
    """Lists a hundred thousand deep."""
    path.write_text("[" * 100_000 + "]" * 100_000)


@plant("hparams.json")
def deep_objects(path: Path) -> None:
    """Objects a hundred thousand deep."""
    path.write_text('{"a":' * 100_000 + "1" + "}" * 100_000)


@plant("config.yaml")
def deep_yaml(path: Path) -> None:
    """Flow lists twenty thousand deep."""
    path.write_text("a: " + "[" * 20_000 + "]" * 20_000)


@plant("args.yml")
def deep_yaml_blocks(path: Path) -> None:
    """Mappings indented two thousand times."""
    path.write_text("\n".join(" " * i + "a:" for i in range(2000)))


@plant("config.toml")
def deep_toml(path: Path) -> None:
    """Arrays fifty thousand deep."""
    path.write_text("a = " + "[" * 50_000 + "]" * 50_000)


@plant("log.csv")
def long_line(path: Path) -> None:
    """A line of 200 MB in a table."""
    with path.open("w") as stream:
        stream.write("epoch,test_acc\n1,")
        for _ in range(200):
            stream.write("9" * 1_000_000)


@plant("metrics.json")
def long_document(path: Path) -> None:
    """A document of 200 MB on one line."""
    with path.open("w") as stream:
        stream.write('{"accuracy": [')
        for _ in range(200):
            stream.write("0.5, " * 200_000)
        stream.write("0.5]}")


@plant("train.log")
def long_log_line(path: Path) -> None:
    """A log with a line of 200 MB after good ones."""
    with path.open("w") as stream:
        for i in range(10):
            stream.write(f"epoch {i} loss 0.5 acc 0.7\n")
        for _ in range(200):
            stream.write("epoch 1 loss " * 77_000)


@plant("numbers.json", refused=False)
def impossible_numbers(path: Path) -> None:
    """Numbers outside every range."""
    path.write_text(
        '{"lr": 1e999, "batch_size": -5, "epochs": NaN, "seed": 99999999999999999999, "momentum": -Infinity}'
    )


@plant("report.json")
def endless_integer(path: Path) -> None:
    """An integer of a million digits, which takes quadratic time to read."""
    path.write_text('{"config": {"seed": ' + "7" * 1_000_000 + "}}")


@plant("config.json")
def bytes_for_text(path: Path) -> None:
    """Bytes that are no text."""
    path.write_bytes(b"\x00\x01\x02\xff" * 100)


@plant("metrics.csv")
def empty_file(path: Path) -> None:
    """Nothing at all."""
    path.write_text("")


@plant("trainer_state.json")
def cut_document(path: Path) -> None:
    """A document cut short."""
    path.write_text('{"log_history": [{"loss": 1.0, "step": 1}, {"lo')


@plant("meta.yaml")
def unclosed_yaml(path: Path) -> None:
    """A list that is not closed."""
    path.write_text("run_id: a\nstatus: [")


@plant("nul.csv", refused=False)
def nul_bytes(path: Path) -> None:
    """A table with NUL bytes in it."""
    path.write_bytes(b"epoch,test_acc\n1,0.5\0\n2,\0\0\n")


@plant("utf16.csv", refused=False)
def unmarked_utf16(path: Path) -> None:
    """UTF-16 without a mark."""
    path.write_bytes("epoch,test_acc\n1,0.5\n2,0.6\n".encode("utf-16-le"))


@plant("latin.csv", refused=False)
def broken_utf8(path: Path) -> None:
    """Text of another encoding."""
    path.write_bytes("époque,test_acc\n1,0.5\n2,0.6\n".encode("latin-1"))


@plant("README.md", refused=False)
def table_of_bars(path: Path) -> None:
    """A line of a hundred thousand bars and one of as many dashes."""
    path.write_text("|" * 100_000 + "\n" + "|---" * 50_000 + "\n" + "| 1 " * 50_000 + "\n")


@plant("NOTES.md", refused=False)
def slow_expressions(path: Path) -> None:
    """Runs of the characters that make regular expressions go back."""
    parts = ["a" * 30_000, "1." * 20_000, "(" * 20_000, "[" * 20_000, "**" * 20_000, "_" * 30_000,
             "1 ± " * 10_000, "9" * 30_000, " " * 50_000 + "x", "epochs " * 10_000, "$" * 20_000]  # fmt: skip
    path.write_text("\n".join(parts))


@plant("slow.log", refused=False)
def slow_lines(path: Path) -> None:
    """Log lines of the characters that make regular expressions go back."""
    parts = ["epoch 1 loss 0.5 acc 0.5", "=" * 50_000, "loss" + ":" * 50_000, "1e" * 30_000, "a=" * 30_000,
             "[" * 50_000, "{'" * 30_000, "0" * 50_000 + ".", "-" * 50_000, "|" * 50_000, "\r" * 50_000,
             "\x1b[" * 30_000, "1/" * 30_000, " " * 60_000 + "="]  # fmt: skip
    path.write_text("\n".join(parts * 2))


@plant("nested.py", refused=False)
def deep_code(path: Path) -> None:
    """Parentheses ten thousand deep."""
    path.write_text("x = " + "(" * 10_000 + ")" * 10_000 + "\n")


@plant("sum.py", refused=False)
def long_code(path: Path) -> None:
    """A sum of a hundred thousand terms."""
    path.write_text("x = " + "+".join("1" * 100_000) + "\n")


@plant("chain.py", refused=False)
def chained_code(path: Path) -> None:
    """Ten thousand calls on one object."""
    path.write_text("x = a" + ".b()" * 10_000 + "\n")


@plant("nul.py", refused=False)
def code_with_nul(path: Path) -> None:
    """Code with NUL bytes."""
    path.write_bytes(b"x = 1\0\nlr = 0.1\n")


@plant("setup.py", refused=False)
def code_that_runs(path: Path) -> None:
    """Code that leaves a trace when imported."""
    path.write_text(f"import os\nos.system('touch {marker(path)}')\nlr = 0.1\n")


@plant("conftest.py", refused=False)
def code_of_a_test(path: Path) -> None:
    """Code a test runner would import."""
    path.write_text(f"open({str(marker(path))!r}, 'w')\n")


@plant("run.sh", refused=False)
def launch_script(path: Path) -> None:
    """A launch script with command substitutions."""
    path.write_text(
        f"python train.py --lr $(touch {marker(path)}; echo 0.1) --bs `touch {marker(path)}`\n"
    )


@plant("config.json", refused=False)
def script_in_a_name(path: Path) -> None:
    """Values a browser or a terminal would run."""
    path.write_text(json.dumps({
        "run_name": "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "model": "\x1b[2J\x1b]8;;http://evil\x07", "lr": 0.1, "batch_size": 16, "max_iters": 9,
        "[red]markup[/red]": "[link=http://evil]x[/link]",
    }))  # fmt: skip


@plant("paper.tex", refused=False)
def endless_macros(path: Path) -> None:
    """Macros that call themselves and each other, and inputs from outside."""
    path.write_text(
        "\\documentclass{article}\\def\\a{\\a\\a}\\newcommand{\\b}{\\c\\c}\\newcommand{\\c}{\\b\\b}\n"
        "\\input{/etc/passwd}\\include{../../../etc/hostname}\\write18{touch executed}\n"
        "\\begin{document}\\a\\b\\begin{tabular}{" + "c" * 10_000 + "}\n" + "&" * 50_000 + "\\\\\n"
        + "{" * 50_000 + "\\end{tabular}\\end{document}\n"
    )  # fmt: skip


@plant("page.html", refused=False)
def endless_page(path: Path) -> None:
    """Tables inside tables, spans of a thousand millions and entities of entities."""
    path.write_text(
        "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'><!ENTITY c SYSTEM '/etc/passwd'>]>"
        + "<table><tr><td>" * 20_000
        + "<td rowspan=999999999 colspan=999999999>&b;&c;1</td><script>alert(1)</script>"
    )


@plant("settings.toml")
def endless_key(path: Path) -> None:
    """A key of thirty thousand parts, which takes TOML's parser quadratic time."""
    path.write_text(".".join("a" * 30_000) + " = 1\n")


@plant("hparams.toml")
def endless_number(path: Path) -> None:
    """A number of ten thousand digits."""
    path.write_text("seed = " + "7" * 10_000 + "\n")


@plant("eval_results.json", refused=False)
def number_beyond_floats(path: Path) -> None:
    """Whole numbers that no float holds, where scores are expected."""
    path.write_text(f'{{"eval_accuracy": {"9" * 400}, "eval_loss": 0.5, "epoch": 3.0}}')


@plant("trial.log", refused=False)
def digits_of_other_scripts(path: Path) -> None:
    """Raised, boxed and foreign digits, which Python's tests for digits and its numbers tell apart."""
    path.write_text(
        "".join(f"epoch {i} loss 0.5 acc 0.{i} x² = ② ३ ٣ best of ² seeds\n" for i in range(9))
    )


@plant("REPORT.md", refused=False)
def seeds_of_other_scripts(path: Path) -> None:
    """The same in a document."""
    path.write_text("Best of ² seeds. Ours: accuracy 91.2 ± ², mean of ③ runs over ٣ seeds.\n")


@plant("table.tex", refused=False)
def page_of_macros(path: Path) -> None:
    """Twelve macros that each stand for ten of the one before."""
    names = "abcdefghijklm"
    lines = [f"\\newcommand{{\\{b}}}{{{(chr(92) + a + ' ') * 10}}}" for a, b in pairwise(names)]
    path.write_text("\n".join(lines) + "\n\\begin{document}\\m\\end{document}\n")


@plant("legacy.py", refused=False)
def code_that_warns(path: Path) -> None:
    """Code over which Python's own parser would warn aloud."""
    path.write_text(
        "import re\nlr = 0.1\nepochs = 3\nbatch_size = 8\npattern = '\\d\\m'\nif 1 is 1: pass\n"
    )


@plant("digits.tex", refused=False)
def endless_digits(path: Path) -> None:
    """Forty thousand digits in a row, from each of which a pattern for numbers could start anew."""
    path.write_text("\\begin{document}Ours reaches " + "1" * 40_000 + "\\end{document}\n")


@plant("RESULTS.md", refused=False)
def endless_heading(path: Path) -> None:
    """A heading of white space and number signs, which makes a careless pattern take cubic time."""
    path.write_text("# a" + " #" * 2_400 + " x\n| a |\n|---|\n" + "# " + " " * 4_900 + "x\n")


@plant("history.json")
def document_of_lists(path: Path) -> None:
    """Twenty megabytes of empty lists, which would take a gigabyte of memory."""
    path.write_text('{"accuracy": [' + "[]," * 7_000_000 + "0]}")


@plant("marked.html", refused=False)
def marked_section(path: Path) -> None:
    """A marked section that HTML does not have, over which Python's parser fails an assertion."""
    path.write_text("<![ html><p>We train for 9 epochs.</p><table><tr><td>1</td></tr></table>")


@plant("stdout.log", refused=False)
def tabs_without_end(path: Path) -> None:
    """Log lines with thousands of tabs between a name and nothing."""
    path.write_text(
        ("epoch 1 loss 0.5 acc" + "\t" * 3_900 + "x\nseed: a" + " " * 3_900 + "b\n") * 20
    )


@plant("hparams.json", refused=False)
def settings_beyond_floats(path: Path) -> None:
    """Settings of a few hundred digits, which whole audits would multiply."""
    many = "9" * 300
    path.write_text(f'{{"batch_size": {many}, "max_iters": {many}, "seed": {many}, "lr": 1e308}}')


@plant("train_config.toml", refused=False)
def seed_beyond_floats(path: Path) -> None:
    """A seed of four hundred digits, which TOML's parser keeps exactly."""
    path.write_text("seed = " + "9" * 400 + "\nbatch_size = 16\nmax_iters = 9\n")


@plant("test_predictions.csv", refused=False)
def seeds_of_many_digits(path: Path) -> None:
    """Predictions of two runs whose seeds have six thousand digits, by which runs are put in order."""
    rows = "".join(f"{i},{i % 2},0,{d * 6_000}\n" for d in "12" for i in range(4))
    path.write_text("id,label,prediction,seed\n" + rows)
