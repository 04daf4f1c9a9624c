"""A calculator that misbehaves when it is evaluated, and a protocol to notice it."""

from pathlib import Path

PROTOCOL = """
extends = "quick"
name = "hostile"
reported = []
required = ["determinism", "stability", {more}]
[dynamics]
equilibration_ps = 0.0
duration_ps = {duration_ps}
longest_ps = {duration_ps}
[probes]
repeats = 2
rotations = 2
thermal_frames = 2
sampling_ps = 0.05
thermostats_ps = 0.05
ensemble_ps = 0.01
ensemble_runs = 2
"""
CALCULATOR = '''
import os, signal, sys
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

LENGTHS = np.array([[0.0, 0.96, 0.96], [0.96, 0.0, 1.515], [0.96, 1.515, 0.0]])


def segfault():
    os.kill(os.getpid(), signal.SIGSEGV)


def abort():
    print("cannot go on", flush=True)
    os.abort()


def loop():
    while True:
        pass


def leave():
    os._exit(0)


def ask_to_leave():
    sys.exit(0)


class Hostile(Calculator):
    """Springs in each water molecule; a deed for a module or a function that evaluates them."""

    implemented_properties = ["energy", "forces"]

    def __init__(
        self,
        element=0,
        minimise="",
        run_trajectory="",
        translation_invariance="",
        rotation_invariance="",
        size_extensivity="",
    ):
        super().__init__()
        self.element = int(element)
        self.deeds = {
            "minimise": minimise,
            "run_trajectory": run_trajectory,
            "translation_invariance": translation_invariance,
            "rotation_invariance": rotation_invariance,
            "size_extensivity": size_extensivity,
        }

    def deed(self):
        if "MENDED" in os.environ or self.element and self.element not in self.atoms.numbers:
            return ""
        frame = sys._getframe()
        while frame is not None:
            module = frame.f_globals["__name__"].rpartition(".")[2]
            found = self.deeds.get(module) or self.deeds.get(frame.f_code.co_name)
            if found:
                return found
            frame = frame.f_back
        return ""

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        positions = self.atoms.positions
        if deed := self.deed():
            globals()[deed]()
        energy, forces = 0.0, np.zeros_like(positions)
        for start in range(0, len(positions), 3):
            for i in range(start, start + 3):
                for j in range(i + 1, start + 3):
                    apart = positions[i] - positions[j]
                    length = np.linalg.norm(apart)
                    stretch = length - LENGTHS[i - start, j - start]
                    energy += 10.0 * stretch**2
                    forces[i] -= 20.0 * stretch * apart / length
                    forces[j] += 20.0 * stretch * apart / length
        self.results = {"energy": energy, "forces": forces}
'''


def write_protocol(folder: Path, *more: str, duration_ps: float = 0.02) -> str:
    """Write a protocol with some checks besides determinism and stability, and return its path."""
    path = folder / "hostile.toml"
    text = PROTOCOL.format(more=", ".join(map(repr, more)), duration_ps=duration_ps)
    path.write_text(text.replace("'", '"'), encoding="utf-8")
    return str(path)
