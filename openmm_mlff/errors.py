"""One tree of exceptions.

Every message says what was got, what was expected and what to do about it, in one line.
The command line turns a :class:`UserError` into that line on stderr and exit code 2.
"""


class MlffError(Exception):
    """Root of everything this package raises on purpose."""


class UserError(MlffError):
    """The request cannot be served as asked; the message tells the user what to change."""


class ConfigError(UserError):
    """A protocol, a criterion or an option is unknown or has an impossible value."""


class FileError(UserError):
    """A file is missing, or is not the text, TOML or JSON that it should be."""


class MoleculeError(UserError):
    """A structure cannot be read, or is no molecule one can simulate."""


class CheckpointError(UserError):
    """A checkpoint is missing, damaged, or not the weights of a known architecture."""


class PotentialError(UserError):
    """A potential's spec string is wrong, or the potential cannot serve this molecule."""


class PlatformError(UserError):
    """An OpenMM platform or precision was asked for that is not there."""


class RunDirectoryError(UserError):
    """The output folder cannot be written, or is not a run directory."""


class StorageError(UserError):
    """The disk takes no more; what was written stays, and the run can go on once there is room."""


class MissingDependencyError(UserError):
    """An optional package is needed and not installed; the message names the command."""


class IsolationError(UserError):
    """The process that a potential was run in came to nothing, and not in any one check."""


class ClusterError(UserError):
    """The workers of a campaign cannot be reached or started, or their scheduler was lost."""


class ExportError(MlffError):
    """The exported model does not reproduce the eager one; nothing was written."""


class SimulationError(MlffError):
    """A simulation went wrong while it ran (not-a-number, a bond torn, a contact)."""


class EvaluationRefusedError(MlffError):
    """A potential or reference refused one geometry (an SCF that does not converge, say)."""
