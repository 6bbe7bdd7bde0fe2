"""Africa's Talking and a telephone, played over HTTP; knows nothing of the application it serves."""

from ussd_app.simulators.app import close, create_app
from ussd_app.simulators.config import Callbacks, Config, Person
from ussd_app.simulators.server import serve, serving
from ussd_app.simulators.stories import Move, Step, Story

__all__ = [
    "Callbacks",
    "Config",
    "Move",
    "Person",
    "Step",
    "Story",
    "close",
    "create_app",
    "serve",
    "serving",
]
