"""What is measured beside the models: the teacher, and another MD engine."""

from collections.abc import Sequence
from dataclasses import dataclass

from ase.calculators.calculator import CalculatorError

from openmm_mlff.benchmark.blocks import Block, Start
from openmm_mlff.benchmark.candidates import warm_steps
from openmm_mlff.benchmark.entries import PeerEntry
from openmm_mlff.benchmark.model_blocks import calculator_block, distorted
from openmm_mlff.benchmark.plan import TORCH_SIM, BenchmarkPlan
from openmm_mlff.benchmark.torch_sim_peer import (
    NOT_INSTALLED,
    torch_sim_block,
    torch_sim_is_installed,
)
from openmm_mlff.errors import UserError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.potentials.student import StudentPotential

CALL = "energy and forces through ASE"
TORCH_SIM_CALL = "NVE step of torch-sim"


@dataclass(frozen=True)
class Peer:
    """A peer that is ready.

    Attributes:
        name: spec string, or ``torch-sim: MODEL``.
        call: what a step of its block is.
        block: what is timed.
        steps: of one block.
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
    """Make the peers ready that can be measured here.

    Args:
        names: spec strings, and ``torch-sim``.
        molecule: what is run.
        potentials: the models, of which torch-sim steps the students.
        start: the geometry.
        precision: of the students' weights.
        plan: how.

    Returns:
        The peers, and entries that say why others are left out.
    """
    peers: list[Peer] = []
    left_out: list[PeerEntry] = []
    for name in names:
        try:
            if name == TORCH_SIM:
                peers += _torch_sim_peers(potentials, molecule, start, precision, plan)
            else:
                peers.append(_calculator_peer(name, molecule, start, plan))
        # What a calculator refuses, and what is not installed; neither is a fault of the models.
        except (UserError, CalculatorError) as error:
            call = TORCH_SIM_CALL if name == TORCH_SIM else CALL
            reason = " ".join(str(error).split())
            left_out.append(PeerEntry(name, molecule.name, molecule.n_atoms, call, None, reason))
    return peers, left_out


def _calculator_peer(
    spec: str, molecule: MolecularSystem, start: Start, plan: BenchmarkPlan
) -> Peer:
    calculator = load_potential(spec).ase_calculator()
    block = calculator_block(calculator, molecule, distorted(start, seed=plan.seed))
    return Peer(spec, CALL, block, warm_steps(block, plan=plan))


def _torch_sim_peers(
    potentials: Sequence[Potential],
    molecule: MolecularSystem,
    start: Start,
    precision: str,
    plan: BenchmarkPlan,
) -> list[Peer]:
    if not torch_sim_is_installed():
        raise UserError(NOT_INSTALLED)
    if molecule.is_periodic:
        raise UserError(f"{molecule.name} has a periodic box; expected an isolated molecule")
    peers = []
    for potential in potentials:
        if isinstance(potential, StudentPotential):
            block = torch_sim_block(
                potential,
                molecule,
                start=start,
                precision=precision,
                timestep_fs=plan.timestep_fs,
                temperature_kelvin=plan.temperature_kelvin,
            )
            name = f"{TORCH_SIM}: {potential.spec}"
            peers.append(Peer(name, TORCH_SIM_CALL, block, warm_steps(block, plan=plan)))
    if not peers:
        raise UserError("no student is among the potentials; expected one for torch-sim to step")
    return peers
