"""Other libraries' remarks about the environment stay off the user's screen."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TORCHAO = """
import logging, warnings
logging.getLogger("torchao").warning("Skipping import of cpp extensions")
logging.getLogger("torchao.ops").warning("no kernels")
logging.getLogger("diffusers.quantizers.torchao.torchao_quantizer").warning("Unable to import objects")
warnings.warn("an old torch")
logging.getLogger("other").warning("heard")
"""


def test_an_installed_torchao_prints_nothing(tmp_path: Path) -> None:
    (tmp_path / "torchao.py").write_text(TORCHAO)
    code = "from reference.extras import require; require(); import torchao"
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "heard\n")
