"""Run a command and print, as JSON, its exit status, its peak RSS in bytes and what it printed.

This is a program of its own because a child's peak includes what its parent held when it started the child: a
benchmark with torch in memory would add that to every child. This program holds next to nothing.
"""

import json
import os
import subprocess
import sys

if __name__ == "__main__":
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    print(json.dumps([status, usage.ru_maxrss * 1024, printed]))
