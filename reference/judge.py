"""Train the judge of sticker pictures; the work is in `reference.stickers.judge_training`."""

import sys

from reference.errors import exit_code
from reference.stickers.judge_training import command_line

if __name__ == "__main__":
    sys.exit(exit_code(command_line))
