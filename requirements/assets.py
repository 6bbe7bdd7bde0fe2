"""Bring from npm what the staff's pages are made of, into admin/static/vendor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ADMIN = Path(__file__).parent.parent / "admin"
VENDOR = ADMIN / "static" / "vendor"
FILES = (
    "bootstrap/dist/css/bootstrap.min.css",
    "htmx.org/dist/htmx.min.js",
)


def main() -> None:
    """Fetch by the lock file, and keep only the files that pages name."""
    programs = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ADMIN / name, folder / name)
        npm = [
            programs / "npm",
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ]
        subprocess.run(npm, cwd=folder, check=True, env=environ)
        shutil.rmtree(VENDOR, ignore_errors=True)
        VENDOR.mkdir(parents=True)
        for file in FILES:
            shutil.copy(folder / "node_modules" / file, VENDOR)


if __name__ == "__main__":
    main()
