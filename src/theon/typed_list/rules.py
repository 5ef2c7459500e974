"""The rewrite that lets list ops overwrite their list."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply
from theon.typed_list.ops import Append, Extend, Insert, Remove, Reverse

__all__ = ["typed_list_inplace_opt"]


def typed_list_inplace_opt(node: Apply) -> Any:
    """Return the output of the op that overwrites its list, in a list; False for other nodes."""
    if not isinstance(node.op, Append | Extend | Insert | Remove | Reverse) or node.op.inplace:
        return False
    return [type(node.op)(True)(*node.inputs)]
