from pathlib import Path

import jinja2
import pytest

from openmm_mlff.report import templating


@pytest.mark.parametrize(
    ("function", "value", "shown"),
    [
        ("escape_text", "|F| < 100 eV/Å", r"\|F\| &lt; 100 eV/Å"),
        ("escape_text", "a * b and _c_ but energy_drift", r"a \* b and \_c\_ but energy_drift"),
        ("escape_text", "see [evidence](x) `code` ~ $5", r"see \[evidence\](x) \`code\` \~ \$5"),
        ("escape_text", "two\nlines\t and   spaces", "two lines and spaces"),
        ("escape_text", r"back\slash & <b>", r"back\\slash &amp; &lt;b&gt;"),
        ("code_span", "a|b", "`a|b`"),
        ("code_span", "a `b` ``c``", "``` a `b` ``c`` ```"),
        ("code_span", "", ""),
        ("evidence_text", 0.1 + 0.2, "0.3"),
        ("evidence_text", None, "null"),
        ("evidence_text", True, "true"),
        ("evidence_text", 7, "7"),
        ("evidence_text", {"H": 0.5, "O": [1, 2]}, "H 0.5; O [1, 2]"),
        ("evidence_text", {}, "none"),
        ("evidence_text", [7] * 100, f"[{'7, ' * 12}… (100 values)]"),
    ],
)
def test_texts_from_outside_are_harmless_in_markdown(function, value, shown):
    assert getattr(templating, function)(value) == shown
    assert templating.code_span("a|b", cell=True) == r"`a\|b`"


def test_nested_tables_become_dotted_rows():
    nested = {"a": 1, "b": {"c": 2, "d": {"e": 3}}, "runs": [{"x": 4}, {"x": 5}], "list": [6]}
    rows = [("a", 1), ("b.c", 2), ("b.d.e", 3), ("runs.0.x", 4), ("runs.1.x", 5), ("list", [6])]
    assert templating.flatten(nested) == rows


def test_links_are_relative_and_encoded():
    page = Path("/out/reports")
    link = templating.relative_link(Path("/out/reports/figures/my molecule (1).png"), folder=page)
    assert link == "figures/my%20molecule%20%281%29.png"
    assert templating.relative_link(Path("/out/x.png"), folder=page) == "../x.png"


def test_a_name_that_the_template_lacks_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        templating.render("report.md.j2")
