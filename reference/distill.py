"""Train a one-step student of a sticker checkpoint; the work is in `reference.stickers.distill`."""

import sys

from reference.errors import exit_code
from reference.stickers.distill import command_line

if __name__ == "__main__":
    sys.exit(exit_code(command_line, stopped="start the same command again to go on"))
