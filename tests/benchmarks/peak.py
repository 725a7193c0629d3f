"""Runs a command; prints, as JSON, its exit status, its largest resident size in bytes and what it printed.

A program of its own, for the operating system counts to a process's peak what the one that began it held
then: a benchmark that has torch in its memory would find its 800 MB in every child. This one holds next to
nothing.
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
