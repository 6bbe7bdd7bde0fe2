"""The measure for a hop: a Flask view that reads once and writes once in Redis, and does no more."""

from __future__ import annotations

import os

import redis
from flask import Flask, Response, request

app = Flask(__name__)
client = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.post("/bare")
def bare() -> Response:
    key = "bare:" + request.form["sessionId"]
    client.get(key)
    client.setex(key, 180, request.form["text"] or "-")
    return Response("CON Hello\n1. Send\n2. Balance", content_type="text/plain")
