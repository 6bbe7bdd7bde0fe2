"""Install a locked list of packages with pip, and show how far it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "--no-deps")


def main(requirements: str) -> int:
    """Install `requirements`; pip's own words follow only if it fails."""
    wanted = sum("==" in line for line in Path(requirements).read_text().splitlines())
    command = [sys.executable, *PIP, "-r", requirements]
    seen: list[str] = []
    done = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            seen.append(line)
            if line.startswith(("Collecting", "Requirement already satisfied", "Ignoring")):
                done += 1
                _show(f"    {done}/{wanted} {line.split(':')[-1].split()[-1].split('==')[0]}")
            elif line.startswith("Installing collected"):
                _show("    installing")
    _show("")
    if pip.returncode:
        sys.stderr.writelines(seen[-30:])
    return pip.returncode


def _show(words: str) -> None:
    """On a terminal one line that changes; elsewhere nothing until it is done."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K{words}")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
