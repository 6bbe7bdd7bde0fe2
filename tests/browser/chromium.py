"""The Chromium that set-up found or brought, started for a test."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

BROUGHT = Path(__file__).parents[2] / ".venv" / "browser"
FOUND, AXE = BROUGHT / "browser.json", BROUGHT / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--no-zygote",
    "--in-process-gpu",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-rasterization",
    "--disable-background-networking",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser without a past. `make test` brings one where the machine has none."""
    found = json.loads(FOUND.read_text())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found["program"],
            args=ARGUMENTS,
            env={**os.environ, **found["environment"]},
        )
        yield browser
        browser.close()
