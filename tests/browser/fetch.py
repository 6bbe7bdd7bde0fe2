"""Bring axe for the browser tests, and a Chromium where the machine has none; say where it is.

The npm package holds a Chromium made for machines without a desktop, compressed with Brotli,
beside the libraries and fonts that such a machine may lack.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
AXE = "node_modules/axe-core/axe.min.js"
PACKAGE = "node_modules/@sparticuz/chromium/bin"
UNPACK = (
    "const {createReadStream, createWriteStream} = require('fs');"
    "createReadStream(process.argv[1]).pipe(require('zlib').createBrotliDecompress())"
    ".pipe(createWriteStream(process.argv[2]))"
)


def main(target: str) -> None:
    """Write `<target>/browser.json`: the program, and the environment it needs."""
    folder = Path(target).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        print("==> bringing Chromium for the browser tests (70 MB, once)")
    programs = Path(sys.executable).parent
    _npm(folder, programs, optional=not found)
    shutil.copy(folder / AXE, folder)
    browser = {"program": found, "environment": {}} if found else _unpacked(folder, programs)
    shutil.rmtree(folder / "node_modules")
    (folder / "browser.json").write_text(json.dumps(browser, indent=1))


def _npm(folder: Path, programs: Path, *, optional: bool) -> None:
    """Fetch by the lock file; what is optional is the Chromium."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    npm = [str(programs / "npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    less = [] if optional else ["--omit=optional"]
    subprocess.run([*npm, *less], cwd=folder, check=True, env=_with(programs))


def _unpacked(folder: Path, programs: Path) -> dict[str, object]:
    packed = folder / PACKAGE
    program = folder / "chromium"
    for source, goal in (
        ("chromium.br", program),
        ("al2023.tar.br", folder / "libraries.tar"),
        ("fonts.tar.br", folder / "fonts.tar"),
        ("swiftshader.tar.br", folder / "swiftshader.tar"),
    ):
        unpack = [str(programs / "node"), "-e", UNPACK, str(packed / source), str(goal)]
        subprocess.run(unpack, check=True, env=_with(programs))
    program.chmod(0o755)
    for archive, place in (("libraries", "libraries"), ("fonts", "fonts"), ("swiftshader", ".")):
        with tarfile.open(folder / f"{archive}.tar") as tar:  # the last belongs beside the program
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
            tar.extractall(folder / place)  # Python before 3.11.4 has no filters
        (folder / f"{archive}.tar").unlink()
    environment = {}
    if not _links(program):
        environment["LD_LIBRARY_PATH"] = str(folder / "libraries" / "lib")
    if not Path("/etc/fonts/fonts.conf").exists():
        environment["FONTCONFIG_FILE"] = str(_font_configuration(folder))
    return {"program": str(program), "environment": environment}


def _font_configuration(folder: Path) -> Path:
    """Tell fontconfig where the fonts that came along are."""
    path = folder / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{folder / 'fonts'}</dir><cachedir>{folder / 'font-cache'}</cachedir></fontconfig>"
    )
    return path


def _links(program: Path) -> bool:
    """Whether the machine has every library the program wants."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return told.returncode == 0 and "not found" not in told.stdout


def _with(programs: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}


if __name__ == "__main__":
    main(sys.argv[1])
