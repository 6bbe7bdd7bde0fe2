"""`python -m ussd_app.simulators`: telephones and Africa's Talking, on this machine only."""

import json
from pathlib import Path

import click

from ussd_app.simulators.config import Config
from ussd_app.simulators.errors import Refused
from ussd_app.simulators.server import LOOPBACK, serve


@click.command()
@click.option("--port", default=8001, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--config",
    "source",
    envvar="SIMULATOR_CONFIG",
    default="{}",
    help="A JSON file, or the JSON itself.",
)
def main(port: int, source: str) -> None:
    """Play the telephones and Africa's Talking over HTTP."""
    config = _read(source)
    click.echo(f"Telephones: http://{LOOPBACK}:{port}/  (dial {config.service_code})")
    try:
        serve(config, port=port)
    except RuntimeError as error:
        raise click.ClickException(f"port {port}: {str(error).splitlines()[0]}") from error


def _read(source: str) -> Config:
    try:
        text = source if source.lstrip().startswith("{") else Path(source).read_text("utf-8")
        wishes = json.loads(text)
        if not isinstance(wishes, dict):
            raise click.BadParameter("the configuration is a JSON object")
        return Config().changed(wishes)
    except OSError as error:
        raise click.BadParameter(f"cannot read {source}: {error.strerror}") from error
    except ValueError as error:
        raise click.BadParameter("the configuration is not JSON") from error
    except Refused as refusal:
        raise click.BadParameter(refusal.message) from refusal


if __name__ == "__main__":
    main()
