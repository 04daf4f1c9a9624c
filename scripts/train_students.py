"""Make the training data, train the students, test them and write weights and model cards.

Run ``python scripts/train_students.py --help``.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

if __name__ == "__main__":
    # Imported here, so that the labelling processes do not import torch.
    from openmm_mlff.students.training.command import app

    app()
