"""The phones that stand on the page; any other number may dial too, it is only not shown."""

import dataclasses
import threading
from collections.abc import Iterable

from ussd_app.simulators.config import MAX_PEOPLE, Person
from ussd_app.simulators.errors import Refused


class Subscribers:
    """People in the order they came; one phone stands once."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._lock = threading.Lock()
        self._people = {person.phone: person for person in people}

    def replace(self, people: Iterable[Person]) -> None:
        """Show these and no others."""
        with self._lock:
            self._people = {person.phone: person for person in people}

    def add(self, person: Person) -> None:
        """Show one more; refused when they stand already, or when the shelf is full."""
        with self._lock:
            if person.phone in self._people:
                raise Refused("that phone is here already", status=409)
            if len(self._people) >= MAX_PEOPLE:
                raise Refused(f"there is room for {MAX_PEOPLE} phones", status=409)
            self._people[person.phone] = person

    def remove(self, phone: str) -> None:
        """Show the phone no more; what it did stays in the books."""
        with self._lock:
            if self._people.pop(phone, None) is None:
                raise Refused("that phone is not here", status=404)

    def note_pin(self, phone: str, pin: str) -> None:
        """Show another PIN on the card of the phone."""
        with self._lock:
            if phone not in self._people:
                raise Refused("that phone is not here", status=404)
            self._people[phone] = dataclasses.replace(self._people[phone], pin=pin)

    def everybody(self) -> list[Person]:
        """Return the people shown."""
        with self._lock:
            return list(self._people.values())

    def find(self, phone: str) -> Person | None:
        """Return the person with that phone, if shown."""
        return self._people.get(phone)
