"""Africa's Talking and a telephone, played over HTTP; knows nothing of the application it serves."""

from ussd_app.simulators.app import close, create_app
from ussd_app.simulators.config import Callbacks, Config, Person
from ussd_app.simulators.server import serve, serving

__all__ = ["Callbacks", "Config", "Person", "close", "create_app", "serve", "serving"]
