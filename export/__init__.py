"""From a Meissonic checkpoint to a phone bundle: graph modules, tracing, verification, bundle writing."""

from reference.extras import require

require("export")
