"""Molecules at a glance: what decides their dynamics, by potential, reference and experiment."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from openmm_mlff.checks.accuracy.geometry_accuracy import Record as Minima
from openmm_mlff.config import short_name
from openmm_mlff.molecules import MolecularSystem, name_atoms
from openmm_mlff.molecules.experiment import Experiment, element_pair, find_experiment
from openmm_mlff.report.selection import find_result, stored_record
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult, ValidationReport
from openmm_mlff.storage.runs import Evidence

MOST_MODES = 9
"""Of a molecule whose frequencies are all shown; of others the lowest and the highest three."""

FEW_MODES = 3
NOTABLE = 1.2
"""Factor between two deviations from experiment that is worth a word."""

NOT_KNOWN = Experiment(source="")


@dataclass(frozen=True)
class Fact:
    """One property of a molecule; texts are empty where it is not known.

    Attributes:
        check_id: of the check that measured it.
        unit: of all three.
    """

    check_id: str
    what: str
    unit: str
    potential: str
    reference: str = ""
    experiment: str = ""


@dataclass(frozen=True)
class Molecule:
    """The facts of one system.

    Attributes:
        reference: the reference's name; empty where there is none.
        source: of the experiment; empty where none is known.
        remark: which of potential and reference is closer to experiment; empty where unknown.
    """

    system: str
    reference: str
    source: str
    remark: str
    facts: tuple[Fact, ...]


def molecules(
    observations_by_system: Mapping[str, Evidence], report: ValidationReport
) -> list[Molecule]:
    """Return the molecules of a report of which anything is known, in the order of the report."""
    found = (_molecule(evidence, report) for evidence in observations_by_system.values())
    return [one for one in found if one.facts]


def _molecule(evidence: Evidence, report: ValidationReport) -> Molecule:
    system = evidence.system
    known = find_experiment(system) or NOT_KNOWN
    facts: list[Fact] = []
    remark = ""
    for check_id, make in _BY_CHECK.items():
        result = find_result(report, check_id=check_id, system=system.name)
        if result is not None:
            facts += make(result, system, known)
    minima = stored_record(evidence, "geometry_accuracy", Minima)
    if minima is not None and minima.converged:
        facts += _bonds(minima, known, symbols=system.symbols)
    vibrations = find_result(report, check_id="vibrations", system=system.name)
    reference = short_name(str(report.environment.get("reference") or ""))
    if vibrations is not None:
        remark = _remark(vibrations, known, reference=reference)
    return Molecule(
        system=system.name,
        reference=reference,
        source=known.source if any(fact.experiment for fact in facts) else "",
        remark=remark,
        facts=tuple(facts),
    )


def _torsions(result: CheckResult, system: MolecularSystem, known: Experiment) -> Iterator[Fact]:
    for profile in result.evidence.get("profiles", ()):
        if profile["judged"]:
            atoms = profile["bond"].split("–")
            pair = element_pair("".join(filter(str.isalpha, atom)) for atom in atoms)
            yield Fact(
                result.id,
                f"Barrier of the rotation about {profile['bond']}",
                "kcal/mol",
                number(profile["barrier_model_kcal_per_mol"]),
                number(profile["barrier_reference_kcal_per_mol"]),
                number(known.barriers[pair]) if pair in known.barriers else "",
            )


def _conformers(result: CheckResult, system: MolecularSystem, known: Experiment) -> Iterator[Fact]:
    model, ideal = (result.evidence.get(f"{of}_kcal_per_mol") for of in ("model", "reference"))
    if model and ideal:
        what = "Conformers above the lowest"
        yield Fact(result.id, what, "kcal/mol", _listed(model[1:]), _listed(ideal[1:]))


def _frequencies(result: CheckResult, system: MolecularSystem, known: Experiment) -> Iterator[Fact]:
    model, ideal = _both_frequencies(result)
    if not model:
        return
    columns = (model, ideal, known.frequencies)
    if len(model) <= MOST_MODES:
        yield Fact(result.id, "Harmonic frequencies", "cm⁻¹", *map(_whole, columns))
        return
    for which, part in (("Lowest", slice(FEW_MODES)), ("Highest", slice(-FEW_MODES, None))):
        texts = (_whole(one[part]) for one in columns)
        yield Fact(result.id, f"{which} harmonic frequencies", "cm⁻¹", *texts)


def _attraction(result: CheckResult, system: MolecularSystem, known: Experiment) -> Iterator[Fact]:
    model, ideal = (result.evidence.get(f"{of}_kcal_per_mol") for of in ("model", "reference"))
    if model and ideal:
        best = int(np.argmin(ideal))
        at = result.evidence["distances_angstrom"][best]
        what = f"Interaction energy at {at:.2f} Å"
        yield Fact(result.id, what, "kcal/mol", number(model[best]), number(ideal[best]))


def _hydration(result: CheckResult, system: MolecularSystem, known: Experiment) -> Iterator[Fact]:
    names = ("contacts", "model_kcal_per_mol", "reference_kcal_per_mol")
    columns = (result.evidence.get(name, ()) for name in names)
    for contact, model, ideal in zip(*columns, strict=True):
        what = f"Hydrogen bond with water, {contact}"
        yield Fact(result.id, what, "kcal/mol", number(model), number(ideal))


def _forces(result: CheckResult, system: MolecularSystem, known: Experiment) -> Iterator[Fact]:
    by_atom, by_element = (result.evidence.get(f"per_{of}") for of in ("atom", "element"))
    if by_atom and by_element:
        atom = int(np.argmax(by_atom))
        named = name_atoms(system.atomic_numbers, [atom])
        yield Fact(
            result.id, f"Largest force RMSE of an atom, {named}", "eV/Å", number(by_atom[atom])
        )
        element = max(by_element, key=by_element.__getitem__)
        worst = number(by_element[element])
        yield Fact(result.id, f"Largest force RMSE of an element, {element}", "eV/Å", worst)


def _bonds(minima: Minima, known: Experiment, *, symbols: Sequence[str]) -> Iterator[Fact]:
    """Yield the mean length of each kind of bond of which experiment knows the length."""
    pairs = [element_pair(symbols[atom] for atom in bond) for bond in minima.bonds]
    for pair, length in known.bonds.items():
        i, j = minima.bonds[[one == pair for one in pairs]].T
        means = (
            float(np.linalg.norm(placed[i] - placed[j], axis=1).mean())
            for placed in (minima.model_positions_angstrom, minima.positions_angstrom)
        )
        texts = (f"{value:.3f}" for value in (*means, length))
        yield Fact("geometry_accuracy", f"Length of {pair}", "Å", *texts)


def _remark(result: CheckResult, known: Experiment, *, reference: str) -> str:
    model, ideal = _both_frequencies(result)
    if not model or len(known.frequencies) != len(model) or len(ideal) != len(model):
        return ""
    errors = [float(np.abs(np.subtract(one, known.frequencies)).mean()) for one in (model, ideal)]
    weaker = "potential" if errors[0] > errors[1] else "reference"
    told = (
        f"The harmonic frequencies of the potential are {errors[0]:.0f} cm⁻¹ from experiment in "
        f"the mean, those of {reference} {errors[1]:.0f} cm⁻¹"
    )
    if max(errors) < NOTABLE * min(errors):
        return f"{told}."
    return f"{told}: the {weaker} is the weaker."


def _both_frequencies(result: CheckResult) -> tuple[list[float], list[float]]:
    both = (result.evidence.get(f"{of}_wavenumbers_per_cm") for of in ("model", "reference"))
    model, ideal = (one or [] for one in both)
    return model, ideal


def _listed(values: Sequence[float]) -> str:
    return ", ".join(number(value, digits=3) for value in values)


def _whole(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)


_BY_CHECK: Mapping[str, Callable[[CheckResult, MolecularSystem, Experiment], Iterator[Fact]]] = {
    "torsion_profile": _torsions,
    "conformers": _conformers,
    "interaction_energy": _attraction,
    "hydration": _hydration,
    "vibrations": _frequencies,
    "force_accuracy": _forces,
}
