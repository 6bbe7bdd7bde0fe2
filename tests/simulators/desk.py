"""What the tests hold in their hands: the simulator over HTTP, with short names for long paths."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.simulators.stub import StubApplication, eventually

AMINA = "+254712000001"
BARAKA = "+254712000002"
CODE = "*384*96#"
API_KEY = "key-of-the-tests"


@dataclass(frozen=True)
class Desk:
    http: httpx.Client
    app: StubApplication

    def dial(self, phone: str = AMINA, code: str = CODE, *, keep: bool = False) -> Any:
        params = {"keep": "1"} if keep else None
        return self._post(f"/phones/{phone}/dial", {"code": code}, params)

    def adopt(self, session_id: str, phone: str = AMINA) -> Any:
        return self._post(f"/phones/{phone}/adopt", {"session_id": session_id})

    def reply(self, text: str, phone: str = AMINA, **more: str) -> Any:
        return self._post(f"/phones/{phone}/reply", {"text": text, **more})

    def hang_up(self, phone: str = AMINA) -> Any:
        answer = self.http.post(f"/phones/{phone}/hangup")
        return answer.raise_for_status().json()

    def send(self, to: str = AMINA, message: str = "Hello", **more: str) -> httpx.Response:
        form = {"username": "tests", "to": to, "message": message, **more}
        headers = {"apiKey": API_KEY, "Accept": "application/json"}
        return self.http.post("/version1/messaging", data=form, headers=headers)

    def accepted(self, to: str = AMINA, message: str = "Hello", **more: str) -> Any:
        answer = self.send(to, message, **more)
        return answer.json()["SMSMessageData"]["Recipients"][0]

    def ask(self, *numbers: str, key: str = API_KEY, username: str = "tests") -> httpx.Response:
        """Ask when these SIMs were swapped."""
        body = {"username": username, "phoneNumbers": list(numbers or (AMINA,))}
        return self.http.post("/v1/sim-swap", json=body, headers={"apiKey": key})

    def write_sms(self, text: str, phone: str = AMINA) -> Any:
        return self._post(f"/phones/{phone}/sms", {"text": text})

    def fault(self, *faults: dict[str, Any]) -> None:
        self.http.put("/control/faults", json={"faults": list(faults)}).raise_for_status()

    def configure(self, **wishes: Any) -> None:
        self.http.put("/control/config", json=wishes).raise_for_status()

    def books(self, kind: str, **params: str) -> Any:
        return self.http.get("/control/books", params=params).raise_for_status().json()[kind]

    def inbox(self, phone: str = AMINA) -> Any:
        return self.http.get(f"/phones/{phone}").json()["inbox"]

    def told(self, name: str, count: int = 1) -> list[dict[str, str]]:
        """Wait until the application has been told so many times, and return all it was told."""
        eventually(lambda: len(self.app.asked(name)) >= count)
        return self.app.asked(name)

    def _post(self, path: str, body: Any, params: Any = None) -> Any:
        return self.http.post(path, json=body, params=params).raise_for_status().json()
