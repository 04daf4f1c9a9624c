"""ASE calculators to compare with, such as the teacher of a student."""

from dataclasses import dataclass

from ase.calculators.calculator import CalculatorError

from openmm_mlff.benchmark.blocks import Setting, Start
from openmm_mlff.benchmark.entries import PeerEntry
from openmm_mlff.benchmark.model_blocks import calculator_block, distorted
from openmm_mlff.benchmark.rounds import Participant, Times, warmed_up
from openmm_mlff.errors import UserError
from openmm_mlff.potentials import load_potential
from openmm_mlff.storage.text import one_line

CALL = "energy and forces through ASE"
KIND = "peer"


@dataclass(frozen=True)
class Peer:
    """A prepared calculator, or the reason why it is left out."""

    spec: str
    participant: Participant | None
    skipped: str = ""

    def entry(self, times: Times, setting: Setting) -> PeerEntry:
        """Return its result."""
        measured = times[self.spec][KIND] if self.participant else None
        molecule = setting.molecule
        return PeerEntry(self.spec, molecule.name, molecule.n_atoms, CALL, measured, self.skipped)


def prepare_peer(spec: str, setting: Setting, start: Start) -> Peer:
    """Warm up a calculator; one that is not installed or refuses the molecule is left out."""
    try:
        calculator = load_potential(spec).ase_calculator()
        block = calculator_block(calculator, setting.molecule, distorted(setting, start))
        return Peer(spec, warmed_up(spec, {KIND: block}, plan=setting.plan))
    except (UserError, CalculatorError) as error:
        return Peer(spec, None, one_line(error))
