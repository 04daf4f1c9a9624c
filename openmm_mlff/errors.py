"""Exceptions of the package.

Every message states in one line what was found, what was expected and what to do.  The command
line prints the message of a :class:`UserError` to stderr and exits with code 2.
"""


class MlffError(Exception):
    """Base class of the exceptions of this package."""


class UserError(MlffError):
    """A request cannot be fulfilled; the message states what to change."""


class ConfigError(UserError):
    """A protocol, criterion or option is unknown or invalid."""


class FileError(UserError):
    """A file is missing, or is not valid text, TOML or JSON."""


class MoleculeError(UserError):
    """A structure cannot be read or simulated."""


class CheckpointError(UserError):
    """A checkpoint is missing, damaged, or not for a known architecture."""


class PotentialError(UserError):
    """A potential's spec string is wrong, or the potential does not support the molecule."""


class PlatformError(UserError):
    """The requested OpenMM platform or precision is not available."""


class RunDirectoryError(UserError):
    """The output folder is not writable, or is not a valid run directory."""


class StorageError(UserError):
    """The disk is full or failing; the run can be resumed once it is writable."""


class MissingDependencyError(UserError):
    """A required optional package is not installed; the message has the install command."""


class IsolationError(UserError):
    """The worker process of a potential failed outside of every check."""


class ClusterError(UserError):
    """The workers of a campaign cannot be reached or started, or their scheduler was lost."""


class ExportError(MlffError):
    """The exported model does not reproduce the eager one; nothing was written."""


class SimulationError(MlffError):
    """A simulation became unphysical: NaN, a broken bond, a close contact."""


class EvaluationRefusedError(MlffError):
    """A potential or reference refused one geometry, e.g. because its SCF did not converge."""
