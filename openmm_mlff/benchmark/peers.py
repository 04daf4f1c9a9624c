"""Codes to compare with: the teacher, another MD engine, another PaiNN."""

from collections.abc import Sequence
from dataclasses import dataclass

from ase.calculators.calculator import CalculatorError

from openmm_mlff.benchmark.blocks import Block, Start
from openmm_mlff.benchmark.candidates import warm_steps
from openmm_mlff.benchmark.entries import PeerEntry
from openmm_mlff.benchmark.model_blocks import calculator_block, distorted
from openmm_mlff.benchmark.optional import SCHNETPACK, TORCH_SIM, what_is_missing
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.schnetpack_peer import schnetpack_block
from openmm_mlff.benchmark.torch_sim_peer import torch_sim_block
from openmm_mlff.errors import UserError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.potentials.student import StudentPotential

CALL = "energy and forces through ASE"
CALLS = {TORCH_SIM: "NVE step of torch-sim", SCHNETPACK: "energy and forces of its PaiNN"}
"""Description of the step of peers that are measured for each student."""


@dataclass(frozen=True)
class Peer:
    """A prepared peer.

    Attributes:
        name: spec, or ``torch-sim: MODEL``, ``schnetpack: MODEL``.
        call: description of a step of its block.
        steps: per block.
    """

    name: str
    call: str
    block: Block
    steps: int


def prepare_peers(
    names: Sequence[str],
    molecule: MolecularSystem,
    *,
    potentials: Sequence[Potential],
    start: Start,
    precision: str,
    plan: BenchmarkPlan,
) -> tuple[list[Peer], list[PeerEntry]]:
    """Prepare the peers that are available.

    ``names`` are specs, ``torch-sim`` and ``schnetpack``; these two are measured for each student.

    Returns:
        The peers, and entries with the reason for each omitted one.
    """
    peers: list[Peer] = []
    left_out: list[PeerEntry] = []
    for name in names:
        try:
            if name in CALLS:
                peers += _student_peers(name, potentials, molecule, start, precision, plan)
            else:
                peers.append(_calculator_peer(name, molecule, start, plan))
        # Refused by a calculator, or not installed; neither is an error of the models.
        except (UserError, CalculatorError) as error:
            call = CALLS.get(name, CALL)
            reason = " ".join(str(error).split())
            left_out.append(PeerEntry(name, molecule.name, molecule.n_atoms, call, None, reason))
    return peers, left_out


def _calculator_peer(
    spec: str, molecule: MolecularSystem, start: Start, plan: BenchmarkPlan
) -> Peer:
    calculator = load_potential(spec).ase_calculator()
    block = calculator_block(calculator, molecule, distorted(start, seed=plan.seed))
    return Peer(spec, CALL, block, warm_steps(block, plan=plan))


def _student_peers(
    name: str,
    potentials: Sequence[Potential],
    molecule: MolecularSystem,
    start: Start,
    precision: str,
    plan: BenchmarkPlan,
) -> list[Peer]:
    """Return one peer per student for ``torch-sim`` or ``schnetpack``.

    Raises:
        UserError: it is not installed, there is no student, or the molecule has a box.
    """
    missing = what_is_missing(name)
    if missing:
        raise UserError(missing)
    if molecule.is_periodic:
        raise UserError(f"{molecule.name} has a periodic box; expected an isolated molecule")
    students = [one for one in potentials if isinstance(one, StudentPotential)]
    if not students:
        raise UserError(f"no student is among the potentials; expected one for {name}")
    peers = []
    for student in students:
        if name == TORCH_SIM:
            block = torch_sim_block(
                student,
                molecule,
                start=start,
                precision=precision,
                timestep_fs=plan.timestep_fs,
                temperature_kelvin=plan.temperature_kelvin,
            )
        else:
            geometries = distorted(start, seed=plan.seed)
            block = schnetpack_block(
                student, molecule, geometries_angstrom=geometries, precision=precision
            )
        steps = warm_steps(block, plan=plan)
        peers.append(Peer(f"{name}: {student.spec}", CALLS[name], block, steps))
    return peers
