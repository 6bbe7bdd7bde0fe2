"""Style sheets and scripts: ours beside what npm brought, each by the digest of its content."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, request

from admin.addresses import lasting

STATIC = Path(__file__).parent / "static"
DIGEST_LETTERS = 12
WORTH_PACKING = 1024


def install(app: Flask) -> None:
    """Teach templates `asset('admin.css')`, and pack what is sent of them."""
    app.jinja_env.globals["asset"] = _address
    app.after_request(_pack)


def _address(name: str) -> str:
    return lasting("static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:DIGEST_LETTERS]


def _pack(response: Response) -> Response:
    """Compress our own files, never a page: what is secret in those could be guessed by its size."""
    if request.endpoint != "static" or response.status_code != HTTPStatus.OK:
        return response
    response.direct_passthrough = False
    if (
        request.accept_encodings.quality("gzip") > 0
        and response.content_length
        and (response.content_length > WORTH_PACKING)
    ):
        response.close()  # the file, of which nothing is read
        response.set_data(_packed(str((request.view_args or {})["filename"])))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


@cache
def _packed(name: str) -> bytes:
    return gzip.compress((STATIC / name).read_bytes(), mtime=0)
