"""Score how well a sticker checkpoint follows prompts; the work is in `reference.stickers.score`."""

import sys

from reference.errors import exit_code
from reference.stickers.score import command_line

if __name__ == "__main__":
    sys.exit(exit_code(command_line))
