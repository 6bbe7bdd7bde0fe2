"""Draw a menu tree as Mermaid, from the same objects that run it."""

from __future__ import annotations

from ussd_app.dialog.flow import Ask, Do, Edge, End, Flow, Resume, Return, State, Use
from ussd_app.dialog.machine import flows_under

_SHAPES = {
    Do: ("[[", "]]"),
    End: ("([", "])"),
    Return: ("((", "))"),
    Use: ("{{", "}}"),
    Resume: (">", "]"),
}


def mermaid(root: type[Flow]) -> str:
    """A flowchart with one box per flow and one arrow per way out."""
    lines = ["flowchart TD"]
    for flow in flows_under(root):
        lines.append(f"  subgraph {flow.__name__}")
        for state in flow.states.values():
            lines.append(f"    {_node(flow, state.name)}{_shape(state)}")
            lines += [f"    {_arrow(flow, state.name, edge)}" for edge in state.edges()]
        lines.append("  end")
    return "\n".join(lines) + "\n"


def edges(root: type[Flow]) -> set[tuple[str, str, str, str]]:
    """Every (flow, state, label, target) there is, as the machine reports those it takes."""
    return {
        (flow.__name__, state.name, edge.label, edge.target)
        for flow in flows_under(root)
        for state in flow.states.values()
        for edge in state.edges()
    }


def _node(flow: type[Flow], name: str) -> str:
    return f"{flow.__name__}_{name}"


def _shape(state: State) -> str:
    left, right = _SHAPES.get(type(state), ("[", "]"))
    title = state.name
    if isinstance(state, Use):
        title += f": {state.flow.__name__}"
    if isinstance(state, Ask) and state.secret:
        title += " (secret)"
    return f'{left}"{title}"{right}'


def _arrow(flow: type[Flow], name: str, edge: Edge) -> str:
    label = edge.label.replace('"', "'")
    return f'{_node(flow, name)} -->|"{label}"| {_node(flow, edge.target)}'
