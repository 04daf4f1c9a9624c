"""Published potentials with known properties, and their export."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from openmm_mlff.claims import VerdictStatus
from openmm_mlff.molecules.names import safe_name


@dataclass(frozen=True)
class Case:
    """A validation with its correct outcome.

    Attributes:
        potential: name in the table.
        spec: of the potential; {files} is the given folder, {made} that of exported files.
        system: a library name, SMILES, or a file in the given folder.
        truth: why the expected verdict is correct.
        protocol: short (published.toml), quick or standard.
        faults: checks that must fail; for a healthy potential, empty, none may fail.
    """

    potential: str
    spec: str
    system: str
    truth: str
    protocol: str = "quick"
    faults: tuple[str, ...] = ()
    temperature_kelvin: float = 300.0

    @property
    def name(self) -> str:
        """Name of the folder of its result."""
        text = f"{self.protocol} {self.potential} {self.system} {self.temperature_kelvin:g}K"
        return safe_name(text, otherwise="case")

    @property
    def verdict(self) -> VerdictStatus:
        """Expected verdict; only the standard protocol approves."""
        if self.faults:
            return VerdictStatus.REJECTED
        approves = self.protocol == "standard"
        return VerdictStatus.APPROVED if approves else VerdictStatus.INCONCLUSIVE


_HOLE = "its hole below 0.5 Å lies behind 5.4 eV, 200 kT"
_ANI_32 = (
    "Its forces are exact, RMS(F32 − F64) 2e-6 eV/Å; one ulp of its energy is 0.12 meV at "
    f"2,000 eV; {_HOLE}."
)
_ANI_64 = f"Smooth; {_HOLE}; harmonics of water 1730, 3826, 3951 cm⁻¹."
_CCX = "The form of ANI-2x, fitted to coupled cluster; its forces are exact."
_SOFT = (
    f"{_CCX} Oxygen and hydrogen in water pushed together to 0.3 Å cost it 4.6 eV; GFN2-xTB 119."
)
_SLIP = (
    "openmm-ml 1.8 returns forces in kJ/mol/Å where OpenMM takes kJ/mol/nm: they are ten times too "
    "small, F/(−dE/dx) = 0.0999."
)
_GHOST = (
    "It ignores silicon, which it was not trained on, instead of refusing it: the energy is that "
    "of the other atoms, and the force on Si exactly zero."
)
_CRYSTALS = "Sound for crystals."
_SODIUM = f"{_CRYSTALS} Bulk modulus of sodium 6.9 GPa, experiment 6.3 to 7.5."
_NEP_TRUE = "Sound for liquid water, which it was trained on."
_EMT_TRUE = "Sound for copper; analytic."
_CHGNET, _SEVEN = "ase:chgnet.model.dynamics:CHGNetCalculator", "ase:seven:Seven"
_NEP = "ase:calorine.calculators:CPUNEP?model_filename={files}/nep/nep_water.txt"
_EMT = "ase:ase.calculators.emt:EMT"
_ANI, _ANI_DOUBLE = "{made}/ani-2x-float32.pt", "{made}/ani-2x-float64.pt"
_ANI_CCX = "{made}/ani-1ccx-float32.pt"
_WITH_SILICON = "smiles:C[Si](C)(C)C"
_SLIPPED, _OF_A_SLIP = "openmm-ml:ani2x?modelIndex=0", ("force_consistency", "unit_scale")

CASES = (
    Case(
        "ANI-2x, given silicon", _ANI, _WITH_SILICON, _GHOST, "short", faults=("every_atom_counts",)
    ),
    Case("ANI-2x through openmm-ml 1.8", _SLIPPED, "water", _SLIP, faults=_OF_A_SLIP),
    Case("ANI-2x", _ANI, "water", _ANI_32, "short"),
    Case("EMT", _EMT, "cu32.extxyz", _EMT_TRUE, "short"),
    Case("CHGNet 0.3.0", _CHGNET, "si8.extxyz", _CRYSTALS, "short"),
    Case("NEP of water", _NEP, "water_box_64", _NEP_TRUE, "short"),
    Case("ANI-2x, float64", _ANI_DOUBLE, "water", _ANI_64, "short"),
    Case("SevenNet-0", _SEVEN, "na16.extxyz", _SODIUM, "short"),
    Case("ANI-1ccx", _ANI_CCX, "water", _SOFT, "short", faults=("short_range_repulsion",)),
    Case("ANI-2x", _ANI, "methane", _ANI_32),
    Case("EMT", _EMT, "cu32.extxyz", _EMT_TRUE, temperature_kelvin=600.0),
    Case("ANI-2x, float64", _ANI_DOUBLE, "methane", _ANI_64),
    Case("ANI-1ccx", _ANI_CCX, "methane", _CCX),
    Case("CHGNet 0.3.0", _CHGNET, "nacl8.extxyz", _CRYSTALS),
    Case("NEP of water", _NEP, "water_box_64", _NEP_TRUE, temperature_kelvin=350.0),
    Case("SevenNet-0", _SEVEN, "si8.extxyz", _CRYSTALS, "short"),
    Case("ANI-2x", _ANI, "water", _ANI_32, "standard"),
    Case("EMT", _EMT, "cu32.extxyz", _EMT_TRUE, "standard"),
)
"""Most important and cheapest first."""


def export(case: Case, *, files: Path, made: Path) -> None:
    """Create the files that the potential of a case needs of ANI, unless they exist."""
    if case.spec.startswith("{made}"):
        target = Path(case.spec.format(made=made))
        if not target.exists():
            name, _, dtype = target.stem.rpartition("-")
            program = [sys.executable, _with_parameters(files, made) / "export_ani.py"]
            subprocess.run([*program, name, target, "any", dtype], check=True)
    elif case.spec.startswith("openmm-ml:ani2x"):
        write_ensemble(_with_parameters(files, made) / "ani")


def _with_parameters(files: Path, made: Path) -> Path:
    """Return a folder with ANI's parameters that is writable for TorchANI."""
    if not (made / "ani").exists():
        for source in files.glob("ani/**/*"):
            if source.is_file():
                target = made / source.relative_to(files)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        shutil.copyfile(files / "export_ani.py", made / "export_ani.py")
    return made


def write_ensemble(data: Path) -> None:
    """Write eight copies of member 0 of ANI-2x as TorchANI's ensemble file.

    `data` becomes TorchANI's data folder in this process.
    """
    os.environ["TORCHANI_DATA_DIR"] = str(data)
    import torch
    from torchani.neurochem import load_model_from_info_file

    info = data / "Neurochem" / "ani-2x_8x.info"
    member = load_model_from_info_file(info, model_index=0).state_dict()
    one, each = "neural_networks.", "neural_networks.members.{}."
    ensemble = {
        name.replace(one, each.format(k)): value for name, value in member.items() for k in range(8)
    }
    target = data / "StateDicts" / "ani2x_state_dict.pt"
    target.parent.mkdir(exist_ok=True)
    torch.save(ensemble, target)
