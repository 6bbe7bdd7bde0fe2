"""The web of the Procfile."""

from __future__ import annotations

import os
from pathlib import Path

from granian.constants import Interfaces
from granian.server import Server
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from ussd_app import bootstrap
from ussd_app.commands.durability import refuse_forgetful
from ussd_app.settings import Settings
from ussd_app.wsgi import THREADS

BACKLOG = 2048


def serve(settings: Settings) -> None:
    """Serve callers, one process for each core."""
    refuse_forgetful(settings)
    metrics = os.environ.setdefault(
        "PROMETHEUS_MULTIPROC_DIR", str(settings.var_folder / "metrics")
    )
    Path(metrics).mkdir(parents=True, exist_ok=True)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    start_http_server(settings.metrics_port, addr=settings.metrics_host, registry=registry)
    Server(
        "ussd_app.wsgi:create",
        factory=True,
        address=settings.web_host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=bootstrap.web_processes(settings),
        blocking_threads=THREADS,
        backlog=BACKLOG,
        websockets=False,
        log_enabled=False,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=5,
    ).serve()
