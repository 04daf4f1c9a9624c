"""The words that a validation and its workers exchange.

The parent of the workers loads neither torch nor OpenMM, so it names their module only.
"""

ENTRY = "openmm_mlff.pipeline.working:serve"

PREPARE, PRODUCE = "prepare", "produce"
READY, PREPARED, PRODUCED = "ready", "prepared", "produced"
REFUSED, FAILED = "refused", "failed"
PROGRESS = "progress"
