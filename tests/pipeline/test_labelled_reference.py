"""Labelled frames of a file as the reference of a whole run."""

import re
from dataclasses import replace

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline.local import run_plan
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.request import ValidationRequest
from openmm_mlff.results import Status
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.shared import Labels

from ..springs import write_torchscript

GFN2 = "ase:tblite.ase:TBLite?method=GFN2-xTB"
PROTOCOL = """
extends = "standard"
name = "labels"
required = ["force_accuracy", "energy_accuracy", "geometry_accuracy", "vibrations"]
reported = ["vibrational_density", "torsion_profile"]
[dynamics]
equilibration_ps = 0.0
duration_ps = 0.005
longest_ps = 0.005
[probes]
reference_frames = 6
sampling_ps = 0.01
thermostats_ps = 0.1
hessian_geometries = 1
"""


@pytest.fixture(scope="module")
def water():
    return load_system("water")


@pytest.fixture(scope="module")
def labels(water, tmp_path_factory):
    """Distorted waters, labelled by GFN2-xTB, and an isolated atom without forces."""
    pytest.importorskip("tblite")
    path = tmp_path_factory.mktemp("labels") / "gfn2.extxyz"
    noise = np.random.default_rng(4).normal(scale=0.05, size=(11, 3, 3))
    positions = water.positions_angstrom + noise
    found = load_potential(GFN2).evaluate(water, positions)
    images = []
    for place, energy_ev, forces in zip(
        positions, found.energies_ev, found.forces_ev_per_angstrom, strict=True
    ):
        atoms = water.to_ase()
        atoms.positions = place
        atoms.calc = SinglePointCalculator(atoms, energy=energy_ev, forces=forces)
        images.append(atoms)
    atom = Atoms("O")
    atom.calc = SinglePointCalculator(atom, energy=-100.0)
    images.append(atom)
    ase.io.write(path, images)
    return LabelledFrames.from_file(str(path))


def run(labels, folder, *, potential="student:tiny", system="water", text=PROTOCOL):
    protocol = folder / "labels.toml"
    protocol.write_text(text)
    plan = prepare(
        ValidationRequest(
            potential=potential,
            systems=[system],
            protocol=str(protocol),
            reference="none",
            platform="Reference",
            precision="double",
            seed=1,
            output=folder / "out",
            resume=False,
        )
    )
    report = run_plan(replace(plan, reference=labels, no_reference={}, not_asked={}))
    return {result.id: result for result in report.checks}, plan


@pytest.fixture(scope="module")
def against_labels(labels, tmp_path_factory):
    return run(labels, tmp_path_factory.mktemp("labelled"))


@pytest.fixture(scope="module")
def compared(against_labels):
    _, plan = against_labels
    evidence = load_evidence(plan.directory, "water")
    return evidence.measurements["force_accuracy"].record(Labels)


def test_the_file_judges_as_the_calculator_does_on_the_same_frames(against_labels, compared, water):
    found, plan = against_labels
    assert found["force_accuracy"].status is Status.PASS
    asked = load_potential(GFN2).evaluate(water, compared.positions_angstrom)
    own = plan.potential.evaluate(water, compared.positions_angstrom, precision="double")
    # An SCF starts from its last solution and stops within its tolerance of the true one.
    for values, expected in (
        (compared.reference_energies_ev, asked.energies_ev),
        (compared.reference_forces, asked.forces_ev_per_angstrom),
        (compared.model_energies_ev, own.energies_ev),
        (compared.model_forces, own.forces_ev_per_angstrom),
    ):
        np.testing.assert_allclose(values, expected, atol=5e-4)
    error = own.forces_ev_per_angstrom - asked.forces_ev_per_angstrom
    rms = np.sqrt(np.mean(error**2))
    assert found["force_accuracy"].value == pytest.approx(rms, rel=1e-3)


def test_the_frames_are_the_files_and_evenly_spaced(against_labels, compared, labels):
    found, _ = against_labels
    np.testing.assert_array_equal(compared.time_ps, [0, 2, 4, 6, 8, 10])
    evidence = found["energy_accuracy"].evidence
    assert evidence["reference"] == labels.spec
    assert evidence["run"].startswith(f"no run: frames of {labels.spec}")
    assert "1 without forces" in evidence["run"]
    assert evidence["frames_used"] == 6


@pytest.mark.parametrize("check", ["geometry_accuracy", "vibrations", "vibrational_density"])
def test_what_would_have_to_be_asked_is_skipped(against_labels, check):
    result = against_labels[0][check]
    assert result.status is Status.SKIPPED
    assert "labelled frames can be compared, not evaluated" in result.message


def test_a_molecule_without_a_frame_is_named(labels, tmp_path):
    text = re.sub(r"(?m)^(required|reported) = .*$", r"\1 = []", PROTOCOL)
    text = text.replace("required = []", 'required = ["force_accuracy"]')
    springs = write_torchscript(tmp_path)
    found, _ = run(labels, tmp_path, potential=springs, system="methane", text=text)
    result = found["force_accuracy"]
    assert result.status is Status.SKIPPED
    assert "none of the 12 frames" in result.message
    assert "contains methane (CH4)" in result.message
