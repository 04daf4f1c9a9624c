"""Watch memory and time of a step over a long run; writes a JSON file.

python scripts/benchmark_long_run.py POTENTIAL FILE.json [--system water] [--duration-ps 100]
"""

import argparse
import tempfile
from pathlib import Path

import torch

from openmm_mlff.benchmark.long_run import long_run
from openmm_mlff.molecules import load_system
from openmm_mlff.options import NO_OPTIONS, PotentialOptions
from openmm_mlff.potentials import load_potential
from openmm_mlff.rundir import write_json
from openmm_mlff.simulation.platforms import named_platform


def main() -> None:
    """Run and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("potential")
    parser.add_argument("file", type=Path)
    parser.add_argument("--system", default="water")
    parser.add_argument("--duration-ps", type=float, default=100.0)
    parser.add_argument("--blocks", type=int, default=40)
    parser.add_argument("--platform", default="Reference")
    parser.add_argument("--compiled", action="store_true", help="by the compiled Python backend")
    arguments = parser.parse_args()
    options = (
        PotentialOptions(backend="python", compiled=True) if arguments.compiled else NO_OPTIONS
    )
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = long_run(
            load_potential(arguments.potential, options=options),
            load_system(arguments.system),
            platform=named_platform(arguments.platform),
            duration_ps=arguments.duration_ps,
            n_blocks=arguments.blocks,
            folder=Path(folder),
            on_block=lambda done: print(f"block {done} of {arguments.blocks}", flush=True),
        )
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    write_json(arguments.file, found)
    print(
        f"memory {found['memory_growth_mebibytes_per_10000_steps']:.3g} MiB/10,000 steps, "
        f"time of a step {found['slowing']:.3f} times that at the start"
    )


if __name__ == "__main__":
    main()
