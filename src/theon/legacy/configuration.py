"""Flags of a program's own, added to ``theano.config``, and the helpers of ``theano.configparser``."""

from __future__ import annotations

import hashlib
import os
import platform
import struct
import warnings
from collections.abc import Callable
from typing import Any

from theon import options
from theon.options import Config, Flag, config, parse_flags

__all__ = [
    "THEANO_FLAGS",
    "THEANO_FLAGS_DICT",
    "AddConfigVar",
    "BoolParam",
    "ConfigParam",
    "DeviceParam",
    "EnumStr",
    "FloatParam",
    "IntParam",
    "StrParam",
    "TheanoConfigParser",
    "TheanoConfigWarning",
    "TypedParam",
    "config_files",
    "config_files_from_theanorc",
    "cpuCount",
    "default_openmp",
    "fetch_val_for_key",
    "filter_mode",
    "filter_vm_lazy",
    "floatX_convert",
    "get_config_hash",
    "get_home_dir",
    "good_seed_param",
    "is_valid_check_preallocated_output_param",
    "local_bitwidth",
    "maybe_add_to_os_environ_pathlist",
    "parse_config_string",
    "python_int_bitwidth",
    "short_platform",
    "split_version",
    "warn_default",
]

TheanoConfigParser = Config
THEANO_FLAGS = os.environ.get("THEANO_FLAGS", "")


class TheanoConfigWarning(Warning):
    """A warning about flags; shown each time."""

    __module__ = "theano.configparser"

    @classmethod
    def warn(cls, message: str, stacklevel: int = 0) -> None:
        """Warn."""
        warnings.warn(message, cls, stacklevel=stacklevel + 3)


def parse_config_string(config_string: str, issue_warnings: bool = True) -> dict[str, str]:
    """Return the texts of ``"name=value,name=value"`` by name; a part without ``=`` is left out, with a warning."""
    found: dict[str, str] = {}
    for part in config_string.split(","):
        if not part.strip():
            continue
        try:
            found.update(parse_flags(part))
        except ValueError:
            if issue_warnings:
                TheanoConfigWarning.warn(f"Config key '{part}' has no value, ignoring it", stacklevel=1)
    return found


THEANO_FLAGS_DICT = parse_config_string(THEANO_FLAGS, issue_warnings=False)


def config_files_from_theanorc() -> list[str]:
    """Return the paths of the configuration files: those of ``THEANORC``, or ``~/.theanorc``."""
    return options._files()


config_files = config_files_from_theanorc()


def fetch_val_for_key(key: str, delete_key: bool = False) -> str:
    """Return the text given for a flag in the environment or a configuration file; KeyError where there is none."""
    return options._texts()[key]


def get_config_hash() -> str:
    """Return a hash of the values of all flags."""
    text = "\n".join(f"{name}={config.read(name)}" for name in sorted(config))
    return hashlib.sha256(text.encode()).hexdigest()


class ConfigParam:
    """A flag to be: its ``default`` (or a function without arguments that returns it), and ``filter``, which turns a text or an
    object into a value, or raises ValueError. ``allow_override=False``: it cannot be set after its first reading."""

    __module__ = "theano.configparser"

    def __init__(self, default: Any, filter: Callable[[Any], Any] | None = None, allow_override: bool = True) -> None:
        self.default, self.filter, self.allow_override = default, filter, allow_override
        self.fullname: str | None = None
        self.doc: str | None = None

    def kind(self) -> str:
        """Return the word for the values."""
        return "text"

    def __get__(self, cls: Any, type_: Any = None) -> Any:
        return self if self.fullname is None else config.read(self.fullname)

    def __set__(self, cls: Any, val: Any) -> None:
        if self.fullname is not None:
            config.write(self.fullname, val)


class EnumStr(ConfigParam):
    """A flag with one of several texts."""

    __module__ = "theano.configparser"

    def __init__(self, default: str, *options: str, **kwargs: Any) -> None:
        self.all = (default, *options)
        for val in self.all:
            if not isinstance(val, str):
                raise ValueError("Valid values for an EnumStr parameter should be strings", val, type(val))

        def check(val: Any) -> str:
            if val in self.all:
                return str(val)
            raise ValueError(
                f'Invalid value ("{val}") for configuration variable "{self.fullname}". Valid options are {self.all}'
            )

        super().__init__(default, check, kwargs.get("allow_override", True))

    def __str__(self) -> str:
        return f"{self.fullname} ({self.all}) "

    def kind(self) -> str:
        return "enum"


class TypedParam(ConfigParam):
    """A flag whose values ``mytype`` makes of texts, and ``is_valid``, where given, accepts."""

    __module__ = "theano.configparser"

    def __init__(
        self,
        default: Any,
        mytype: Callable[[Any], Any],
        is_valid: Callable[[Any], Any] | None = None,
        allow_override: bool = True,
    ) -> None:
        self.mytype = mytype

        def check(val: Any) -> Any:
            value = mytype(val)
            if is_valid is not None and not is_valid(value):
                raise ValueError(f'Invalid value ({val}) for configuration variable "{self.fullname}".', val)
            return value

        super().__init__(default, check, allow_override)

    def __str__(self) -> str:
        return f"{self.fullname} ({self.mytype}) "

    def kind(self) -> str:
        return getattr(self.mytype, "__name__", "value")


class DeviceParam(EnumStr):
    """A flag with the name of a device: one of the texts, or one that begins with "opencl" or "cuda"."""

    __module__ = "theano.configdefaults"

    def __init__(self, default: str, *options: str, **kwargs: Any) -> None:
        super().__init__(default, *options, **kwargs)
        plain = self.filter
        assert plain is not None
        self.filter = lambda val: val if str(val).startswith(("opencl", "cuda")) else plain(val)

    def __str__(self) -> str:
        return f"{self.fullname} ({self.default}, opencl*, cuda*) "


def StrParam(default: Any, is_valid: Any = None, allow_override: bool = True) -> TypedParam:
    """Return a flag of text."""
    return TypedParam(default, str, is_valid, allow_override)


def IntParam(default: Any, is_valid: Any = None, allow_override: bool = True) -> TypedParam:
    """Return a flag of whole numbers."""
    return TypedParam(default, int, is_valid, allow_override)


def FloatParam(default: Any, is_valid: Any = None, allow_override: bool = True) -> TypedParam:
    """Return a flag of numbers."""
    return TypedParam(default, float, is_valid, allow_override)


def _bool(value: Any) -> bool:
    if value in (False, 0, "false", "False", "0"):
        return False
    if value in (True, 1, "true", "True", "1"):
        return True
    raise ValueError(f"no truth value: {value!r}")


def BoolParam(default: Any, is_valid: Any = None, allow_override: bool = True) -> TypedParam:
    """Return a flag that is True or False; texts are "True", "true", "1", "False", "false", "0"."""
    return TypedParam(default, _bool, is_valid, allow_override)


class _UserFlag(Flag):
    """A flag whose values a :class:`ConfigParam` reads."""

    __slots__ = ("param",)

    def __init__(self, name: str, param: ConfigParam) -> None:
        self.param = param
        default = param.default() if callable(param.default) else param.default
        super().__init__(name, param.kind(), default, (), param.allow_override)
        self.default = self.parse(default) if default is not None else None

    def parse(self, value: Any) -> Any:
        return self.param.filter(value) if self.param.filter is not None else value


def AddConfigVar(name: str, doc: str, configparam: ConfigParam, root: Any = Config, in_c_key: bool = True) -> None:
    """Add a flag to ``theano.config``: read from ``THEANO_FLAGS`` and configuration files, set by assignment.

    A dot in the name makes a section. AttributeError for a name that is taken.

    >>> import theano
    >>> theano.configparser.AddConfigVar("mylib.depth", "how deep", theano.configparser.IntParam(3, lambda n: n > 0))
    >>> theano.config.mylib.depth
    3
    """
    if not isinstance(configparam, ConfigParam):
        raise TypeError(f"the flag has to be a ConfigParam, not {type(configparam).__name__}")
    configparam.fullname, configparam.doc = name, doc
    config.add(_UserFlag(name, configparam))


# --- what defaults were made of ---


def floatX_convert(s: Any) -> str:
    """Return the dtype for a number of bits or a name of a dtype."""
    return {"32": "float32", "64": "float64", "16": "float16"}.get(str(s), str(s))


def filter_mode(val: Any) -> Any:
    """Return a mode's name, or a mode; ValueError for anything else."""
    if isinstance(val, str) and val in ("Mode", "DebugMode", "FAST_RUN", "NanGuardMode", "FAST_COMPILE", "DEBUG_MODE"):
        return val
    if hasattr(val, "provided_optimizer"):
        return val
    raise ValueError(f"Expected one of the names of modes, or an instance of Mode. Instead got: {val}")


def filter_vm_lazy(val: Any) -> bool | None:
    """Return False, True or None for their texts; ValueError for anything else."""
    if val in ("False", False):
        return False
    if val in ("True", True):
        return True
    if val in ("None", None):
        return None
    raise ValueError(f"Valid values for an vm.lazy parameter should be None, False or True, not {val!r}.")


def good_seed_param(seed: Any) -> bool:
    """Whether a text is a seed: "random" or a whole number."""
    if seed == "random":
        return True
    try:
        int(seed)
    except (TypeError, ValueError):
        return False
    return True


def is_valid_check_preallocated_output_param(param: Any) -> bool:
    """Whether a text is a list of ways, joined by colons, in which outputs may be allocated before a call."""
    valid = ["initial", "previous", "c_contiguous", "f_contiguous", "strided", "wrong_size", "ALL", ""]
    return isinstance(param, str) and all(part in valid for part in param.split(":"))


def split_version(version: str) -> tuple[int, ...]:
    """Return the numbers of a version."""
    return tuple(int(part) for part in version.split("."))


def warn_default(version: str) -> bool:
    """Whether a bug that was fixed in ``version`` is still warned of, as ``config.warn.ignore_bug_before`` says."""
    before = config.warn.ignore_bug_before
    if before in ("None", "none"):
        return True
    return before != "all" and split_version(before) < split_version(version)


def cpuCount() -> int:
    """Return the number of processors of the machine, or -1."""
    return os.cpu_count() or -1


default_openmp = False


def get_home_dir() -> str:
    """Return the user's home folder."""
    return os.path.expanduser("~")


def local_bitwidth() -> int:
    """Return the number of bits of a pointer."""
    return struct.calcsize("P") * 8


def python_int_bitwidth() -> int:
    """Return the number of bits of a C long."""
    return struct.calcsize("l") * 8


def short_platform(r: str | None = None, p: str | None = None) -> str:
    """Return the platform's name with the release of the system cut after its numbers."""
    r = platform.release() if r is None else r
    p = platform.platform() if p is None else p
    parts = r.split("-")
    if len(parts) < 2:
        return p
    numbers = parts[1].split(".")
    kept = ".".join(n for n in numbers[: next((k for k, n in enumerate(numbers) if not n.isdigit()), len(numbers))])
    return p.replace(r, "-".join([parts[0], kept]) if kept else parts[0])


def maybe_add_to_os_environ_pathlist(var: str, newpath: str) -> None:
    """Put a folder in front of a list of paths in the environment, if it is an absolute path and not on it."""
    if os.path.isabs(newpath):
        paths = os.environ.get(var, "").split(os.pathsep)
        if newpath not in paths:
            os.environ[var] = os.pathsep.join([newpath, *(p for p in paths if p)])
