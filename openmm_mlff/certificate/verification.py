"""Verify whether a model is the certified one and whether this machine reproduces its values."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.certificate.record import Certificate, Sample, SampleTolerance
from openmm_mlff.config import AUTO_PLATFORM
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Evaluation, Potential, load_potential
from openmm_mlff.simulation.platforms import available_platforms, choose_platform
from openmm_mlff.storage.text import one_line


@dataclass(frozen=True)
class SampleOutcome:
    """Comparison of the values of one system.

    Attributes:
        platform: empty where the values could not be computed.
        energy_error_ev_per_atom: the maximum; None where nothing was computed, as for the forces.
        agrees: whether all values are within the tolerance.
        problem: why the values could not be computed.
    """

    system: str
    platform: str = ""
    energy_error_ev_per_atom: float | None = None
    force_error_ev_per_angstrom: float | None = None
    agrees: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Verification:
    """Result of a verification.

    Attributes:
        sha256: of the fingerprint of the given model.
        difference: from the certified model; other package versions do not change the identity of a
            model made of files, whose values decide.
        samples: one per system; empty where nothing was computed.
    """

    intact: bool
    same_model: bool
    sha256: str
    difference: str = ""
    samples: tuple[SampleOutcome, ...] = ()

    @property
    def reproduced(self) -> bool:
        """Whether there are values and all of them were reproduced."""
        return bool(self.samples) and all(sample.agrees for sample in self.samples)

    @property
    def verified(self) -> bool:
        """Whether the certificate is valid for this model on this machine."""
        return self.intact and self.same_model and self.reproduced

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-compatible data."""
        return {
            "schema_version": 1,
            "verified": self.verified,
            "certificate_intact": self.intact,
            "same_model": self.same_model,
            "model_sha256": self.sha256,
            "difference": self.difference,
            "values_reproduced": self.reproduced,
            "samples": [vars(sample) for sample in self.samples],
        }


def verify(
    certificate: Certificate, spec: str, *, intact: bool, platform: str = AUTO_PLATFORM
) -> Verification:
    """Compare a model with a certificate, by default on the certified platform if it is there.

    Nothing is computed if the certificate was changed or the model is another.

    Raises:
        UserError: the model cannot be loaded.
    """
    potential = load_potential(spec, options=certificate.options)
    found, certified = potential.fingerprint, certificate.fingerprint
    difference = found.difference(certified)
    same = found.content_sha256 == certified.content_sha256 and (
        bool(found.files) or found.packages == certified.packages
    )
    if not intact or not same:
        return Verification(intact, same, found.sha256, difference)
    certified_on = certificate.scope.platform
    if platform == AUTO_PLATFORM and certified_on in available_platforms():
        platform = certified_on
    outcomes = tuple(
        _reproduce(potential, sample, certificate=certificate, platform=platform)
        for sample in certificate.samples
    )
    return Verification(intact, same, found.sha256, difference, outcomes)


def _reproduce(
    potential: Potential, sample: Sample, *, certificate: Certificate, platform: str
) -> SampleOutcome:
    """Compute the values of one system through OpenMM, as in production."""
    import openmm

    positions = np.array(sample.positions_angstrom)
    molecule = MolecularSystem(
        name=sample.system,
        atomic_numbers=np.array(sample.atomic_numbers, dtype=np.int64),
        positions_angstrom=positions[0],
        charge=sample.charge,
        multiplicity=sample.multiplicity,
        source="certificate",
        cell_angstrom=None if sample.cell_angstrom is None else np.array(sample.cell_angstrom),
    )
    precision = certificate.scope.precision
    try:
        system = potential.create_system(molecule, precision=precision)
        choice = choose_platform(system, positions[0], request=platform, precision=precision)
        found = evaluate_in_openmm(system, molecule, positions, platform=choice)
    except (openmm.OpenMMException, EvaluationRefusedError, RuntimeError) as error:
        return SampleOutcome(sample.system, problem=one_line(error, with_type=True))
    return compare_sample(sample, found, tolerance=certificate.tolerance, platform=choice.name)


def compare_sample(
    sample: Sample, found: Evaluation, *, tolerance: SampleTolerance, platform: str
) -> SampleOutcome:
    """Compare values with the certified ones; a non-finite number never agrees."""
    forces = np.array(sample.forces_ev_per_angstrom)
    force_error = np.abs(found.forces_ev_per_angstrom - forces).max()
    n_atoms = len(sample.atomic_numbers)
    expected = np.array(sample.energies_ev)
    off = np.abs(found.energies_ev - expected)
    allowed = tolerance.energy_ev_per_atom * n_atoms + tolerance.energy_relative * np.abs(expected)
    return SampleOutcome(
        sample.system,
        platform,
        energy_error_ev_per_atom=float(off.max() / n_atoms),
        force_error_ev_per_angstrom=float(force_error),
        agrees=bool(force_error <= tolerance.force_ev_per_angstrom and (off <= allowed).all()),
    )
