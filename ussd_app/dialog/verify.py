"""Prove a whole menu tree before anyone dials it.

`verify` returns every fault at once, in reading order: wiring, reach, memory, secrets, and the
width of every screen in every language with the widest value of each variable. It cannot prove
that a step means the right thing; the `.dial` scripts are for that.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from ussd_app.dialog.flow import (
    OPTIONS_MOST,
    Ask,
    Do,
    Edge,
    End,
    Flow,
    Menu,
    Pick,
    Return,
    Screen,
    State,
    Use,
)
from ussd_app.dialog.machine import flows_under
from ussd_app.dialog.widths import widths
from ussd_app.text import Catalogs, placeholders


def verify(root: type[Flow], catalogs: Catalogs, constants: Mapping[str, str]) -> list[str]:
    """Every fault of `root` and the flows it uses; empty when there is none."""
    faults = [f"uses itself: {path}" for path in _loops(root, ())]
    if faults:
        return faults
    for flow in flows_under(root):
        found = (*_wiring(flow), *_reach(flow), *_memory(flow, set(constants)), *_secrets(flow))
        faults += [f"{flow.__name__}.{fault}" for fault in found]
        faults += [f"{flow.__name__}.{fault}" for fault in _ways_out(flow, is_root=flow is root)]
    if not faults:  # screens are measured once they can be reached and filled
        faults += widths(root, catalogs, constants)
    return list(dict.fromkeys(faults))


def _wiring(flow: type[Flow]) -> Iterator[str]:
    if not flow.states:
        yield "no states"
    for name, state in flow.states.items():
        for edge in state.edges():
            if edge.target not in flow.states:
                near = difflib.get_close_matches(edge.target, flow.states, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                yield f"{name}: {edge.label!r} leads to {edge.target!r}, which is no state{hint}"
            elif edge.why and not isinstance(flow.states[edge.target], Screen | Use):
                yield f"{name}: the reason for {edge.label!r} has no screen to stand on"
        yield from (f"{name}: {fault}" for fault in _shape(flow, state))


def _shape(flow: type[Flow], state: State) -> Iterator[str]:
    match state:
        case Do() if state.outcomes() != set(state.routes):
            yield f"returns {sorted(state.outcomes())}, wired {sorted(state.routes)}"
        case Use() if state.flow.outcomes() != set(state.routes):
            ends = sorted(state.flow.outcomes())
            yield f"{state.flow.__name__} ends in {ends}, wired {sorted(state.routes)}"
        case Menu() if len(state.options) > OPTIONS_MOST:
            yield f"more than {OPTIONS_MOST} options"
        case Pick() if not callable(getattr(flow, state.options, None)):
            yield f"no method {state.options!r}"
        case Ask() if state.offers and not callable(getattr(flow, state.offers, None)):
            yield f"no method {state.offers!r}"


def _loops(flow: type[Flow], path: tuple[type[Flow], ...]) -> Iterator[str]:
    """The stack must be bounded: no flow may use itself, however indirectly."""
    if flow in path:
        yield " > ".join(f.__name__ for f in (*path, flow))
        return
    for state in flow.states.values():
        if isinstance(state, Use):
            yield from _loops(state.flow, (*path, flow))


def _reach(flow: type[Flow]) -> Iterator[str]:
    from_start = _reachable(flow, flow.start()) if flow.states else set()
    ends = {name for name in flow.states if _can_end(flow, name)}
    for name in flow.states:
        if name not in from_start:
            yield f"{name}: unreachable"
        if ends.isdisjoint(_reachable(flow, name)):
            yield f"{name}: no way to an end"


def _reachable(flow: type[Flow], start: str) -> set[str]:
    seen: set[str] = set()
    queue = [start]
    while queue:
        here = queue.pop()
        if here not in seen and here in flow.states:
            seen.add(here)
            queue += [edge.target for edge in flow.states[here].edges()]
    return seen


def _can_end(flow: type[Flow], name: str) -> bool:
    state = flow.states[name]
    if isinstance(state, Use):
        return any(_can_end(state.flow, inner) for inner in state.flow.states)
    return isinstance(state, End | Return)


def _ways_out(flow: type[Flow], *, is_root: bool) -> Iterator[str]:
    """Every screen has a key that leads away: 0, or at least home."""
    for name, state in flow.states.items():
        if is_root and isinstance(state, Return):
            yield f"{name}: hands back to nobody"
        if isinstance(state, Screen) and not isinstance(state, End) and not state.back:
            if is_root and isinstance(state, Menu):
                continue  # an option of the first menu is a way out
            yield f"{name}: no way back"


def _memory(flow: type[Flow], constants: set[str]) -> Iterator[str]:
    """No screen shows a variable that some way to it has not filled."""
    known = set(flow.variables())
    filled = _filled(flow, constants)
    for name, state in flow.states.items():
        for unknown in sorted(_sets(state) - known):
            yield f"{name}: fills {unknown!r}, which the flow does not declare"
        shown = [(text, filled[name]) for text in state.words()]
        shown += [
            (edge.why, filled[name] | _filled_by(state, edge)) for edge in state.edges() if edge.why
        ]
        for text, at_hand in shown:
            for missing in sorted(placeholders(text) - at_hand):
                yield f"{name}: shows {{{missing}}}, which some way here has not filled"
        if isinstance(state, Use):
            yield from (f"{name}: {fault}" for fault in _handed(state))


def _handed(use: Use) -> Iterator[str]:
    flow = use.flow
    for stranger in sorted({*use.give, *use.take.values()} - set(flow.variables())):
        yield f"hands over {stranger!r}; {flow.__name__} has no such variable"
    for wanted in sorted(_wanted(flow) - set(use.give)):
        yield f"does not give {wanted!r}, which {flow.__name__} never fills itself"


def _wanted(flow: type[Flow]) -> set[str]:
    """The variables that a flow waits to be given."""
    return set(flow.variables()).difference(*map(_sets, flow.states.values()))


def _sets(state: State) -> set[str]:
    """The variables that a state may fill."""
    return {variable for edge in state.edges() for variable in edge.sets}


def _filled(flow: type[Flow], constants: set[str]) -> Mapping[str, set[str]]:
    """For each state, the variables that every way to it has filled."""
    known = set(flow.variables())
    if not flow.states:
        return {}
    filled = dict.fromkeys(flow.states, known | constants)
    filled[flow.start()] = _wanted(flow) | constants
    queue = [flow.start()]
    while queue:
        here = queue.pop()
        for edge in flow.states[here].edges():
            after = filled[here] | _filled_by(flow.states[here], edge)
            if edge.target in filled and not filled[edge.target] <= after:
                filled[edge.target] = filled[edge.target] & after
                queue.append(edge.target)
    return filled


def _filled_by(state: State, edge: Edge) -> set[str]:
    """The variables that are filled once `edge` was taken; of another flow's, what it has filled."""
    if isinstance(state, Use):
        theirs = _filled(state.flow, set()).get(edge.label, set())
        return {ours for ours, their in state.take.items() if their in theirs}
    return set(edge.sets)


def _secrets(flow: type[Flow]) -> Iterator[str]:
    for name, state in flow.states.items():
        if isinstance(state, Ask) and state.secret:
            if state.into:
                yield f"{name}: a secret must not be remembered"
            if not isinstance(flow.states.get(state.then), Do):
                yield f"{name}: a secret must go straight to a step that uses it"
        elif isinstance(state, Ask) and not state.into:
            yield f"{name}: an answer must be remembered, or be a secret"
