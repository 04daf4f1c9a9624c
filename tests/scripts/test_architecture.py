"""The picture in docs/architecture.md shows the imports of the code, which have no circle."""

import json
from graphlib import CycleError, TopologicalSorter
from xml.etree import ElementTree

import pytest
from architecture import BY_NAME, describe, may_import, module_imports, room_of, without_chains
from draw_architecture import PICTURE, draw

DESCRIPTION = ".//{http://purl.org/dc/elements/1.1/}description"


@pytest.fixture
def make_package(tmp_path):
    def make(**files):
        folder = tmp_path / "package"
        folder.mkdir()
        for name, text in {"__init__": "", **files}.items():
            (folder / f"{name}.py").write_text(text)
        return folder

    return make


def test_the_committed_picture_shows_the_imports_of_today(repository):
    now = describe(repository / "openmm_mlff", repository / "pyproject.toml")
    drawn = json.loads(ElementTree.parse(repository / PICTURE).findtext(DESCRIPTION))
    assert list(drawn) == list(now), "run: python scripts/draw_architecture.py"
    for name, room in drawn.items():
        # A picture need not be drawn anew for every line.
        size = pytest.approx(now[name]["lines"], rel=0.25, abs=100)
        expected = now[name] | {"lines": size}
        assert room == expected, "run: python scripts/draw_architecture.py"


def test_no_file_of_the_package_imports_itself_by_way_of_others(repository):
    TopologicalSorter(module_imports(repository / "openmm_mlff")).prepare()


@pytest.mark.parametrize(
    "text", ["import package.b", "from package import b", "def f():\n    from package.b import c"]
)
def test_a_circle_is_found_at_the_top_of_a_file_and_in_a_function(make_package, text):
    graph = module_imports(make_package(a=text, b="from package.a import d"))
    assert graph == {"": set(), "a": {"b"}, "b": {"a"}}
    with pytest.raises(CycleError):
        without_chains(graph)


def test_imports_for_type_checkers_and_of_other_packages_do_not_count(make_package):
    text = "import b\nif TYPE_CHECKING:\n    import package.b\nelse:\n    import package.c\n"
    assert module_imports(make_package(a=text, b="", c=""))["a"] == {"c"}


def test_an_arrow_that_follows_from_a_chain_is_left_out():
    graph = {"a": {"b", "c", "d"}, "b": {"c"}, "c": set(), "d": set()}
    assert without_chains(graph) == {"a": {"b", "d"}, "b": {"c"}, "c": set(), "d": set()}


@pytest.mark.parametrize(
    ("module", "room"),
    [
        ("storage.files", "storage.files"),
        ("storage.fingerprint", "storage"),
        ("recommendation", "verdict"),
        ("checks.surface.moves", "checks"),
    ],
)
def test_a_module_is_in_the_room_that_names_most_of_it(module, room):
    assert room_of(module).name == room


def test_a_module_without_a_room_is_refused():
    with pytest.raises(ValueError, match="'check'"):
        room_of("check")


def test_a_room_may_import_another_only_where_every_contract_has_it_above():
    upper, lower = BY_NAME["report"], BY_NAME["checks"]
    above, below = [{"report"}, {"checks"}], [{"checks"}, {"report"}]
    assert may_import(upper, lower, [above])
    assert not may_import(upper, lower, [above, below])
    assert not may_import(upper, upper, [above])


def test_a_room_that_is_drawn_above_one_that_imports_it_is_refused():
    described = {name: {"band": "below", "lines": 1, "imports": []} for name in BY_NAME}
    described["plots"]["imports"] = ["report"]
    with pytest.raises(ValueError, match="plots imports report"):
        draw(described)
