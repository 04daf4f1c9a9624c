"""Whatever the text, there is a result or one line; what was written is read back the same."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from openmm_mlff.config import load_protocol, parse_protocol
from openmm_mlff.errors import UserError
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.ase import read_options
from openmm_mlff.results import CheckResult, ValidationReport
from openmm_mlff.storage.run_directory import (
    molecule_from_json,
    molecule_to_json,
    read_json,
    write_json,
)

from .conftest import BOX, SDF, SYSTEM_TOML, WATER

FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
CHARGED = WATER.replace("\n\n", "\ncharge=0\n")
BOXED = BOX.format("9 0 0 1 8 0 2 -3 7").replace("pbc", "charge=0 pbc")
PDB = (
    "CRYST1    9.000    9.000    9.000  90.00  90.00  90.00 P 1           1\n"
    "HETATM    1  O   HOH A   1       0.000   0.000   0.000  1.00  0.00           O\n"
    "HETATM    2  H1  HOH A   1       0.960   0.000   0.000  1.00  0.00           H\n"
    "HETATM    3  H2  HOH A   1      -0.240   0.930   0.000  1.00  0.00           H\nEND\n"
)
PROTOCOL = 'extends = "quick"\nname = "mine"\n[dynamics]\nduration_ps = 0.5\nreplicas = 2\n'


def gives_a_result_or_one_line(call, *arguments):
    said = ""
    try:
        call(*arguments)
    except UserError as error:
        said = str(error)
    assert "\n" not in said


@st.composite
def scratched(draw, text):
    """Give a text with pieces cut out, doubled or written over."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 30)))
        piece = draw(
            st.sampled_from(["", text[start:end] * 2, "nan", "-1", "1e999", "\0", "[", '"'])
            | st.text(max_size=6)
        )
        text = text[:start] + piece + text[end:]
    return text


@pytest.mark.parametrize(
    ("load", "name", "whole"),
    [
        (load_systems, "a.xyz", CHARGED),
        (load_systems, "a.extxyz", BOXED),
        (load_systems, "a.sdf", SDF),
        (load_systems, "a.pdb", PDB),
        (lambda path: load_systems(path.parent), "system.toml", SYSTEM_TOML),
        (lambda path: load_protocol(str(path)), "a.toml", PROTOCOL),
    ],
)
def test_any_file(tmp_path, load, name, whole):
    (tmp_path / "s.xyz").write_text(WATER)
    path = tmp_path / name

    @FEW
    @given(st.one_of(scratched(whole), st.text(), st.binary()))
    def check(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        gives_a_result_or_one_line(load, path)

    check()


@FEW
@given(
    st.one_of(
        st.text(),
        st.text().map("student:".__add__),
        st.text(alphabet="abc.:?=&%/").map("ase:zz".__add__),
        scratched("ase:ase.calculators.lj:LennardJones?sigma=2.5&epsilon=0.01"),
    )
)
def test_any_spec_string(spec):
    gives_a_result_or_one_line(load_potential, spec)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@FEW
@given(JSON, st.sampled_from(["value", "threshold", "condition", "evidence", "status", "message"]))
def test_any_value_in_a_check(value, field):
    whole = {"id": "a", "group": "b", "system": "c", "status": "PASS", "message": "d"}
    try:
        found = CheckResult.model_validate(whole | {field: value})
    except ValidationError:
        return
    assert found.value is None or np.isfinite(found.value)


@FEW
@given(JSON)
def test_any_json_as_a_report(value):
    with pytest.raises(ValidationError):
        ValidationReport.from_json(json.dumps(value))


@FEW
@given(st.lists(st.sampled_from([1, 6, 7, 8]), min_size=1, max_size=5), st.floats(-1.0, 1.0))
def test_a_molecule_is_read_back_as_it_was_written(tmp_path_factory, numbers, shift):
    places = [[2.0 * index, shift, -shift] for index in range(len(numbers))]
    molecule = MolecularSystem(
        name="m",
        atomic_numbers=np.array(numbers),
        positions_angstrom=np.array(places),
        multiplicity=1 + sum(numbers) % 2,
    )
    path = tmp_path_factory.getbasetemp() / "molecule.json"
    write_json(path, molecule_to_json(molecule))
    assert molecule_from_json(read_json(path)).sha256 == molecule.sha256


@FEW
@given(st.sampled_from(["quick", "standard", "extended"]), st.integers(1, 9))
def test_a_protocol_is_read_back_as_it_was_written(name, replicas):
    protocol = load_protocol(name)
    dynamics = protocol.dynamics.model_copy(update={"replicas": replicas})
    changed = protocol.model_copy(update={"dynamics": dynamics})
    assert parse_protocol(json.loads(changed.model_dump_json()), origin=name) == changed


@FEW
@given(
    st.dictionaries(
        st.text("abcxyz", min_size=1),
        st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
        max_size=4,
    )
)
def test_options_of_a_spec_are_read_back_as_they_were_written(options):
    query = "&".join(f"{key}={json.dumps(value)}" for key, value in options.items())
    assert read_options(query) == options
