"""What Prometheus reads. Labels are names of screens and states, never people."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

HOPS = Counter("ussd_hops_total", "Answers given, by screen.", ["screen"])
HOP_SECONDS = Histogram(
    "ussd_hop_seconds",
    "How long an answer took.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4),
)
CALLBACKS = Counter("callbacks_total", "Callbacks taken in, by kind.", ["kind"])
