import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff.molecules.names import numbered_names, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [("CC(=O)O water", "CC_O_O_water"), ("../..", "x"), ("", "x"), (".hidden", "hidden")],
)
def test_characters_that_are_invalid_in_folder_names_are_replaced(text, name):
    assert safe_name(text, otherwise="x") == name


@given(st.text())
def test_a_safe_name_is_safe(text):
    name = safe_name(text, otherwise="molecule")
    assert name.isascii()
    assert name
    assert len(name) <= 40
    assert all(c.isalnum() or c in "._-" for c in name)
    assert not name.startswith(".")
    assert safe_name(name, otherwise="x") == name


@given(st.lists(st.sampled_from(["a", "A", "a-1", "a-2", "a-1-1", "b"]), max_size=8))
def test_numbered_names_all_differ(names):
    numbered = numbered_names(names)
    assert len({name.casefold() for name in numbered}) == len(names)
    assert all(new.startswith(old) for old, new in zip(names, numbered, strict=True))
