"""How a loop's inputs and outputs are laid out, and the names under which programs that inspect loops read them.

Theano calls a recurrent state with the single tap -1 "sit_sot", one with other taps "mit_sot", a collected value "nit_sot", a
carried value "shared", and what no step changes "non_seqs". "mit_mot", states written in several places, do not exist here:
gradients accumulate in carried values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from theon.graph.variable import Apply, Variable

__all__ = ["ScanInfo", "ScanLayout", "info_of"]

_KEYS = (
    "n_seqs",
    "tap_array",
    "n_mit_mot",
    "n_mit_mot_outs",
    "mit_mot_out_slices",
    "n_mit_sot",
    "n_sit_sot",
    "n_shared_outs",
    "n_nit_sot",
    "as_while",
    "truncate_gradient",
    "go_backwards",
    "name",
    "mode",
    "destroy_map",
    "gpua",
    "gpu",
    "profile",
    "allow_gc",
    "strict",
)


@dataclass(frozen=True)
class ScanInfo:
    """How a loop's inputs and outputs are laid out; ``taps``: for each recurrent state, its taps, ascending and negative.

    ``recompute``: whether gradients compute a step's values again instead of keeping them. ``limited``: the states and collected
    values, by place, of which only the last rows are returned, without a state's first ones; how many, the last outer inputs
    say. ``starts_read``: whether a state's first rows may be read in what is returned. ``profile``: whether, or in which
    ScanProfileStats, steps are timed op by op. Also a read-only mapping with Theano's keys: ``info["n_seqs"]``,
    ``info["tap_array"]`` ...
    """

    n_seqs: int
    taps: tuple[tuple[int, ...], ...]
    n_collected: int
    n_carried: int
    as_while: bool = False
    truncate_gradient: int = -1
    go_backwards: bool = False
    name: str | None = None
    recompute: bool = False
    limited: tuple[int, ...] = ()
    starts_read: bool = True
    profile: Any = False
    allow_gc: bool = field(default=False, compare=False)
    strict: bool = field(default=False, compare=False)

    def __getitem__(self, key: str) -> Any:
        single = [own == (-1,) for own in self.taps]
        fixed: dict[str, Any] = {
            "tap_array": [list(own) for own in self.taps],
            "n_mit_mot": 0,
            "n_mit_mot_outs": 0,
            "mit_mot_out_slices": [],
            "n_mit_sot": len(single) - sum(single),
            "n_sit_sot": sum(single),
            "n_shared_outs": self.n_carried,
            "n_nit_sot": self.n_collected,
            "destroy_map": {},
            "mode": None,
            "gpua": False,
            "gpu": False,
        }
        if key in fixed:
            return fixed[key]
        if key not in _KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)

    def __contains__(self, key: object) -> bool:
        return key in _KEYS

    def keys(self) -> tuple[str, ...]:
        """The keys."""
        return _KEYS

    def items(self) -> list[tuple[str, Any]]:
        """Pairs of keys and values."""
        return [(key, self[key]) for key in _KEYS]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or ``default``."""
        return self[key] if key in _KEYS else default

    def copy(self) -> dict[str, Any]:
        """A dict of keys and values, which ``Scan`` takes as well."""
        return dict(self.items())


def info_of(info: ScanInfo | Mapping[str, Any]) -> ScanInfo:
    """``info`` as a :class:`ScanInfo`: itself, or what a dict with Theano's keys says. ValueError for "mit_mot" states."""
    if isinstance(info, ScanInfo):
        return info
    if info.get("n_mit_mot", 0):
        raise ValueError("states that a step writes in several places (mit_mot) do not exist: carry the values instead")
    return ScanInfo(
        n_seqs=info["n_seqs"],
        taps=tuple(tuple(sorted(own)) for own in info["tap_array"]),
        n_collected=info["n_nit_sot"],
        n_carried=info["n_shared_outs"],
        as_while=bool(info.get("as_while", False)),
        truncate_gradient=info.get("truncate_gradient", -1),
        go_backwards=bool(info.get("go_backwards", False)),
        name=info.get("name"),
        profile=info.get("profile", False),
        allow_gc=bool(info.get("allow_gc", False)),
        strict=bool(info.get("strict", False)),
    )


def _listed(variables: Any, outputs: bool = False) -> list[Any]:
    if isinstance(variables, Apply):
        return list(variables.outputs if outputs else variables.inputs)
    return list(variables)


class ScanLayout:
    """The parts of a loop by Theano's names; each method takes the list that it takes the part of, or outer ones the node."""

    inputs: list[Variable]
    outputs: list[Variable]
    info: ScanInfo

    @property
    def tap_array(self) -> list[list[int]]:
        """The taps of each recurrent state."""
        return [list(own) for own in self.info.taps]

    @property
    def n_tap_outs(self) -> int:
        """The number of states written in several places, and of states with taps other than -1 alone."""
        return len(self._states(False))

    @property
    def n_outs(self) -> int:
        """The number of recurrent states."""
        return len(self.info.taps)

    @property
    def seqs_arg_offset(self) -> int:
        """The place among outer inputs after the sequences: that of the first rows of states."""
        return 1 + self.info.n_seqs

    @property
    def shared_arg_offset(self) -> int:
        """The place among outer inputs after the states: that of carried values."""
        return self.seqs_arg_offset + len(self.info.taps)

    @property
    def nit_sot_arg_offset(self) -> int:
        """The place among outer inputs after the carried values."""
        return self.shared_arg_offset + self.info.n_carried

    @property
    def output_types(self) -> list[Any]:
        """The types of outer outputs: of all rows of states and collected values, and of carried values."""
        n_kept = len(self.info.taps) + self.info.n_collected
        kept = [v.type for v in self.outputs[:n_kept]]
        rows = [t.clone(broadcastable=(False, *t.broadcastable)) for t in kept]  # type: ignore[attr-defined]
        return rows + [v.type for v in self.outputs[n_kept : n_kept + self.info.n_carried]]

    @property
    def profile(self) -> Any:
        """What ``scan`` was given."""
        return self.info.profile

    @property
    def allow_gc(self) -> bool:
        """What ``scan`` was given; memory is planned before a loop runs in any case."""
        return self.info.allow_gc

    @property
    def strict(self) -> bool:
        """What ``scan`` was given."""
        return self.info.strict

    @property
    def gpua(self) -> bool:
        """False: loops run on the CPU."""
        return False

    gpu = gpua

    @property
    def inplace(self) -> bool:
        """False: which memory is used again is planned when the function is compiled."""
        return False

    @property
    def mitmots_preallocated(self) -> list[bool]:
        """Nothing: see the module's text."""
        return []

    @property
    def mit_mot_out_slices(self) -> list[Any]:
        """Nothing: see the module's text."""
        return []

    @property
    def n_mit_mot_outs(self) -> int:
        """0."""
        return 0

    def inner_parts(
        self, variables: Sequence[Any] | None = None
    ) -> tuple[list[Any], list[list[Any]], list[Any], list[Any]]:
        """Split inner inputs (or what stands for them) into sequences, taps of each state, carried values, others."""
        left = list(self.inputs if variables is None else variables)
        info = self.info
        seqs, left = left[: info.n_seqs], left[info.n_seqs :]
        taps = []
        for own in info.taps:
            taps.append(left[: len(own)])
            left = left[len(own) :]
        return seqs, taps, left[: info.n_carried], left[info.n_carried :]

    def outer_parts(self, variables: Sequence[Any]) -> tuple[Any, list[Any], list[Any], list[Any], list[Any]]:
        """Split outer inputs into the number of steps, sequences, first rows, carried values, others; without the limits."""
        info = self.info
        left = list(variables)[: len(variables) - len(info.limited)]
        n, left = left[0], left[1:]
        seqs, left = left[: info.n_seqs], left[info.n_seqs :]
        first, left = left[: len(info.taps)], left[len(info.taps) :]
        return n, seqs, first, left[: info.n_carried], left[info.n_carried :]

    def outer_limits(self, variables: Sequence[Any]) -> dict[int, Any]:
        """For each output of which only the last rows are returned, by place, how many."""
        limited = self.info.limited
        return dict(zip(limited, variables[len(variables) - len(limited) :]))

    def _states(self, single: bool) -> list[int]:
        return [i for i, own in enumerate(self.info.taps) if (own == (-1,)) == single]

    def inner_seqs(self, list_inputs: Sequence[Any]) -> list[Any]:
        """A slice of each sequence."""
        return self.inner_parts(_listed(list_inputs))[0]

    def outer_seqs(self, list_inputs: Any) -> list[Any]:
        """The sequences."""
        return self.outer_parts(_listed(list_inputs))[1]

    def inner_mitmot(self, list_inputs: Any) -> list[Any]:
        """Nothing."""
        return []

    def outer_mitmot(self, list_inputs: Any) -> list[Any]:
        """Nothing."""
        return []

    def inner_mitmot_outs(self, list_outputs: Any) -> list[Any]:
        """Nothing."""
        return []

    def outer_mitmot_outs(self, list_outputs: Any) -> list[Any]:
        """Nothing."""
        return []

    def mitmot_taps(self) -> list[Any]:
        """Nothing."""
        return []

    def mitmot_out_taps(self) -> list[Any]:
        """Nothing."""
        return []

    def mitsot_taps(self) -> list[list[int]]:
        """The taps of each state with others than -1 alone."""
        return [list(self.info.taps[i]) for i in self._states(False)]

    def inner_mitsot(self, list_inputs: Sequence[Any]) -> list[Any]:
        """The taps of states with others than -1 alone."""
        taps = self.inner_parts(_listed(list_inputs))[1]
        return [v for i in self._states(False) for v in taps[i]]

    def outer_mitsot(self, list_inputs: Any) -> list[Any]:
        """The first rows of states with taps other than -1 alone."""
        first = self.outer_parts(_listed(list_inputs))[2]
        return [first[i] for i in self._states(False)]

    def inner_sitsot(self, list_inputs: Sequence[Any]) -> list[Any]:
        """The last value of each state with the tap -1."""
        taps = self.inner_parts(_listed(list_inputs))[1]
        return [v for i in self._states(True) for v in taps[i]]

    def outer_sitsot(self, list_inputs: Any) -> list[Any]:
        """The first rows of states with the tap -1."""
        first = self.outer_parts(_listed(list_inputs))[2]
        return [first[i] for i in self._states(True)]

    def inner_shared(self, list_inputs: Sequence[Any]) -> list[Any]:
        """The carried values."""
        return self.inner_parts(_listed(list_inputs))[2]

    def outer_shared(self, list_inputs: Any) -> list[Any]:
        """What the carried values are at first."""
        return self.outer_parts(_listed(list_inputs))[3]

    def inner_non_seqs(self, list_inputs: Sequence[Any]) -> list[Any]:
        """What no step changes."""
        return self.inner_parts(_listed(list_inputs))[3]

    def outer_non_seqs(self, list_inputs: Any) -> list[Any]:
        """What no step changes."""
        return self.outer_parts(_listed(list_inputs))[4]

    def outer_nitsot(self, list_inputs: Any) -> list[Any]:
        """The number of rows of each collected value: that of steps."""
        return [_listed(list_inputs)[0]] * self.info.n_collected

    def _kept(self, list_outputs: Any, single: bool) -> list[Any]:
        found = _listed(list_outputs, True)
        return [found[i] for i in self._states(single)]

    def _from(self, list_outputs: Any, start: int, count: int) -> list[Any]:
        begin = len(self.info.taps) + start
        return _listed(list_outputs, True)[begin : begin + count]

    def inner_mitsot_outs(self, list_outputs: Any) -> list[Any]:
        """New values of states with taps other than -1 alone."""
        return self._kept(list_outputs, False)

    outer_mitsot_outs = inner_mitsot_outs

    def inner_sitsot_outs(self, list_outputs: Any) -> list[Any]:
        """New values of states with the tap -1."""
        return self._kept(list_outputs, True)

    outer_sitsot_outs = inner_sitsot_outs

    def inner_nitsot_outs(self, list_outputs: Any) -> list[Any]:
        """Collected values."""
        return self._from(list_outputs, 0, self.info.n_collected)

    outer_nitsot_outs = inner_nitsot_outs

    def inner_shared_outs(self, list_outputs: Any) -> list[Any]:
        """New carried values."""
        return self._from(list_outputs, self.info.n_collected, self.info.n_carried)

    outer_shared_outs = inner_shared_outs

    @property
    def var_mappings(self) -> dict[str, dict[int, Any]]:
        """What :meth:`get_oinp_iinp_iout_oout_mappings` returns."""
        return self.get_oinp_iinp_iout_oout_mappings()

    def get_oinp_iinp_iout_oout_mappings(self) -> dict[str, dict[int, Any]]:
        """Which outer input, inner inputs, inner outputs and outer output belong together, by place.

        Keys such as ``"inner_inp_from_outer_inp"``; a list of places where there may be several, else one or -1.
        """
        info = self.info
        rows: list[tuple[int, list[int], list[int], int]] = [(0, [], [], -1)]
        inner, outer, out = 0, 1, 0
        for _ in range(info.n_seqs):
            rows.append((outer, [inner], [], -1))
            inner, outer = inner + 1, outer + 1
        for own in info.taps:
            rows.append((outer, list(range(inner, inner + len(own))), [out], out))
            inner, outer, out = inner + len(own), outer + 1, out + 1
        for i in range(info.n_collected):
            rows.append((-1, [], [out + i], out + i))
        out += info.n_collected
        for _ in range(info.n_carried):
            rows.append((outer, [inner], [out], out))
            inner, outer, out = inner + 1, outer + 1, out + 1
        while inner < len(self.inputs):
            rows.append((outer, [inner], [], -1))
            inner, outer = inner + 1, outer + 1
        names = ("outer_inp", "inner_inp", "inner_out", "outer_out")
        found: dict[str, dict[int, Any]] = {}
        for b, source in enumerate(names):
            for a, target in enumerate(names):
                if a == b:
                    continue
                table: dict[int, Any] = {}
                for row in rows:
                    keys = row[b] if isinstance(row[b], list) else [row[b]]
                    table.update((key, row[a]) for key in keys if key != -1)  # type: ignore[union-attr]
                found[f"{target}_from_{source}"] = table
        return found
