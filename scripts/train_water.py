"""Make the data of liquid water, train ``student:water``, test it and write weights and card.

Run ``python scripts/train_water.py --help``.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

if __name__ == "__main__":
    from openmm_mlff.students.training.water import app

    app()
