"""Train a sticker checkpoint; the work is in `reference.stickers.train`."""

import sys

from reference.errors import exit_code
from reference.stickers.train import command_line

if __name__ == "__main__":
    sys.exit(exit_code(command_line, stopped="start the same command again to go on"))
