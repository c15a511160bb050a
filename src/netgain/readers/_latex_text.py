"""LaTeX to words: comments dropped, macros expanded within a bound, cells and sentences made plain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from netgain.errors import UnreadableFile

PASSES = 8
"""Macros inside macros are followed this deep."""
LONGEST_BODY = 2_000
LONGEST_FRAGMENT = 20_000
"""Characters one cell, caption or sentence may have, macros expanded."""
MOST_EXPANDED = 5_000_000
"""Characters all macros of one document may expand to, so that `\\a` = `\\b\\b` cannot multiply on."""
MOST_MACROS = 5_000
DEEPEST = 60
"""Nested groups followed in one fragment."""

COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
DISCARDED = re.compile(
    r"\\iffalse\b.*?(?:\\fi\b|\Z)"
    r"|\\begin\{(comment|verbatim\*?|lstlisting|minted|filecontents\*?|thebibliography)\}.*?"
    r"(?:\\end\{\1\}|\Z)",
    re.DOTALL,
)
DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|DeclareMathOperator)\*?\s*+"
    r"\{?\s*+\\(?P<new>[A-Za-z@]+)\s*+\}?\s*+(?:\[(?P<count>\d)\])?\s*+(?:\[(?P<default>[^\]]{0,200})\])?\s*+(?=\{)"
    r"|\\[egx]?def\s*+\\(?P<plain>[A-Za-z@]+)\s*+(?P<parameters>(?:#\d\s*+)*)(?=\{)"
)
OWN_NAME = re.compile(r"[Oo]ur(?:s|[Mm]ethod|[Mm]odel|[Aa]pproach|[Nn]ame|[Ss]ystem|[Aa]lgo\w*)?")
"""Macros by whose name the authors say that what they stand for is theirs; the word goes with it."""
BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
ORDINARY = re.compile(r"[^\\{}_^~$]+")
COMMAND = re.compile(r"\\([A-Za-z@]+\*?|.)", re.DOTALL)
RULE_SIZE = re.compile(r"(?:\s*(?:width|height|depth)\s*[-\d.]{1,10}\s*[a-z]{2})*")
SCIENTIFIC = re.compile(r"(?:(?<!\d)(\d+(?:\.\d+)?)\s*[×·]\s*)?\b10\^([-−+]?\d+)")

SYMBOLS = {
    "pm": " ± ", "textpm": " ± ", "uparrow": "↑", "downarrow": "↓", "times": "×", "cdot": "·",
    "textuparrow": "↑", "textdownarrow": "↓", "checkmark": "✓", "cmark": "✓", "xmark": "✗", "sim": "~",
    "approx": "≈", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "to": "→", "rightarrow": "→",
    "Delta": "Δ", "ldots": "…", "dots": "…", "percent": "%", "textemdash": "—", "textendash": "–",
    "textasciitilde": "~", "textbackslash": "\\", "textbar": "|", "%": "%", "&": "&", "_": "_", "#": "#",
    "$": "$", "{": "{", "}": "}", ",": " ", ";": " ", ":": " ", " ": " ", "\n": " ", "\\": " ", "!": "",
    "/": "", "-": "", "quad": " ", "qquad": " ", "newline": " ", "par": " ", "tabularnewline": " ",
    "dagger": "", "ddagger": "", "star": "", "ast": "", "textdagger": "", "textasteriskcentered": "",
}  # fmt: skip
"""Commands without arguments that stand for characters; footnote marks stand for nothing."""

KEPT_LAST = {
    "multirow": 3, "multicolumn": 3, "rotatebox": 2, "textcolor": 2, "colorbox": 2, "scalebox": 2,
    "resizebox": 3, "resizebox*": 3, "raisebox": 2, "makebox": 1, "framebox": 1, "parbox": 2, "href": 2,
    "underset": 2, "adjustbox": 2, "fcolorbox": 3, "multirowcell": 2, "hyperref": 1, "color": 0,
    "SI": 2, "qty": 2,
}  # fmt: skip
"""Commands whose last argument is their text, with how many they take."""

DROPPED = {
    "label": 1, "ref": 1, "eqref": 1, "autoref": 1, "cref": 1, "Cref": 1, "pageref": 1, "vspace": 1,
    "vspace*": 1, "hspace": 1, "hspace*": 1, "rowcolor": 1, "cellcolor": 1, "columncolor": 1, "color": 1,
    "rowcolors": 3, "includegraphics": 1, "footnote": 1, "footnotetext": 1, "footnotemark": 0, "tnote": 1,
    "textsuperscript": 1, "cmidrule": 1, "cline": 1, "cdashline": 1, "specialrule": 3, "addlinespace": 0,
    "arrayrulecolor": 1, "noalign": 1, "setlength": 2, "addtolength": 2, "renewcommand": 2, "rule": 2,
    "phantom": 1, "hphantom": 1, "vphantom": 1, "todo": 1, "index": 1, "thanks": 1, "begin": 1, "end": 1,
    "caption": 1, "setcounter": 2, "bibliography": 1, "bibliographystyle": 1, "input": 1, "include": 1,
    "hdashline": 0, "midrule": 0, "toprule": 0, "bottomrule": 0, "hline": 0, "Xhline": 1, "url": 1,
    "fontsize": 2, "definecolor": 3, "arraystretch": 0, "pagestyle": 1, "usepackage": 1,
    "documentclass": 1, "graphicspath": 1, "email": 1, "affiliation": 1, "keywords": 1, "captionsetup": 1,
}  # fmt: skip
"""Commands that leave no words, with how many arguments go with them."""

SILENT = frozenset((
    "bf", "it", "em", "rm", "sc", "tt", "sl", "tiny", "scriptsize", "footnotesize", "small", "normalsize",
    "large", "Large", "LARGE", "huge", "Huge", "centering", "raggedright", "raggedleft", "noindent",
    "bfseries", "itshape", "ttfamily", "sffamily", "rmfamily", "scshape", "upshape", "mdseries",
    "normalfont", "boldmath", "left", "right", "big", "Big", "bigg", "Bigg", "displaystyle", "textstyle",
    "scriptstyle", "xspace", "protect", "relax", "selectfont", "arraybackslash", "ignorespaces", "unskip",
    "maketitle", "item", "clearpage", "newpage", "appendix", "strut", "hfill", "vfill", "smallskip",
    "medskip", "bigskip", "leavevmode", "hss", "limits", "nolimits", "allowbreak", "nobreak", "linebreak",
    "pagebreak", "sloppy", "null", "empty", "endhead", "endfirsthead", "endfoot", "endlastfoot",
))  # fmt: skip
"""Commands that change looks alone."""

KNOWN = frozenset(
    {*KEPT_LAST, *DROPPED, *SYMBOLS, *SILENT, "textbf", "textit", "emph", "underline", "text", "mathbf",
     "mathrm", "frac", "makecell", "shortstack", "section", "title", "author", "item", "hskip", "mbox"}
)  # fmt: skip
"""Commands that keep their meaning whatever a style defines them as."""
CITES = re.compile(
    r"(?:[Cc]ite|parencite|textcite|autocite|footcite|citealp|citeauthor)[A-Za-z]*\*?"
)
CITED = "[cite]"
"""What stands in plain text where a citation stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """One macro that the document defines."""

    arguments: int
    """How many arguments it takes, the optional one included."""
    default: str | None
    """Value of the optional first argument; None where all are required."""
    body: str
    """Replacement text with `#1`, `#2`."""


def without_comments(text: str) -> str:
    """Blank comments, disabled parts, listings and bibliographies; lengths and lines stay as they are."""
    bare = COMMENT.sub(lambda m: m.group(1) + " " * (len(m.group(0)) - len(m.group(1))), text)
    return DISCARDED.sub(lambda m: blank(m.group(0)), bare)


def blank(text: str) -> str:
    """Return as many spaces as there are characters, line breaks kept."""
    return re.sub(r"[^\n]", " ", text)


def group_end(text: str, start: int, most: int = LONGEST_FRAGMENT) -> int:
    """Return the position after the brace that closes the one at `start`; `most` further where none does."""
    depth = 0
    for match in BRACE.finditer(text, start, start + most):
        mark = match.group(0)
        depth += (mark == "{") - (mark == "}")
        if depth == 0:
            return match.end()
    return min(len(text), start + most)


def macros_of(text: str) -> dict[str, Macro]:
    """Return the macros a document defines, the last definition of each name."""
    found: dict[str, Macro] = {}
    for match in islice(DEFINITION.finditer(text), MOST_MACROS):
        name = match.group("new") or match.group("plain")
        end = group_end(text, match.end(), LONGEST_BODY)
        body = text[match.end() + 1 : end - 1]
        parameters = match.group("parameters")
        count = parameters.count("#") if parameters is not None else int(match.group("count") or 0)
        if name in KNOWN or CITES.fullmatch(name) or "@" in name or f"\\{name}" in body:
            continue
        if OWN_NAME.fullmatch(name) and count == 0 and "ours" not in body.lower():
            body += " (ours)"
        found[name] = Macro(arguments=count, default=match.group("default"), body=body)
    return found


def arguments_at(text: str, start: int, count: int) -> tuple[list[str], int]:
    """Return up to `count` required arguments from `start` on and the position after them.

    Optional ones, in brackets or parentheses, are passed over.
    """
    found: list[str] = []
    index = start
    while True:
        following = re.compile(r"\s*").match(text, index)
        position = following.end() if following else index
        if position >= len(text):
            return found, index
        if text[position] in "[(" and (len(found) < count or text[position] == "["):
            close = text.find("]" if text[position] == "[" else ")", position)
            if close < 0 or close - position > 200:
                return found, index
            index = close + 1
        elif len(found) >= count or text[position] in "}&":
            return found, index
        elif text[position] == "{":
            index = group_end(text, position)
            found.append(text[position + 1 : index - 1])
        else:
            one = COMMAND.match(text, position)
            index = one.end() if one else position + 1
            found.append(text[position:index])


class Words:
    """Turns pieces of one document into plain text; counts what its macros have expanded to."""

    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self.macros = dict(macros)
        self.expanded = 0

    def plain(self, text: str) -> str:
        """Return the words of a fragment on one line, numbers as written.

        Raises:
            UnreadableFile: the macros of the document expand without end.
        """
        parts = "".join(_spoken(self._expand(text[:LONGEST_FRAGMENT]), 0))
        parts = re.sub(r"\(ours\)\s*\((?=ours?\b)", "(", parts, flags=re.IGNORECASE)
        parts = SCIENTIFIC.sub(lambda m: f"{m.group(1) or '1'}e{m.group(2).lstrip('+')}", parts)
        return re.sub(r"\s+", " ", parts).strip()

    def _expand(self, text: str) -> str:
        for _ in range(PASSES):
            pieces = list(self._one_pass(text))
            if len(pieces) == 1:
                return text
            text = "".join(pieces)
        return text

    def _one_pass(self, text: str) -> Iterator[str]:
        position, length = 0, 0
        for match in COMMAND.finditer(text):
            macro = self.macros.get(match.group(1))
            if macro is None or match.start() < position:
                continue
            yield text[position : match.start()]
            body, position = _substituted(macro, text, match.end())
            length += len(body)
            self.expanded += len(body)
            if self.expanded > MOST_EXPANDED:
                raise UnreadableFile(
                    f"macros expand to more than {MOST_EXPANDED:,} characters; expected a paper's source"
                )
            if length > LONGEST_FRAGMENT:
                return
            yield body
        yield text[position:]


def _substituted(macro: Macro, text: str, start: int) -> tuple[str, int]:
    required, end = macro.arguments, start
    given: list[str] = []
    if macro.default is not None:
        optional = re.compile(r"\s*\[([^\]]{0,200})\]").match(text, start)
        given, end = [optional.group(1) if optional else macro.default], start
        end = optional.end() if optional else start
        required -= 1
    if required > 0:
        more, end = arguments_at(text, end, required)
        given += more
    body = re.sub(
        r"#(\d)",
        lambda m: given[int(m.group(1)) - 1] if int(m.group(1)) <= len(given) else "",
        macro.body,
    )
    return body[:LONGEST_FRAGMENT], end


def _spoken(text: str, depth: int) -> Iterator[str]:
    """Yield the words of a fragment whose macros are expanded."""
    if depth > DEEPEST:
        return
    text = re.sub(r"(?<=\d)\\[,!](?=\d{3}(?!\d))", ",", text)
    index, last = 0, " "
    while index < len(text):
        character = text[index]
        if character == "\\":
            match = COMMAND.match(text, index)
            if match is None:
                return
            piece, index = _command(match.group(1), text, match.end(), depth)
        elif character == "{":
            end = group_end(text, index)
            piece, index = "".join(_spoken(text[index + 1 : end - 1], depth + 1)), end
        elif character in "_^" and index + 1 < len(text):
            inside, end = _script(text, index + 1)
            words = "".join(_spoken(inside, depth + 1)).strip()
            piece, index = _beside(character, words, last), end
        elif character == "~":
            piece, index = " ", index + 1
        else:
            run = ORDINARY.match(text, index)
            piece, index = (run.group(0), run.end()) if run else ("", index + 1)
        if piece:
            last = piece[-1]
            yield piece


def _script(text: str, start: int) -> tuple[str, int]:
    """Return what a subscript or superscript mark applies to, and the position after it."""
    if text[start] == "{":
        end = group_end(text, start)
        return text[start + 1 : end - 1], end
    match = COMMAND.match(text, start)
    end = match.end() if match else start + 1
    return text[start:end], end


def _beside(mark: str, words: str, last: str) -> str:
    """Write a subscript or superscript so that it never joins the digits of the number before it."""
    if not words:
        return ""
    if "±" in words:
        return f" {words}"
    if not re.search(r"\d", words):
        return "" if not re.search(r"\w", words) else f"{mark}{words}"
    if not (last.isdigit() or last in ".%)"):
        return words if mark == "_" else ""
    return f"^{words}" if mark == "^" else f" ({words.strip('()')})"


def _command(name: str, text: str, start: int, depth: int) -> tuple[str, int]:
    """Return the words of one command with its arguments, and the position after it."""
    if name in SYMBOLS:
        return SYMBOLS[name], start
    if CITES.fullmatch(name):
        _, end = arguments_at(text, start, 1)
        return f" {CITED}", end
    if name in ("vrule", "hrule"):
        size = RULE_SIZE.match(text, start)
        return " ", size.end() if size else start
    if name in DROPPED:
        _, end = arguments_at(text, start, DROPPED[name])
        return " ", end
    if name in SILENT:
        return " " if start < len(text) and text[start].isspace() else "", start
    if name in KEPT_LAST:
        given, end = arguments_at(text, start, KEPT_LAST[name])
        if name in ("SI", "qty") and len(given) == 2:
            return " ".join("".join(_spoken(one, depth + 1)) for one in given), end
        return "".join(_spoken(given[-1], depth + 1)) if given else "", end
    if name in ("frac", "nicefrac"):
        given, end = arguments_at(text, start, 2)
        return "/".join("".join(_spoken(one, depth + 1)) for one in given), end
    if start < len(text) and text[start] in "{[":
        given, end = _attached(text, start)
        if any(one.strip() for one in given):
            return " ".join("".join(_spoken(one, depth + 1)) for one in given), end
        start = end
    return (f" {name} " if len(name) > 1 else name), start


def _attached(text: str, start: int) -> tuple[list[str], int]:
    """Return the braced arguments that follow a command without a gap; bracketed ones are left out."""
    found: list[str] = []
    index = start
    while index < len(text) and text[index] in "{[":
        if text[index] == "[":
            close = text.find("]", index)
            if close < 0 or close - index > 200:
                break
            index = close + 1
        else:
            end = group_end(text, index)
            found.append(text[index + 1 : end - 1])
            index = end
    return found, index
