"""The flag table and the ``config`` object: every option of Theano, read once at the door.

Values come, last one winning, from the defaults, ``~/.theanorc`` (or the files of ``THEANORC``), and the
``THEANO_FLAGS`` environment variable. ``config.floatX``, ``config.blas.ldflags`` ... read them;
``config.change_flags(floatX="float32")`` (also ``theano.configparser.change_flags``) changes some of them for a
``with`` block or a decorated function. Flags that only make sense for a C compiler or for Theano's own GPU code are
kept so that old settings load, and have no effect.

>>> from theon.options import config
>>> with config.change_flags(floatX="float32"):
...     config.floatX
'float32'
"""

from __future__ import annotations

import configparser
import functools
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final, Self

__all__ = ["FLAGS", "Config", "Flag", "change_flags", "config", "parse_flags", "warn_of_flags"]

_TABLE: Final[tuple[tuple[str, str, Any, tuple[str, ...], bool], ...]] = (
    # name, kind, default, allowed texts, may be set after import
    ("DebugMode.check_c", "bool", True, (), True),
    ("DebugMode.check_finite", "bool", True, (), True),
    ("DebugMode.check_preallocated_output", "str", "", (), True),
    ("DebugMode.check_preallocated_output_ndim", "int", 4, (), True),
    ("DebugMode.check_py", "bool", True, (), True),
    ("DebugMode.check_strides", "int", 0, (), True),
    ("DebugMode.patience", "int", 10, (), True),
    ("DebugMode.warn_input_not_reused", "bool", True, (), True),
    ("NanGuardMode.action", "enum", "raise", ("raise", "warn", "pdb"), True),
    ("NanGuardMode.big_is_error", "bool", True, (), True),
    ("NanGuardMode.inf_is_error", "bool", True, (), True),
    ("NanGuardMode.nan_is_error", "bool", True, (), True),
    ("allow_gc", "bool", True, (), True),
    ("assert_no_cpu_op", "enum", "ignore", ("ignore", "warn", "raise", "pdb"), True),
    ("base_compiledir", "str", "", (), False),
    ("blas.check_openmp", "bool", True, (), True),
    ("blas.ldflags", "str", "", (), True),
    ("cache_optimizations", "bool", False, (), True),
    ("cast_policy", "enum", "custom", ("custom", "numpy+floatX"), True),
    ("check_input", "bool", True, (), True),
    ("check_stack_trace", "enum", "off", ("off", "log", "warn", "raise"), True),
    ("cmodule.age_thresh_use", "int", 2073600, (), False),
    ("cmodule.compilation_warning", "bool", False, (), True),
    ("cmodule.debug", "bool", False, (), True),
    ("cmodule.preload_cache", "bool", False, (), False),
    ("cmodule.remove_gxx_opt", "bool", False, (), True),
    ("cmodule.warn_no_version", "bool", False, (), True),
    ("compile.timeout", "int", 120, (), False),
    ("compile.wait", "int", 5, (), False),
    ("compiledir", "str", "", (), False),
    (
        "compiledir_format",
        "str",
        "compiledir_%(short_platform)s-%(processor)s-%(python_version)s-%(python_bitwidth)s",
        (),
        False,
    ),
    ("compute_test_value", "enum", "off", ("off", "ignore", "warn", "raise", "pdb"), True),
    ("compute_test_value_opt", "enum", "off", ("off", "ignore", "warn", "raise", "pdb"), True),
    ("contexts", "str", "", (), False),
    ("conv.assert_shape", "bool", False, (), True),
    ("ctc.root", "str", "", (), False),
    ("cuda.include_path", "str", "", (), True),
    ("cuda.root", "str", "", (), True),
    ("cxx", "str", "", (), True),
    ("cycle_detection", "enum", "regular", ("regular", "fast"), True),
    ("deterministic", "enum", "default", ("default", "more"), True),
    ("device", "device", "cpu", (), False),
    ("dnn.base_path", "str", "", (), True),
    ("dnn.bin_path", "str", "", (), True),
    ("dnn.conv.algo_bwd", "str", "", (), False),
    (
        "dnn.conv.algo_bwd_data",
        "enum",
        "none",
        (
            "none",
            "deterministic",
            "fft",
            "fft_tiling",
            "winograd",
            "winograd_non_fused",
            "guess_once",
            "guess_on_shape_change",
            "time_once",
            "time_on_shape_change",
        ),
        True,
    ),
    (
        "dnn.conv.algo_bwd_filter",
        "enum",
        "none",
        (
            "none",
            "deterministic",
            "fft",
            "small",
            "winograd_non_fused",
            "fft_tiling",
            "guess_once",
            "guess_on_shape_change",
            "time_once",
            "time_on_shape_change",
        ),
        True,
    ),
    (
        "dnn.conv.algo_fwd",
        "enum",
        "small",
        (
            "small",
            "none",
            "large",
            "fft",
            "fft_tiling",
            "winograd",
            "winograd_non_fused",
            "guess_once",
            "guess_on_shape_change",
            "time_once",
            "time_on_shape_change",
        ),
        True,
    ),
    ("dnn.conv.precision", "enum", "as_input_f32", ("as_input_f32", "as_input", "float16", "float32", "float64"), True),
    ("dnn.conv.workmem", "str", "", (), False),
    ("dnn.conv.workmem_bwd", "str", "", (), False),
    ("dnn.enabled", "enum", "auto", ("auto", "True", "False", "no_check"), True),
    ("dnn.include_path", "str", "", (), True),
    ("dnn.library_path", "str", "", (), True),
    ("exception_verbosity", "enum", "low", ("low", "high"), True),
    ("experimental.local_alloc_elemwise", "bool", True, (), True),
    ("experimental.local_alloc_elemwise_assert", "bool", True, (), True),
    ("experimental.unpickle_gpu_on_cpu", "bool", False, (), True),
    ("floatX", "enum", "float64", ("float64", "float32", "float16"), True),
    ("force_device", "bool", False, (), False),
    ("gcc.cxxflags", "str", "", (), True),
    ("gpu.local_elemwise_fusion", "bool", True, (), True),
    ("gpuarray.cache_path", "str", "", (), False),
    ("gpuarray.preallocate", "float", 0, (), False),
    ("gpuarray.sched", "enum", "default", ("default", "multi", "single"), True),
    ("gpuarray.single_stream", "bool", True, (), True),
    ("gpuarray.sync", "str", False, (), False),
    ("gpuelemwise.sync", "bool", True, (), True),
    ("init_gpu_device", "device", "", (), False),
    ("int_division", "enum", "int", ("int", "raise", "floatX"), True),
    ("lib.amdlibm", "bool", False, (), True),
    ("linker", "enum", "vm", ("vm", "py", "vm_nogc", "cvm", "c|py", "c", "c|py_nogc", "cvm_nogc"), True),
    ("magma.enabled", "bool", False, (), True),
    ("magma.include_path", "str", "", (), True),
    ("magma.library_path", "str", "", (), True),
    ("metaopt.optimizer_excluding", "str", "", (), True),
    ("metaopt.optimizer_including", "str", "", (), True),
    ("metaopt.verbose", "int", 0, (), True),
    ("mode", "str", "Mode", (), True),
    ("nocleanup", "bool", False, (), True),
    ("numpy.seterr_all", "enum", "ignore", ("ignore", "warn", "raise", "call", "print", "log", "None"), False),
    ("numpy.seterr_divide", "enum", "None", ("None", "ignore", "warn", "raise", "call", "print", "log"), False),
    ("numpy.seterr_invalid", "enum", "None", ("None", "ignore", "warn", "raise", "call", "print", "log"), False),
    ("numpy.seterr_over", "enum", "None", ("None", "ignore", "warn", "raise", "call", "print", "log"), False),
    ("numpy.seterr_under", "enum", "None", ("None", "ignore", "warn", "raise", "call", "print", "log"), False),
    ("on_opt_error", "enum", "warn", ("warn", "raise", "pdb", "ignore"), True),
    ("on_shape_error", "enum", "warn", ("warn", "raise"), True),
    ("on_unused_input", "enum", "raise", ("raise", "warn", "ignore"), True),
    ("openmp", "bool", False, (), True),
    ("openmp_elemwise_minsize", "int", 200000, (), True),
    ("optdb.max_use_ratio", "float", 8, (), True),
    ("optdb.position_cutoff", "float", float("inf"), (), True),
    ("optimizer", "enum", "o4", ("o4", "o3", "o2", "o1", "unsafe", "fast_run", "fast_compile", "merge", "None"), True),
    ("optimizer_excluding", "str", "", (), False),
    ("optimizer_including", "str", "", (), False),
    ("optimizer_requiring", "str", "", (), False),
    ("optimizer_verbose", "bool", False, (), True),
    ("pickle_test_value", "bool", True, (), True),
    ("print_active_device", "bool", True, (), False),
    ("print_global_stats", "bool", False, (), True),
    ("print_test_value", "bool", False, (), True),
    ("profile", "bool", False, (), True),
    ("profile_memory", "bool", False, (), True),
    ("profile_optimizer", "bool", False, (), True),
    ("profiling.debugprint", "bool", False, (), True),
    ("profiling.destination", "str", "stderr", (), True),
    ("profiling.ignore_first_call", "bool", False, (), True),
    ("profiling.min_memory_size", "int", 1024, (), True),
    ("profiling.min_peak_memory", "bool", False, (), True),
    ("profiling.n_apply", "int", 20, (), True),
    ("profiling.n_ops", "int", 20, (), True),
    ("profiling.output_line_width", "int", 512, (), True),
    ("profiling.time_thunks", "bool", True, (), True),
    ("reoptimize_unpickled_function", "bool", False, (), True),
    ("scan.allow_gc", "bool", False, (), True),
    ("scan.allow_output_prealloc", "bool", True, (), True),
    ("scan.debug", "bool", False, (), True),
    ("tensor.cmp_sloppy", "int", 0, (), False),
    ("tensor.insert_inplace_optimizer_validate_nb", "int", -1, (), True),
    ("tensor.local_elemwise_fusion", "bool", True, (), True),
    ("traceback.compile_limit", "int", 0, (), True),
    ("traceback.limit", "int", 8, (), True),
    ("unittests.rseed", "str", 666, (), True),
    ("unpickle_function", "bool", True, (), True),
    ("vm.lazy", "str", "None", (), True),
    ("warn.argmax_pushdown_bug", "bool", False, (), True),
    ("warn.gpu_set_subtensor1", "bool", False, (), True),
    ("warn.gpusum_01_011_0111_bug", "bool", False, (), True),
    ("warn.identify_1pexp_bug", "bool", False, (), True),
    (
        "warn.ignore_bug_before",
        "enum",
        "0.9",
        (
            "0.9",
            "None",
            "all",
            "0.3",
            "0.4",
            "0.4.1",
            "0.5",
            "0.6",
            "0.7",
            "0.8",
            "0.8.1",
            "0.8.2",
            "0.9",
            "0.10",
            "1.0",
            "1.0.1",
            "1.0.2",
            "1.0.3",
            "1.0.4",
            "1.0.5",
        ),
        False,
    ),
    ("warn.inc_set_subtensor1", "bool", False, (), True),
    ("warn.inc_subtensor1_opt", "bool", True, (), True),
    ("warn.reduce_join", "bool", False, (), True),
    ("warn.round", "bool", False, (), True),
    ("warn.signal_conv2d_interface", "bool", False, (), True),
    ("warn.subtensor_merge_bug", "bool", False, (), True),
    ("warn.sum_div_dimshuffle_bug", "bool", False, (), True),
    ("warn.sum_sum_bug", "bool", False, (), True),
    ("warn.vm_gc_bug", "bool", False, (), True),
    ("warn_float64", "enum", "ignore", ("ignore", "warn", "raise", "pdb"), True),
    # Theon's own
    ("cache", "bool", True, (), True),
    ("cache_size_mb", "int", 512, (), True),
    ("conv.winograd", "bool", True, (), True),
    ("threads", "int", 0, (), True),
    ("verify_programs", "bool", False, (), True),
)


class Flag:
    """One row of the table: its full name, how texts are read, its default and the values it may take.

    ``kind`` is bool, int, float, str, enum or device; ``allowed`` holds the texts of an enum.
    """

    __slots__ = ("allowed", "check", "default", "kind", "name", "settable")

    def __init__(
        self,
        name: str,
        kind: str,
        default: Any,
        allowed: tuple[str, ...] = (),
        settable: bool = True,
        check: Callable[[Any], Any] | None = None,
    ) -> None:
        self.name, self.kind, self.default, self.allowed, self.settable, self.check = (
            name,
            kind,
            default,
            allowed,
            settable,
            check,
        )

    def parse(self, value: Any) -> Any:
        """Return ``value`` (a text or an object) as a value of this flag; ValueError names the flag."""
        try:
            result = self._parse(value)
        except (TypeError, ValueError):
            hint = f"; allowed: {', '.join(self.allowed)}" if self.allowed else ""
            raise ValueError(
                f"Invalid value ({value!r}) for configuration variable {self.name!r} ({self.kind}){hint}"
            ) from None
        if self.check is not None:
            checked = self.check(result)
            if checked is False:
                raise ValueError(f"Invalid value ({value!r}) for configuration variable {self.name!r}")
            if checked is not True and checked is not None:
                result = checked
        return result

    def _parse(self, value: Any) -> Any:
        if self.kind == "bool":
            if value in (False, 0, "false", "False", "0"):
                return False
            if value in (True, 1, "true", "True", "1"):
                return True
            raise ValueError(value)
        if self.kind == "int":
            return int(value)
        if self.kind == "float":
            return float(value)
        if self.kind == "enum":
            text = str(value)
            if text in self.allowed:
                return text
            raise ValueError(value)
        if self.kind == "device":
            text = str(value)
            if text in ("", "cpu") or text.startswith(("cuda", "opencl", "gpu")):
                return text
            raise ValueError(value)
        return value if value is None else str(value)


FLAGS: Final[dict[str, Flag]] = {row[0]: Flag(*row) for row in _TABLE}

for _name in ("DebugMode.check_preallocated_output_ndim", "DebugMode.patience", "compile.wait"):
    FLAGS[_name].check = lambda number: number > 0
for _name in ("profiling.n_apply", "profiling.n_ops", "profiling.output_line_width"):
    FLAGS[_name].check = lambda number: number > 0
for _name in ("compile.timeout", "profiling.min_memory_size"):
    FLAGS[_name].check = lambda number: number >= 0
for _name in ("DebugMode.check_strides", "tensor.cmp_sloppy"):
    FLAGS[_name].check = lambda level: level in (0, 1, 2)
FLAGS["experimental.local_alloc_elemwise"].check = lambda on: on  # Theano knows no other way any more


def _pieces(text: str) -> list[str]:
    """The parts of a text of flags, without their quotes; commas inside quotes do not divide."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace = ","
    lexer.whitespace_split = True
    lexer.commenters = ""
    return [piece.strip() for piece in lexer if piece.strip()]


def parse_flags(text: str, strict: bool = True) -> dict[str, str]:
    """Read ``"floatX=float32,blas.ldflags='-lm -lblas'"`` into a dict of texts.

    A piece without ``=`` is a ValueError, or, where ``strict`` is False, left out.
    """
    found: dict[str, str] = {}
    for piece in _pieces(text):
        key, equals, value = piece.partition("=")
        if equals:
            found[key.strip()] = value.strip()
        elif strict:
            raise ValueError(f"THEANO_FLAGS: {piece!r} is not of the form name=value")
    return found


def _files() -> list[str]:
    text = os.environ.get("THEANORC", "~/.theanorc")
    paths = [os.path.expanduser(path) for path in text.split(os.pathsep) if path]
    if sys.platform == "win32":
        paths += [path + ".txt" for path in list(paths)]
    return paths


def _texts() -> dict[str, str]:
    """All texts from the configuration files and the environment, later ones winning."""
    found: dict[str, str] = {}
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # flag names keep their case
    try:
        parser.read(_files())
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read the Theano configuration file: {error}") from error
    for section in parser.sections():
        prefix = "" if section == "global" else section + "."
        for key, value in parser.items(section):
            found[prefix + key] = value
    found.update(parse_flags(os.environ.get("THEANO_FLAGS", ""), strict=False))
    return found


def warn_of_flags() -> None:
    """Warn, when Theon is imported, of flags in the environment that are unknown, have no value, or ask for a GPU."""
    known = set(FLAGS)
    for piece in _pieces(os.environ.get("THEANO_FLAGS", "")):
        name = piece.partition("=")[0].strip()
        if "=" not in piece:
            warnings.warn(f"Config key {piece!r} has no value, ignoring it", stacklevel=2)
        elif name not in known:
            warnings.warn(f"Theano does not recognise this flag: {name}", stacklevel=2)
    if config.device not in ("", "cpu"):
        warnings.warn(f"device={config.device}: there is no GPU code here, everything runs on the CPU", stacklevel=2)


class Section:
    """A dotted prefix of flags: ``config.blas`` reads and sets ``blas.*``."""

    __slots__ = ("_config", "_prefix")

    def __init__(self, config: Config, prefix: str) -> None:
        object.__setattr__(self, "_config", config)
        object.__setattr__(self, "_prefix", prefix)

    def __getattr__(self, name: str) -> Any:
        return self._config.read(self._prefix + name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._config.write(self._prefix + name, value)

    def __dir__(self) -> list[str]:
        size = len(self._prefix)
        return sorted({name[size:].split(".")[0] for name in FLAGS if name.startswith(self._prefix)})


class Config:
    """The options, by attribute. Unknown names raise AttributeError; values a flag may not take raise ValueError."""

    __module__ = "theano.configparser"
    __qualname__ = "TheanoConfigParser"

    def __init__(self, texts: dict[str, str]) -> None:
        values = self.__dict__["_values"] = {}
        self.__dict__["_sections"] = {}
        for name, flag in FLAGS.items():
            values[name] = flag.parse(texts[name]) if name in texts else flag.default
        self.__dict__["_unknown"] = sorted(set(texts) - set(FLAGS))

    def read(self, name: str) -> Any:
        """Return the value of the flag with this full name, or the section of that prefix; ``__`` may stand for the dot."""
        values = self.__dict__["_values"]
        name = name.replace("__", ".")
        if name in values:
            return values[name]
        sections = self.__dict__["_sections"]
        if name not in sections:
            prefix = name + "."
            if not any(flag.startswith(prefix) for flag in FLAGS):
                raise AttributeError(f"theano.config has no flag {name!r}")
            sections[name] = Section(self, prefix)
        return sections[name]

    def write(self, name: str, value: Any, *, force: bool = False) -> None:
        """Set a flag, ``__`` standing for the dot; flags fixed at import raise Exception, as in Theano."""
        name = name.replace("__", ".")
        flag = FLAGS.get(name)
        if flag is None:
            raise AttributeError(f"theano.config has no flag {name!r}")
        parsed = flag.parse(value)
        if not flag.settable and not force and parsed != self.__dict__["_values"][name]:
            raise Exception(f"Can't change the value of this config parameter after initialization! ({name})")
        self.__dict__["_values"][name] = parsed

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.read(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.write(name, value)

    def __dir__(self) -> list[str]:
        return sorted({name.split(".")[0] for name in FLAGS} | set(super().__dir__()))

    def __iter__(self) -> Iterator[str]:
        return iter(FLAGS)

    def __str__(self) -> str:
        values = self.__dict__["_values"]
        return "".join(f"{name} ({FLAGS[name].kind})\n    Value:  {values[name]}\n\n" for name in sorted(FLAGS))

    def change_flags(self, *args: Any, **flags: Any) -> change_flags:
        """Return a context manager and decorator that sets flags and puts the old values back."""
        return change_flags(*args, **flags)

    def add(self, flag: Flag) -> None:
        """Make a new flag known, reading its text from the environment; a second one of that name is an AttributeError."""
        if flag.name in FLAGS:
            raise AttributeError(f"This name is already taken: {flag.name}")
        FLAGS[flag.name] = flag
        text = _texts().get(flag.name)
        self.__dict__["_values"][flag.name] = flag.default if text is None else flag.parse(text)


config: Final = Config(_texts())
warn_of_flags()


class change_flags:
    """Set flags for a ``with`` block or a decorated function; dots are written ``__`` or passed in a dict."""

    __module__ = "theano.configparser"

    def __init__(self, args: Any = (), **flags: Any) -> None:
        wanted = dict(args)
        wanted.update({name.replace("__", "."): value for name, value in flags.items()})
        for name in wanted:
            if name not in FLAGS:
                raise AttributeError(f"theano.config has no flag {name!r}")
        self._wanted = wanted
        self._saved: list[dict[str, Any]] = []
        self._old: dict[str, Any] = {}

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped

    def __enter__(self) -> Self:
        self._saved.append({name: config.read(name) for name in self._wanted})
        try:
            for name, value in self._wanted.items():
                config.write(name, value, force=True)
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        if self._saved:
            self._old = self._saved.pop()
        for name, value in self._old.items():  # a second exit puts the same values back again
            config.write(name, value, force=True)
