"""Jupyter notebooks."""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netgain.errors import UnreadableFile
from netgain.readers import notebook
from netgain.readers.base import CodeFacts, DocumentFacts, Limits, RunFacts
from netgain.study import SourceFile

from .conftest import ReadAll, entry_of
from .test_damage import _damaged

Write = Callable[[str, str | bytes], Path]


def code(source: str, *printed: str) -> dict[str, Any]:
    """Return a code cell of format 4 with what it printed."""
    outputs = [
        {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}
        for text in printed
    ]
    return {
        "cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": outputs,
        "source": source.splitlines(keepends=True),
    }  # fmt: skip


def markdown(source: str) -> dict[str, Any]:
    """Return a Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def written(*cells: dict[str, Any], indent: int | None = 1, language: str = "python") -> str:
    """Return a notebook as Jupyter writes it."""
    kernel = {"kernelspec": {"display_name": "K", "language": language, "name": "k"}}
    document = {"cells": list(cells), "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=indent, ensure_ascii=False) + "\n"


def source_of(facts: list[Any]) -> SourceFile:
    """Return the one file of code among facts."""
    (found,) = [fact for fact in facts if isinstance(fact, CodeFacts)]
    return found.tree.files[0]


TRAIN = written(
    markdown("# Title\n"),
    code("import torch\n%matplotlib inline\n!pip install x\nlr = 0.1\n"),
    code("optimizer = torch.optim.SGD(parameters, lr=lr)"),
)


def test_a_line_of_code_is_the_line_of_the_file(write: Write, read_all: ReadAll) -> None:
    """Line N of the code is line N of the notebook, and the cell it is in is known."""
    file = source_of(read_all(notebook.READER, write("train.ipynb", TRAIN)))
    raw = TRAIN.splitlines()
    for number, line in enumerate(file.text.splitlines(), start=1):
        if line not in ("", "pass"):
            assert json.dumps(line)[1:-1] in raw[number - 1]
    number = file.text.splitlines().index("lr = 0.1") + 1
    assert (file.place(number), file.cells[1][0]) == ("cell 2, line 4", 3)


def test_names_hold_across_cells(write: Write, read_all: ReadAll) -> None:
    """All code cells are one module: what a cell names another uses; magics and shell lines do nothing."""
    file = source_of(read_all(notebook.READER, write("train.ipynb", TRAIN)))
    statements = [type(statement).__name__ for statement in ast.parse(file.text).body]
    assert statements == ["Import", "Pass", "Pass", "Assign", "Assign"]


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        ("%%time\nx = 1", ["pass", "x = 1"]),
        ("%%bash\npip install y", []),
        ("%%writefile train.py\nimport os", []),
        ("for i in y:\n    !echo $i\n    z = 1", ["for i in y:", "    pass", "    z = 1"]),
        ("files = !ls\nn = %timeit -o f()", ["files = None", "n = None"]),
        ("!a \\\n  b\nx = 1", ["pass", "x = 1"]),
        ("model?\n?model", ["pass", "pass"]),
        ("s = 'a' \\\n  % (1, 2)", ["s = 'a' \\", "  % (1, 2)"]),
    ],
)
def test_magics_are_made_harmless(
    write: Write, read_all: ReadAll, cell: str, left: list[str]
) -> None:
    """Magics keep their place and indentation; cells in another language are blank; `%` stays an operator."""
    file = source_of(
        read_all(notebook.READER, write("a.ipynb", written(code("y = 1"), code(cell))))
    )
    assert [line for line in file.text.splitlines() if line][1:] == left


def test_what_cells_print_is_a_log(write: Write, read_all: ReadAll) -> None:
    """Printed epochs become curves that are cited at their own line of the notebook."""
    epochs = "".join(f"Epoch {i}/3 loss: {3 - i}.5 val_acc: 0.{6 + i}\n" for i in range(1, 4))
    text = written(code("train()", epochs), code("1 + 1"))
    facts = read_all(notebook.READER, write("train.ipynb", text))
    (run,) = [fact for fact in facts if isinstance(fact, RunFacts)]
    curve = next(series for series in run.series if series.key == "val_acc")
    assert (curve.values, curve.source.path) == ((0.7, 0.8, 0.9), facts[0].location)
    assert curve.source.line is not None
    assert "Epoch 1/3" in text.splitlines()[curve.source.line - 1]


def test_markdown_cells_are_a_document(write: Write, read_all: ReadAll) -> None:
    """A result table of a Markdown cell is read with its line."""
    table = "| Method | accuracy |\n|---|---|\n| Ours | 91.2 |\n"
    facts = read_all(notebook.READER, write("a.ipynb", written(markdown(table))))
    (document,) = [fact for fact in facts if isinstance(fact, DocumentFacts)]
    assert document.paper.tables[0].rows == (("Ours", "91.2"),)
    text = written(markdown(table)).splitlines()
    assert "Method" in text[(document.paper.tables[0].source.line or 0) - 1]


def test_a_notebook_in_one_line_counts_its_own_lines(write: Write, read_all: ReadAll) -> None:
    """Where the file has no lines of its own, lines run through the cells."""
    text = written(code("a = 1\nb = 2"), code("c = 3"), indent=None)
    file = source_of(read_all(notebook.READER, write("a.ipynb", text)))
    assert [line for line in file.text.splitlines() if line] == ["a = 1", "b = 2", "c = 3"]
    assert file.place(file.text.splitlines().index("c = 3") + 1) == "cell 2, line 1"


def test_format_3(write: Write, read_all: ReadAll) -> None:
    """Old notebooks keep cells in worksheets and code under `input`."""
    cell = {"cell_type": "code", "language": "python", "input": ["x = 1\n", "y = 2"], "outputs": [
        {"output_type": "stream", "text": ["Epoch 1 loss: 1.0\n"]}]}  # fmt: skip
    document = {"nbformat": 3, "worksheets": [{"cells": [cell]}], "metadata": {"name": ""}}
    file = source_of(read_all(notebook.READER, write("a.ipynb", json.dumps(document, indent=1))))
    assert [line for line in file.text.splitlines() if line] == ["x = 1", "y = 2"]


def test_code_in_another_language_is_no_python(write: Write, read_all: ReadAll) -> None:
    """An R notebook gives no code."""
    text = written(code("x <- 1"), language="R")
    assert read_all(notebook.READER, write("a.ipynb", text)) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "damaged notebook"),
        ("[" * 100_000, "damaged notebook"),
        ('{"a": 1}', "holds no cells"),
        ('{"cells": ' + "[" * 60 + "]" * 60 + "}", "nested"),
        (written(*[{"cell_type": "raw"}] * 20_001, indent=None), "more than 20,000 cells"),
    ],
)
def test_hostile_notebooks_give_one_line(write: Write, content: str, said: str) -> None:
    """Damage, bottomless nesting and endless cells are named."""
    with pytest.raises(UnreadableFile, match=said):
        list(notebook.read(entry_of(write("a.ipynb", content)), Limits()))


@pytest.mark.parametrize("seed", range(60))
def test_damage_gives_one_line(write: Write, seed: int) -> None:
    """Cut, overwritten and stuffed notebooks are read or refused, and never raise anything else."""
    text = written(markdown("| a | b |\n|--|--|\n| 1 | 2 |"), code("x = 1", "loss: 1.0\n"))
    entry = entry_of(write("a.ipynb", _damaged(text.encode(), random.Random(seed))))
    try:
        list(notebook.read(entry, Limits()))
    except UnreadableFile as error:
        assert "\n" not in str(error)


def shown(source: str, value: str) -> dict[str, Any]:
    """Return a code cell whose last line showed a value."""
    cell = code(source)
    cell["outputs"] = [
        {
            "data": {"text/plain": [value]},
            "execution_count": 1,
            "metadata": {},
            "output_type": "execute_result",
        }
    ]
    return cell


FIT = "".join(
    f"Epoch {e}/3\n9/9 [====] - 1s 2ms/step - loss: 0.{9 - e} - dice: 0.{e} - val_loss: 0.8"
    f" - val_dice: 0.{e}\n"
    for e in (1, 2, 3)
)
COMPILE = (
    "model.compile(optimizer='adam', loss='bce', metrics=[dice, tf.keras.metrics.MeanIoU(2)])\n"
)


def evaluated(*cells: dict[str, Any], write: Write, read_all: ReadAll) -> dict[str, float]:
    """Return the final scores of a notebook that compiles, fits and then runs some cells."""
    path = write("a.ipynb", written(code(COMPILE + "model.fit(x_train, y_train)", FIT), *cells))
    facts = [f for f in read_all(notebook.READER, path) if isinstance(f, RunFacts)]
    return {final.key: final.value for fact in facts for final in fact.finals}


def test_the_list_that_evaluate_shows_is_loss_and_metrics_on_its_data(
    write: Write, read_all: ReadAll
) -> None:
    """Names come from `compile`, the split from the arguments."""
    cell = shown("model.evaluate(X_test, Y_test, verbose=0)", "[0.09, 0.86, 0.7]")
    assert evaluated(cell, write=write, read_all=read_all) == {
        "test_loss": 0.09, "test_dice": 0.86, "test_mean_io_u": 0.7,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("model.evaluate(X, Y)", "[0.09, 0.86, 0.7]"),
        ("model.evaluate(x_test, y_test)", "[0.09, 0.86]"),
        ("scores = model.evaluate(x_test, y_test)", "[0.09, 0.86, 0.7]"),
        ("model.predict(x_test)", "[0.09, 0.86, 0.7]"),
        ("model.evaluate(np.concatenate([x_test, x_train]))", "[0.09, 0.86, 0.7]"),
    ],
)
def test_lists_of_another_meaning_are_no_scores(
    write: Write, read_all: ReadAll, source: str, value: str
) -> None:
    """Unknown data, another count, a value that was kept, predictions and two splits say nothing."""
    assert evaluated(shown(source, value), write=write, read_all=read_all) == {}


def test_evaluations_that_differ_are_of_several_models(write: Write, read_all: ReadAll) -> None:
    """Two scores under one name are not averaged or chosen from."""
    cells = [shown(f"m{i}.evaluate(x_test)", f"[0.{i}, 0.8, 0.7]") for i in (1, 2)]
    found = evaluated(*cells, write=write, read_all=read_all)
    assert found == {"test_dice": 0.8, "test_mean_io_u": 0.7}


def test_the_bar_of_an_evaluation_is_of_its_data(write: Write, read_all: ReadAll) -> None:
    """`evaluate(x_test)` prints the same line as an epoch; it is no further one of the training."""
    bar = "9/9 [====] - 0s 2ms/step - loss: 0.31 - dice: 0.77\n"
    found = evaluated(
        code("loss, d = model.evaluate(test_ds)", bar), write=write, read_all=read_all
    )
    assert (found["test/loss"], found["test/dice"]) == (0.31, 0.77)


def showed(html: str) -> dict[str, Any]:
    """Return a code cell that showed HTML."""
    data = {
        "text/html": html.splitlines(keepends=True),
        "text/plain": ["<IPython.core.display.HTML object>"],
    }
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    return code("learn.fit(3)") | {"outputs": [output]}


def progress(titles: list[str], rows: list[list[object]]) -> str:
    """Return a table as fastai and transformers show it."""
    head = "".join(f"<th>{title}</th>\n" for title in titles)
    body = "".join("<tr>\n" + "".join(f"<td>{c}</td>\n" for c in row) + "</tr>\n" for row in rows)
    return f"<table>\n<thead>\n<tr>\n{head}</tr>\n</thead>\n<tbody>\n{body}</tbody>\n</table>"


def curves_of(facts: list[Any]) -> dict[str, tuple[str, tuple[float, ...]]]:
    """Return unit and values of each curve."""
    runs = [fact for fact in facts if isinstance(fact, RunFacts)]
    return {s.key: (s.unit, s.values) for run in runs for s in run.series}


def test_a_table_of_progress_shown_as_html_is_a_log(write: Write, read_all: ReadAll) -> None:
    """Scores beside a validation loss were measured on the validation data; times and gaps are no values."""
    rows: list[list[object]] = [
        [n, "No log" if n == 1 else 2 - n / 4, 1.5 - n / 4, n / 10, "00:12"] for n in (1, 2, 3)
    ]
    page = progress(["Epoch", "Training Loss", "Validation Loss", "Accuracy", "time"], rows)
    found = curves_of(read_all(notebook.READER, write("a.ipynb", written(showed(page)))))
    assert found == {
        "Training_Loss": ("epoch", (1.5, 1.25)),
        "Validation_Loss": ("epoch", (1.25, 1.0, 0.75)),
        "valid_Accuracy": ("epoch", (0.1, 0.2, 0.3)),
    }


def test_a_table_of_other_things_is_no_log(write: Write, read_all: ReadAll) -> None:
    """Without an epoch or a step in front, HTML stays unread."""
    page = progress(["name", "loss"], [["a", 0.1], ["b", 0.2], ["c", 0.3]])
    assert curves_of(read_all(notebook.READER, write("a.ipynb", written(showed(page))))) == {}


def test_numbers_of_cells_are_defaults_of_the_notebook(write: Write, read_all: ReadAll) -> None:
    """Names at the margin of cells that configure a training are read as those of a script."""
    cells = [code("max_iters = 2000\nlr = 1e-3\n"), code("batch_size = 16\n")]
    facts = read_all(notebook.READER, write("a.ipynb", written(*cells)))
    found = {s.key: s.value for f in facts if isinstance(f, RunFacts) for s in f.settings}
    assert found == {"max_iters": 2000, "lr": 0.001, "batch_size": 16}


def test_one_final_score_of_a_configured_notebook_counts(write: Write, read_all: ReadAll) -> None:
    """A notebook that configures a training and prints one score ran it."""
    cells = [
        code("epochs = 20\nlr = 1e-3\nbatch_size = 16\n"),
        code("print(best)", "Min Eval loss:  1.16\n"),
    ]
    facts = read_all(notebook.READER, write("a.ipynb", written(*cells)))
    assert [f.value for r in facts if isinstance(r, RunFacts) for f in r.finals] == [1.16]


def test_a_cell_that_does_not_parse_hides_no_other(write: Write, read_all: ReadAll) -> None:
    """Lines that no Python parses are left out; the cells around them and their other lines stay."""
    broken = code("batch = 8\nprint(f'{\n    'a',\n)\n", "")
    cells = (code("lr = 0.1\n"), broken, code("epochs = 3\nthis is no code\nwd = 0.5\n"))
    text = source_of(read_all(notebook.READER, write("a.ipynb", written(*cells)))).text
    tree = ast.parse(text)
    names = [n.targets[0].id for n in tree.body if isinstance(n, ast.Assign)]  # type: ignore[attr-defined]  # names
    assert names[0] == "lr"
    assert names[-2:] == ["epochs", "wd"]
