"""An ASE calculator, validated; then its labels on a file of frames, as the reference of a model.

    python examples/ase_calculator.py [PROTOCOL]

Any calculator will do (`ase:MODULE:NAME?key=value&...`), and any file of frames that ASE can read
with energies and forces: labels of an expensive method, made once, elsewhere.
"""

import sys
from pathlib import Path

import ase.io
from ase import units
from ase.md.verlet import VelocityVerlet

import openmm_mlff as mlff

CALCULATOR = "ase:tblite.ase:TBLite?method=GFN2-xTB"
protocol = sys.argv[1] if len(sys.argv) > 1 else "quick"

# Is the calculator itself fit for dynamics?  OpenMM asks it at every step.
report = mlff.validate(
    CALCULATOR, systems=["water"], protocol=protocol, reference="none:it is the reference itself"
)
print(f"{CALCULATOR}: {report.verdict.label}")
print(*report.verdict.reasons, sep="\n")

# Frames of its own dynamics, with its energies (eV) and forces (eV/Å).
labels = Path("labels.extxyz")
labels.unlink(missing_ok=True)
atoms = mlff.load_system("water").to_ase()
atoms.calc = mlff.load_potential(CALCULATOR).ase_calculator()
atoms.rattle(0.05, seed=1)
dynamics = VelocityVerlet(atoms, timestep=0.5 * units.fs)
for _ in range(20):
    dynamics.run(10)
    ase.io.write(labels, atoms, append=True)

# A file can be compared with, not asked: what would need the reference's own minimum is skipped.
report = mlff.validate("student:tiny", systems=["water"], protocol=protocol, reference=str(labels))
for check in report.checks:
    if check.id in ("force_accuracy", "energy_accuracy"):
        print(f"student:tiny, {check.id}: {check.status.value}. {check.message}")
