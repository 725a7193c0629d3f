"""`optimum-cli export meissonic ...`: the exporters of this project as a command of optimum.

optimum finds this file because the wheel installs it into the namespace package `optimum.commands.register`.
optimum imports it for each of its commands, so the exporters are imported only when they run.
"""

import sys
from argparse import REMAINDER, ArgumentParser

from optimum.commands.base import BaseOptimumCLICommand, CommandInfo
from optimum.commands.export.base import ExportCommand


class MeissonicExportCommand(BaseOptimumCLICommand):
    COMMAND = CommandInfo(
        name="meissonic",
        help="Export a Meissonic checkpoint as a bundle for Android (onnx) or iPhone (coreml).",
    )

    @staticmethod
    def parse_args(parser: ArgumentParser) -> None:
        parser.add_argument("format", choices=("onnx", "coreml"), help="of the graphs")
        parser.add_argument(
            "arguments", nargs=REMAINDER, help="of the exporter: see optimum-cli export meissonic onnx --help"
        )

    def run(self) -> None:
        from runtime.commands import main

        sys.exit(main(["export", self.args.format, *self.args.arguments]))


REGISTER_COMMANDS = [(MeissonicExportCommand, ExportCommand)]
