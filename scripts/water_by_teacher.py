"""Compare liquid water by ``student:water`` with liquid water by its teacher, GFN1-xTB.

python scripts/water_by_teacher.py --output reports/student-water --picoseconds 3

Both run from the same equilibrated box of 36 waters at the density given, so that structure and
pressure differ by the forces alone.  Writes ``teacher.json`` and ``teacher.png``; frames go to a
folder of runs, and a second call continues from them.
"""

import argparse
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import openmm
from openmm.app import Simulation

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.reporters.quantities import positions_angstrom
from openmm_mlff.simulation import openmm_topology
from openmm_mlff.simulation.constraints import langevin_integrator
from openmm_mlff.storage.run_directory import read_arrays, write_arrays, write_json
from openmm_mlff.students.training.liquid import packed_box

STUDENT, TEACHER = "student:water", "ase:tblite.ase:TBLite?method=GFN1-xTB"
MOLECULES = 36
"""The fewest whose box, at 1 g/cm³, is twice as wide as the student's cutoff."""
KELVIN = 300.0
FRICTION_PER_PS = 2.0
FRAME_STEPS = 20
PRESSURE_EVERY = 5  # frames
SKIPPED_PS = 0.5  # of each run, after the change of forces
BLOCKS = 4
BAR = 1.602176634e6  # per eV/Å³
BOLTZMANN_EV = 8.617333262e-5


def run(
    potential: Potential, box: MolecularSystem, path: Path, *, steps: int, seed: int, relax: bool
) -> np.ndarray:
    """Return frames, (F, N, 3), Å, of Langevin dynamics, continued from those in a file."""
    frames = list(read_arrays(path)["positions"]) if path.exists() else []
    integrator = langevin_integrator(
        temperature_kelvin=KELVIN,
        friction_per_ps=FRICTION_PER_PS,
        timestep_fs=1.0,
        seed=seed + len(frames),
    )
    system, platform = potential.create_system(box), openmm.Platform.getPlatform("Reference")
    simulation = Simulation(openmm_topology(box), system, integrator, platform)
    simulation.context.setPositions((frames[-1] if frames else box.positions_angstrom) / 10.0)
    if relax and not frames:
        simulation.minimizeEnergy(maxIterations=100)
    simulation.context.setVelocitiesToTemperature(KELVIN, seed)
    while len(frames) * FRAME_STEPS < steps:
        simulation.step(FRAME_STEPS)
        frames.append(positions_angstrom(simulation.context.getState(positions=True)))
        if len(frames) % PRESSURE_EVERY == 0:
            write_arrays(path, {"positions": np.array(frames)})
            print(f"{path.stem}: {len(frames) * FRAME_STEPS / 1000:.1f} ps", flush=True)
    return np.array(frames)


def evaluated(
    potential: Potential, box: MolecularSystem, frames: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pressure, bar, of each frame with its thermal part, its energy, eV, and forces."""
    atoms = box.to_ase()
    atoms.calc = potential.shared_calculator(precision="mixed")
    ideal = box.n_atoms * BOLTZMANN_EV * KELVIN / atoms.get_volume()
    found: list[tuple[float, float, np.ndarray]] = []
    for frame in frames:
        atoms.positions = frame
        pressure = BAR * (ideal - atoms.get_stress()[:3].mean())
        found.append((pressure, atoms.get_potential_energy(), atoms.get_forces()))
    pressures, energies, forces = zip(*found, strict=True)
    return np.array(pressures), np.array(energies), np.array(forces)


def radial(frames: np.ndarray, box: MolecularSystem) -> tuple[np.ndarray, np.ndarray]:
    """Return r, Å, and g(r) of oxygens in blocks of frames, (blocks, bins)."""
    oxygens = np.flatnonzero(box.atomic_numbers == 8)
    pairs = np.stack(np.triu_indices(len(oxygens), k=1), axis=1)
    widest_nm = 0.05 * float(np.diagonal(box.cell_angstrom).min())
    blocks = []
    for part in np.array_split(frames[:, oxygens], BLOCKS):
        trajectory = mdtraj.Trajectory(part / 10.0, topology=None)
        trajectory.unitcell_vectors = np.repeat(box.cell_angstrom[None] / 10.0, len(part), axis=0)
        r_nm, g = mdtraj.compute_rdf(
            trajectory, pairs, r_range=(0.0, widest_nm), bin_width=0.005, periodic=True
        )
        blocks.append(g)
    return 10.0 * r_nm, np.array(blocks)


def with_error(values: np.ndarray) -> dict[str, float]:
    """Return the mean of values in order of time, and its standard error over blocks."""
    means = [float(block.mean()) for block in np.array_split(values, BLOCKS)]
    return {"mean": float(np.mean(values)), "error": float(np.std(means, ddof=1) / BLOCKS**0.5)}


def compared(
    box: MolecularSystem, ran: dict[str, np.ndarray], potentials: dict[str, Potential]
) -> dict[str, Any]:
    """Return pressures, errors and structure of both runs."""
    found: dict[str, Any] = {"by_run": {}}
    for name, frames in ran.items():
        r, g = radial(frames, box)
        few = frames[::PRESSURE_EVERY]
        (ps, es, fs), (pt, et, ft) = (evaluated(one, box, few) for one in potentials.values())
        found["r_angstrom"] = r
        found["by_run"][name] = {
            "duration_ps": len(frames) * FRAME_STEPS / 1000,
            "pressure_bar_by_student": with_error(ps),
            "pressure_bar_by_teacher": with_error(pt),
            "force_rmse_ev_per_angstrom": float(np.sqrt(np.mean((fs - ft) ** 2))),
            "energy_mae_mev_per_atom": float(1000 * np.abs(es - et).mean() / box.n_atoms),
            "first_peak_angstrom": float(r[g.mean(axis=0).argmax()]),
            "first_peak_height": with_error(g.max(axis=1)),
            "g": g,
        }
    student, teacher = (found["by_run"][name]["g"].mean(axis=0) for name in ran)
    found["mean_difference_of_g"] = float(np.abs(student - teacher).mean())
    return found


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw g(r) of both runs, with the spread of the blocks."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for name, one in found["by_run"].items():
        (line,) = axes.plot(found["r_angstrom"], one["g"].mean(axis=0), label=name)
        low, high = one["g"].min(axis=0), one["g"].max(axis=0)
        axes.fill_between(found["r_angstrom"], low, high, color=line.get_color(), alpha=0.2, lw=0)
    axes.set(xlabel="r (Å)", ylabel="g(r), O–O", xlim=(2.0, None), ylim=(0.0, None))
    axes.axhline(1.0, color="0.6", ls=":", lw=1)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Run both, compare them, and write what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("reports/student-water"))
    parser.add_argument("--runs", type=Path, default=Path("runs/water-by-teacher"))
    parser.add_argument("--density", type=float, default=1.0, help="g/cm³ [default: 1.0]")
    parser.add_argument("--picoseconds", type=float, default=3.0, help="of each [default: 3]")
    parser.add_argument("--equilibration", type=float, default=10.0, help="ps [default: 10]")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    asked.runs.mkdir(parents=True, exist_ok=True)
    packed = packed_box(
        MOLECULES, density_g_per_cm3=asked.density, rng=np.random.default_rng(asked.seed)
    )
    box = MolecularSystem(
        "water_36", packed.numbers, packed.positions, cell_angstrom=packed.cell.array
    )
    potentials = {"student": load_potential(STUDENT), "GFN1-xTB": load_potential(TEACHER)}
    paths = {name: asked.runs / f"{name}.npz" for name in potentials}
    steps = {"seed": asked.seed, "steps": round(1000 * asked.equilibration)}
    begun = run(potentials["student"], box, asked.runs / "equilibration.npz", **steps, relax=True)
    steps["steps"] = round(1000 * (asked.picoseconds + SKIPPED_PS))
    start = box.with_positions(begun[-1])
    kept = round(1000 * SKIPPED_PS) // FRAME_STEPS
    ran = {
        name: run(potential, start, paths[name], **steps, relax=False)[kept:]
        for name, potential in potentials.items()
    }
    found = {"density_g_per_cm3": asked.density, "temperature_kelvin": KELVIN}
    found |= {"molecules": MOLECULES, "friction_per_ps": FRICTION_PER_PS}
    found |= compared(start, ran, potentials)
    asked.output.mkdir(parents=True, exist_ok=True)
    write_json(asked.output / "teacher.json", found)
    draw(found, asked.output / "teacher.png")
    for name, one in found["by_run"].items():
        print(name, {key: value for key, value in one.items() if key != "g"})


if __name__ == "__main__":
    main()
