"""Force fields of OpenMM by their spec: their files, molecules, boxes and constraints."""

import shutil
from pathlib import Path

import numpy as np
import openmm
import pytest

from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules import load_system, systems_root
from openmm_mlff.potentials import load_potential

SPCFW = Path(__file__).resolve().parents[2] / "examples" / "spcfw.xml"


@pytest.fixture(scope="module")
def box():
    return load_system("water_box_64")


@pytest.fixture(scope="module")
def spcfw():
    return load_potential(f"openmm:{SPCFW}?cutoff_angstrom=6")


def test_one_molecule_has_the_energy_of_its_harmonic_terms(spcfw):
    """E = k/2 (r − r0)² + k/2 (θ − θ0)², Wu, Tepper and Voth 2006, in kcal/mol."""
    angle, length = np.radians(104.5), 0.96
    placed = length * np.array([[0, 0, 0], [1, 0, 0], [np.cos(angle), np.sin(angle), 0]])
    water = load_system("water").with_positions(placed)
    expected = 1059.162 * (length - 1.012) ** 2 + 0.5 * 75.9 * (angle - np.radians(113.24)) ** 2
    found = spcfw.evaluate(water, placed[None], precision="double")
    assert found.energies_ev[0] == pytest.approx(expected * 0.0433641, rel=1e-5)


def test_a_box_does_not_depend_on_images_and_ase_gets_the_same(spcfw, box):
    start = box.positions_angstrom
    images = np.random.default_rng(0).integers(-2, 3, size=start.shape) @ box.cell_angstrom
    found = spcfw.evaluate(box, np.stack([start, start + images]), precision="double")
    np.testing.assert_allclose(np.diff(found.energies_ev), 0.0, atol=1e-8)
    np.testing.assert_allclose(np.diff(found.forces_ev_per_angstrom, axis=0), 0.0, atol=1e-8)
    atoms = box.to_ase()
    atoms.calc = spcfw.ase_calculator(precision="double")
    assert atoms.get_potential_energy() == pytest.approx(found.energies_ev[0], abs=1e-9)
    # A smaller box is another energy, in the same Context.
    atoms.set_cell(0.99 * atoms.cell, scale_atoms=True)
    assert abs(atoms.get_potential_energy() - found.energies_ev[0]) > 0.1


def test_rigid_water_has_constraints_and_keeps_its_bonds_in_the_energy(box):
    spec = "openmm:tip3p.xml?cutoff_angstrom=6"
    flexible, rigid = load_potential(spec), load_potential(f"{spec}&rigid_water=true")
    systems = [each.create_system(box) for each in (flexible, rigid)]
    assert [system.getNumConstraints() for system in systems] == [0, 192]
    for system in systems:
        bonds = next(f for f in system.getForces() if isinstance(f, openmm.HarmonicBondForce))
        assert bonds.getNumBonds() == 128
    assert flexible.sha256 != rigid.sha256


def test_the_fingerprint_is_of_the_content_of_every_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    shutil.copy(SPCFW, tmp_path / "own" / "water.xml")
    (tmp_path / "own" / "all.xml").write_text(
        '<ForceField><Include file="water.xml"/></ForceField>'
    )
    first = load_potential("openmm:own/all.xml")
    assert set(first.fingerprint.files) == {"own/all.xml", "own/water.xml"}
    changed = SPCFW.read_text().replace("0.41", "0.42").replace("-0.82", "-0.84")
    (tmp_path / "own" / "water.xml").write_text(changed)
    assert load_potential("openmm:own/all.xml").sha256 != first.sha256
    shipped = load_potential("openmm:amber14-all.xml").fingerprint.files
    assert "amber14/protein.ff14SB.xml" in shipped
    assert all(len(digest) == 64 for digest in shipped.values())


def test_a_chain_of_residues_needs_a_structure_that_names_them():
    chain = load_system("alanine_dipeptide")
    with pytest.raises(PotentialError, match=r"on alanine_dipeptide: .*template"):
        load_potential("openmm:amber14-all.xml").check_molecule(chain)
    solvated = systems_root() / "ethanol_in_water"
    structure = next(path for path in solvated.iterdir() if path.suffix == ".pdb")
    box = load_system("ethanol_in_water")
    spec = f"openmm:{solvated}/ethanol.xml,amber14/tip3p.xml?structure={structure}"
    potential = load_potential(spec)
    potential.check_molecule(box)
    assert len(potential.fingerprint.files) == 3
    with pytest.raises(PotentialError, match="differ in number"):
        potential.check_molecule(chain)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("openmm:", "expected openmm:FILE.xml"),
        ("openmm:tip3p.xml,", "expected openmm:FILE.xml"),
        ("openmm:tip3p.xml?cutoff_angstrom", "expected openmm:FILE.xml"),
        ("openmm:nowhere.xml", "nowhere.xml.*cannot be loaded"),
        ("openmm:tip3p.xml?cutof_angstrom=6", "cutoff_angstrom"),
        ("openmm:tip3p.xml?cutoff_angstrom=six", "six"),
        ("openmm:tip3p.xml?rigid_water=perhaps", "rigid_water"),
        ("openmm:tip3p.xml?constraints=some", "unknown constraints"),
    ],
)
def test_unusable_specs_are_refused(spec, said):
    with pytest.raises(PotentialError, match=said):
        load_potential(spec)


@pytest.mark.parametrize(
    ("spec", "system", "said"),
    [
        ("openmm:tip3p.xml", "water_box_64", "less than twice the cutoff"),
        ("openmm:tip3p.xml", "ethanol", "ethanol.*template"),
        ("openmm:tip4pew.xml", "water", "virtual sites"),
    ],
)
def test_systems_that_it_cannot_describe_are_refused(spec, system, said):
    with pytest.raises(PotentialError, match=said):
        load_potential(spec).check_molecule(load_system(system))


def test_a_box_too_small_for_the_cutoff_is_refused_and_others_go_on(spcfw, box):
    """OpenMM would end the process with a segmentation fault."""
    small = box.with_cell(0.9 * box.cell_angstrom, positions_angstrom=0.9 * box.positions_angstrom)
    before = spcfw.evaluate(box, box.positions_angstrom[None]).energies_ev
    for potential in (spcfw, spcfw.fresh()):
        with pytest.raises(EvaluationRefusedError, match="less than twice the cutoff of 6 Å"):
            potential.evaluate(small, small.positions_angstrom[None])
    assert spcfw.evaluate(box, box.positions_angstrom[None]).energies_ev == before


def test_ase_has_the_bonds_of_the_molecule_however_long_they_are(spcfw, box):
    spcfw.check_molecule(box)
    stretched = box.to_ase()
    stretched.positions[1] += 1.5 * (stretched.positions[1] - stretched.positions[0])
    stretched.calc = spcfw.fresh().ase_calculator()
    found = spcfw.evaluate(box, stretched.positions[None]).energies_ev
    assert stretched.get_potential_energy() == pytest.approx(found[0])
