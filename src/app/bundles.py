"""Bundles: modules of the web page in one file. Each file that a browser loads is a run of the function."""

import re
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

IMPORT = re.compile(r'^import \{ (?P<names>[^}]+) \} from "\./(?P<module>[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (?P<name>\w+))", re.MULTILINE)
COMMENT = re.compile(r"^ */\*\*(?:[^*]|\*(?!/))*\*/\n", re.MULTILINE)


def make_bundles(sources: Mapping[str, str], entries: Sequence[str]) -> dict[str, str]:
    """Return a file for each entry: the entry itself, and all that it imports and no file before it holds.

    Each module becomes a function that runs once and returns what the module exports. So modules may use
    the same names, and none sees what another one keeps to itself. An entry must not wait at its top level
    for a later one, which may import from it. Raises graphlib.CycleError.
    """
    bundles: dict[str, str] = {}
    holders: dict[str, str] = {}
    for entry in entries:
        *imported, _ = list_modules(sources, entry)
        added = [name for name in imported if name not in holders]
        used = {each for name in (*added, entry) for each in list_imports(sources[name])}
        parts = [
            *(
                f'import {{ {_name(name)} }} from "./{holders[name]}";'
                for name in imported
                if name in used & holders.keys()
            ),
            *(_wrap(name, sources[name]) for name in added),
            _bind_imports(sources[entry]),
        ]
        bundles[entry] = COMMENT.sub("", "\n".join(parts))
        holders |= dict.fromkeys(added, entry)
    return bundles


def list_modules(sources: Mapping[str, str], entry: str) -> list[str]:
    """Return a module behind all that it imports, directly or not, in an order in which they can run."""
    graph: dict[str, list[str]] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        graph[name] = list_imports(sources[name])
        waiting += [each for each in graph[name] if each not in graph]
    return list(TopologicalSorter(graph).static_order())


def list_imports(source: str) -> list[str]:
    return [match["module"] for match in IMPORT.finditer(source)]


def _wrap(name: str, source: str) -> str:
    exported = ", ".join(match["name"] for match in EXPORT.finditer(source))
    body = EXPORT.sub("", _bind_imports(source))
    return f"export const {_name(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();"


def _bind_imports(source: str) -> str:
    return IMPORT.sub(lambda match: f"const {{ {match['names']} }} = {_name(match['module'])};", source)


def _name(module: str) -> str:
    return re.sub(r"\W", "_", module)
