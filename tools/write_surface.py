"""Write ``src/theano``: for each module of Theano's name list, the names that Theon defines, re-exported.

Run it after adding ops: ``python tools/write_surface.py``. A name is looked up in ``ALIASES`` first, then where Theon
defines it (the first module in ``PREFERENCE`` that does).
"""

import ast
import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
NAMES = json.loads((ROOT / "tests" / "surface" / "names.json").read_text())
SKIP = ("theano.compat.six", "theano.gpuarray", "theano.sandbox.cuda")
BY_HAND = (
    "theano.tests",
    "theano.gpuarray",
    "theano.misc.cpucount",
    "theano.tests.unittest_tools",
)  # files that this tool does not write

# The last layout of Theano's modules, which PyMC3 3.11 uses: each holds what a module of the older layout does, and more.
LATER = {
    "theano.compile.function.pfunc": ("theano.compile.pfunc", ""),
    "theano.compile.function.types": ("theano.compile.function_module", ""),
    **{
        f"theano.graph.{name}": (f"theano.gof.{name}", "")
        for name in ("callcache", "destroyhandler", "fg", "null_type", "opt", "optdb", "params_type", "sched", "toolbox", "type", "unify")
    },
    "theano.graph.basic": (
        "theano.gof.graph",
        "from theon.legacy.later import ancestors, applys_between, graph_inputs, orphans_between, vars_between, walk",
    ),
    "theano.graph.op": ("theano.gof.op", "from theon.legacy.later import get_test_value, get_test_values"),
    "theano.graph.utils": ("theano.gof.utils", "from theon.legacy.later import TestValueError"),
    "theano.link.basic": ("theano.gof.link", ""),
    "theano.link.utils": ("theano.gof.link", ""),
    "theano.link.vm": ("theano.gof.vm", ""),
    "theano.scan.basic": ("theano.scan_module.scan", ""),
    "theano.scan.checkpoints": ("theano.scan_module.scan_checkpoints", ""),
    **{
        f"theano.scan.{name}": (f"theano.scan_module.scan_{name}", "") for name in ("op", "opt", "utils", "views")
    },
    "theano.graph": ("theano.gof", ""),
    "theano.link": ("theano.gof.link", ""),
    "theano.scan": ("theano.scan_module", ""),
    # A module of the older layout that the list of Theano's names lacks.
    "theano.misc.may_share_memory": ("", "from theon.legacy.sharing import may_share_memory"),
}  # fmt: skip
# Names that programs use though Theano's list of members lacks them.
ALSO = {
    "theano": ["_asarray"],
    "theano.compat": ["ifilter", "imap", "izip", "operator_div"],
    "theano.misc.safe_asarray": ["_asarray"],
    "theano.sandbox.rng_mrg": ["MRG_RandomStream"],
    "theano.tensor": ["_shared", "floor_div", "isinf_", "isnan_", "square", "where"],
    "theano.tensor.basic": ["floor_div", "isinf_", "isnan_", "square", "where"],
}
ALIASES = {
    # Theano's name -> theon.module:name
    "SharedVariable": "theon.tensor.shared:SharedVariable",
    "abs_": "theon.ops.arith:abs_",
    "alloc": "theon.ops.fill:alloc",
    "argmax": "theon.ops.extremes:argmax",
    "as_tensor": "theon.tensor.constant:as_tensor_variable",
    "as_tensor_variable": "theon.tensor.constant:as_tensor_variable",
    "complex": "theon.ops.complex:complex",
    "cond": None,
    "config": "theon.options:config",
    "constant": "theon.tensor.constant:constant",
    "copy": None,
    "cumprod": "theon.ops.sort:cumprod",
    "cumsum": "theon.ops.sort:cumsum",
    "dot": "theon.ops.dot:dot",
    "dtype": None,
    "fill": "theon.ops.arith:second",
    "floor_div": "theon.ops.arith:int_div",
    "function": "theon.compile.function:function",
    "disable_log_handler": "theon.legacy.traces:disable_log_handler",
    "has_handlers": "theon.legacy.traces:has_handlers",
    "io_connection_pattern": "theon.graph.inspect:io_connection_pattern",
    "function_dump": "theon.legacy.pickles:function_dump",
    "grad": "theon.autodiff.reverse:grad",
    "identity": None,
    "join": "theon.ops.join:join",
    "largest": "theon.ops.extra:largest",
    "Tensor": "theon.tensor.type:TensorType",
    "bool_t": "theon.ops.scalars:bool",
    "int_t": "theon.ops.scalars:int64",
    "int32_t": "theon.ops.scalars:int32",
    "int32": "theon.ops.scalars:int32",
    "ComplexError": "theon.ops.scalars:ComplexError",
    "scalar_xlogx": "theon.ops.scalars:scalar_xlogx",
    "scalar_xlogy0": "theon.ops.scalars:scalar_xlogy0",
    "mod": "theon.ops.arith:mod",
    "name": None,
    "pp": "theon.graph.printing:pp",
    "isinf_": "theon.ops.compare:isinf",
    "isnan_": "theon.ops.compare:isnan",
    "repeat": "theon.ops.methods:repeat",
    "round": "theon.ops.methods:_round",
    "shape": "theon.ops.shape:shape",
    "shared": "theon.tensor.shared:shared",
    "sqr": "theon.ops.arith:sqr",
    "square": "theon.ops.arith:sqr",
    "sub": "theon.ops.arith:sub",
    "tensor_copy": "theon.ops.arith:identity",
    "tile": "theon.ops.join:tile",
    "transpose": "theon.ops.dims:transpose",
    "divmod": "theon.ops.methods:divmod_",
    "norm": "theon.ops.methods:_norm",
    "size": None,
    "op": None,
    "type": None,
    "variable": None,
    "where": "theon.ops.arith:switch",
    "_asarray": "theon.legacy.asarray:_asarray",
    "MRG_RandomStream": "theon.random.mrg:MRG_RandomStreams",
    "_shared": "theon.tensor.shared:shared",
    "reduce": None,
    "pfunc": "theon.compile.rebuild:pfunc",
    "Cast": None,
    "pprint": "theon.graph.printing:pprint",
    "disconnected_type": "theon.autodiff:disconnected_type",
    "utt": None,
    "exp": "theon.ops.explog:exp",
    "sort": "theon.ops.sort:sort",
    "split": "theon.ops.join:split",
    "scalar": "theon.tensor.constructors:scalar",
    "vector": "theon.tensor.constructors:vector",
    "verify_grad": "theon.compile.conveniences:verify_grad",
    "clone": "theon.compile.conveniences:clone",
    "inputs": "theon.graph.traverse:inputs",
    "scratchpad": "theon.graph.variable:Scratchpad",
}
IN_MODULE = {
    ("theano", "get_scalar_constant_value"): "theon.legacy.tensor_names:scalar_constant_value",
    **{
        (module, name): f"theon.legacy.tensor_names:{name}"
        for name in ("isnan", "isinf")
        for module in ("theano.tensor", "theano.tensor.basic")
    },
    **{
        (module, name): f"theon.legacy.tensor_names:{name}"
        for name in ("diag", "trace")
        for module in ("theano.tensor.nlinalg", "theano.sandbox.linalg", "theano.sandbox.linalg.ops")
    },
    ("theano.tensor", "SubtensorPrinter"): "theon.ops.printers:SubtensorPrinter",
    ("theano.tensor.nnet.sigm", "scalar_sigmoid"): "theon.ops.scalars:scalar_sigmoid",
    ("theano.tensor.nnet.sigm", "scalar_softplus"): "theon.ops.scalars:scalar_softplus",
    ("theano.tensor.fourier", "fft"): "theon.legacy.tensor_ops:fft",
    ("theano.gof", "clone"): "theon.graph.traverse:clone",
    ("theano.gof.graph", "clone"): "theon.graph.traverse:clone",
    ("theano.tensor", "identity"): None,
    ("theano.tensor.nnet", "softmax"): "theon.ops.softmax:softmax",
    ("theano.printing", "Print"): "theon.ops.checks:Print",
    ("theano.tensor", "TensorType"): "theon.tensor.type:TensorType",
    ("theano.tensor.nnet", "conv"): None,
    ("theano.tensor.nnet", "scalar_sigmoid"): "theon.ops.scalars:scalar_sigmoid",
    ("theano.tensor.nnet.bn", "Composite"): "theon.ops.composite:Composite",
    ("theano.tensor.nnet.bn", "as_common_dtype"): "theon.ops.scalars:as_common_dtype",
    (
        "theano.tensor.nnet.bn",
        "local_abstract_batch_norm_train",
    ): "theon.rewrite.rules.layers:normalization_written_out",
    ("theano.tensor.nnet.bn", "local_abstract_batch_norm_train_grad"): (
        "theon.rewrite.rules.layers:normalization_gradients_written_out"
    ),
    ("theano.tensor.nnet.ctc", "local_ctc_no_grad"): "theon.rewrite.rules.layers:cost_without_gradient",
    ("theano.tensor.nnet", "conv2d"): "theon.nnet.layers:conv2d_of_layers",
    ("theano.tensor.nnet", "abstract_conv2d"): "theon.nnet.convolutions:conv2d",
    ("theano.tensor.nnet.conv3d2d", "conv3d"): "theon.nnet.conv3d2d:conv3d_of_frames",
    ("theano.tensor.nlinalg", "norm"): "theon.ops.linalg:norm",
    ("theano.tensor", "norm"): "theon.ops.methods:_norm",
    ("theano.tensor.nnet.conv", "conv2d"): "theon.nnet.layers:conv2d_of_nnet",
    ("theano.sandbox.conv", "conv2d"): "theon.nnet.layers:conv2d_of_nnet",
    ("theano.tensor.signal.conv", "conv2d"): "theon.nnet.layers:conv2d_of_signal",
    ("theano.tensor.extra_ops", "diff"): "theon.ops.sort:diff",
    ("theano.version", "version"): "theon.legacy.version:version",
    ("theano", "version"): None,
    ("theano.gof.fg", "OrderedSet"): "theon.legacy.collections:OrderedSet",
    ("theano.compile.debugmode", "debugprint"): "theon.legacy.passes:debugprint_of_node",
    ("theano.compile.ops", "shape_i"): "theon.legacy.passes:shape_i",
    ("theano.compile.nanguardmode", "flatten"): "theon.compile.watchmodes:flatten",
    ("theano.gof.link", "raise_with_op"): "theon.runtime.linker:raise_with_op",
    ("theano.gof.vm", "raise_with_op"): "theon.runtime.linker:raise_with_op",
    ("theano.compile.debugmode", "raise_with_op"): "theon.runtime.linker:raise_with_op",
    ("theano.compile.function_module", "raise_with_op"): "theon.runtime.linker:raise_with_op",
    ("theano.scan_module.scan_utils", "Validator"): "theon.legacy.validity:Validator",
    ("theano.tensor.nnet.opt", "conv2d"): "theon.nnet.layers:conv2d_of_nnet",
    ("theano", "dot"): "theon.ops.dot:dot_of_any",
    ("theano", "sparse"): None,
    ("theano.scalar.sharedvar", "shared"): "theon.tensor.shared:shared",
    ("theano.sparse", "shared"): "theon.sparse.shared:sparse_constructor",
    ("theano.scan_module", "scan"): "theon.control.scan:scan",
    **{
        (module, name): f"theon.control.scan:{name}"
        for name in ("scan", "map", "reduce", "foldl", "foldr")
        for module in ("theano", "theano.scan_module", "theano.scan_module.scan", "theano.scan_module.scan_views")
    },
}
PREFERENCE = [
    "theon.ops.arith", "theon.ops.explog", "theon.ops.trig", "theon.ops.compare", "theon.ops.bits", "theon.ops.round",
    "theon.ops.complex", "theon.ops.special", "theon.ops.reduce", "theon.ops.extremes", "theon.ops.statistics",
    "theon.ops.shape", "theon.ops.reshape", "theon.ops.cast", "theon.ops.dims",
    "theon.ops.regions", "theon.ops.elements", "theon.ops.index", "theon.ops.join",
    "theon.ops.fill", "theon.ops.dot", "theon.ops.softmax", "theon.ops.crossentropy", "theon.ops.sort", "theon.ops.extra",
    "theon.ops.linalg", "theon.ops.decompose", "theon.ops.factors", "theon.ops.solve", "theon.ops.fourier", "theon.ops.checks",
    "theon.ops.methods",
    "theon.tensor.constructors", "theon.tensor.constant", "theon.tensor.shared", "theon.tensor.type", "theon.tensor.variable",
    "theon.dtypes", "theon.errors", "theon.graph.variable", "theon.graph.op", "theon.graph.type", "theon.graph.disconnected",
    "theon.graph.fgraph", "theon.graph.traverse", "theon.graph.printing", "theon.autodiff.reverse", "theon.autodiff.forward",
    "theon.autodiff.jacobian", "theon.compile.io", "theon.compile.mode", "theon.compile.debugmode", "theon.compile.watchmodes",
    "theon.compile.function", "theon.compile.conveniences",
    "theon.runtime.function", "theon.runtime.profile", "theon.runtime.reference", "theon.options", "theon.ops.declare",
    "theon.random.mrg", "theon.random.multinomial", "theon.random.raw", "theon.random.streams",
    "theon.graph.testvalue", "theon.control.checkpoints", "theon.control.scan", "theon.control.scan_op", "theon.control.ifelse", "theon.control.inner",
    "theon.sparse.convert",
    "theon.nnet.abstract_conv", "theon.nnet.convolutions", "theon.nnet.conv_sizes", "theon.nnet.upsampling", "theon.nnet.pool", "theon.nnet.bn",
    "theon.nnet.neighbours", "theon.nnet.layers", "theon.nnet.corr", "theon.nnet.blocksparse", "theon.nnet.conv3d2d",
    "theon.nnet.ctc",
    "theon.compile.stages", "theon.rewrite.optimizer", "theon.rewrite.local", "theon.rewrite.navigate",
    "theon.rewrite.equilibrium", "theon.rewrite.engine", "theon.rewrite.database", "theon.rewrite.pattern",
    "theon.rewrite.trace", "theon.rewrite.watch", "theon.rewrite.shapes", "theon.legacy.rewrites", "theon.legacy.canonizer", "theon.legacy.products",
    "theon.legacy.python2", "theon.graph.destroy", "theon.graph.features",
    "theon.runtime.linker", "theon.runtime.vm",
    "theon.tensor.slices", "theon.ops.slices", "theon.ops.close", "theon.ops.disk", "theon.ops.transfer", "theon.scalar.type", "theon.scalar.op",
    "theon.legacy.blas", "theon.legacy.mpi", "theon.legacy.tensor_ops", "theon.legacy.tensor_names", "theon.legacy.sympy_op",
    "theon.legacy.markers", "theon.legacy.traces", "theon.legacy.sequences", "theon.legacy.ordering", "theon.graph.props", "theon.graph.ccode",
    "theon.runtime.linker", "theon.runtime.vm", "theon.compile.rebuild", "theon.graph.copies",
    "theon.legacy.collections", "theon.legacy.configuration", "theon.legacy.callcache",
    "theon.legacy.version", "theon.legacy.branches", "theon.legacy.passes", "theon.legacy.cdata", "theon.graph.enums",
    "theon.graph.params", "theon.graph.descriptions", "theon.viz.print", "theon.viz.drawing", "theon.viz.dot", "theon.viz.page",
]  # fmt: skip


# In these packages of Theano a name means first what the Theon modules beside it define.
OWN = {
    "theano.sandbox.fourier": ["theon.legacy.fourier"],
    "theano.sandbox.minimal": ["theon.legacy.minimal"],
    "theano.sparse": [
        "theon.sparse." + name
        for name in (
            "type", "variable", "csm", "convert", "index", "arith", "compare", "join", "reduce", "tidy", "structured",
            "products", "packed", "draws", "patches", "shared", "rules", "check",
        )
    ],
    "theano.gof.unify": ["theon.rewrite.unify"],
    "theano.gof.opt": ["theon.rewrite.watch"],
    "theano.tensor.opt": ["theon.legacy.canonizer", "theon.legacy.rewrites"],
    "theano.gof": [
        "theon.graph." + name for name in ("features", "destroy", "inspect", "props", "ccode")
    ] + ["theon.legacy.markers", "theon.legacy.traces", "theon.legacy.sequences", "theon.legacy.ordering"],
    "theano.scalar": [
        "theon.ops.scalars", "theon.ops.composite", "theon.scalar.type", "theon.scalar.op", "theon.scalar.rules", "theon.ops.arith",
        "theon.ops.compare",
    ],
    "theano.typed_list": ["theon.typed_list.type", "theon.typed_list.ops", "theon.tensor.slices", "theon.typed_list.rules"],
    "theano.misc.pkl_utils": ["theon.legacy.pickles"],
}  # fmt: skip


def defined(module):
    """Public names that a Theon module defines at its top level."""
    path = SOURCE / (module.replace(".", "/") + ".py")
    if not path.exists():
        return set()
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                names |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    if module == "theon.legacy.rewrites":
        import theon.legacy.rewrites as rewrites

        names |= set(rewrites.__all__)
    if module == "theon.tensor.constructors":
        import theon.tensor.constructors as made

        names |= set(made.__all__) | {"int_types", "float_types", "complex_types"}
    return {n for n in names if not n.startswith("_")}


DEFINED = {module: defined(module) for module in [*PREFERENCE, *(m for group in OWN.values() for m in group)]}


def elementwise_names():
    """Names of elementwise ops, which Theano's own list of module members leaves out."""
    import importlib

    from theon.ops.declare import Elemwise

    found = {}
    for module in PREFERENCE[:8]:
        space = vars(importlib.import_module(module))
        for name in sorted(DEFINED[module]):
            if isinstance(space.get(name), Elemwise) and name not in ("identity", "floor_mod", "xlogx", "xlogy0"):
                found[name] = {"kind": "op"}
    from theon.tensor import constructors

    return found | {name: {"kind": "value"} for name in constructors.__all__}


def homeless_classes():
    """Classes whose ``__module__`` is a path of Theano: {module: [(theon module, class name)]}, so that they pickle."""
    import importlib
    import pkgutil

    import theon

    found = {}
    for info in pkgutil.walk_packages(theon.__path__, "theon."):
        for name, thing in vars(importlib.import_module(info.name)).items():
            if isinstance(thing, type) and thing.__module__.startswith("theano.") and name == thing.__name__:
                home = found.setdefault(thing.__module__, {})
                if name not in home or name in DEFINED.get(info.name, ()):
                    home[name] = info.name
    return found


def source_of(module, name):
    """Where Theon defines what Theano calls ``module.name``: (module, name), or None."""
    for package, places in OWN.items():
        if module == package or module.startswith(package + "."):
            for place in places:
                if name in DEFINED[place] and (module, name) not in IN_MODULE:
                    return place, name
    if (module, name) in IN_MODULE:
        found = IN_MODULE[module, name]
    elif name in ALIASES:
        found = ALIASES[name]
    else:
        for place in PREFERENCE:
            if name in DEFINED[place]:
                return place, name
        if name.endswith("_inplace") and name != "_inplace":
            return source_of(module, name.removesuffix("_inplace"))
        return None
    return tuple(found.split(":")) if found else None


def written(path, known):
    """Names in a file as it stands that ``known`` lacks and whose source still defines them: {module: [import text]}."""
    kept = {}
    if not path.exists():
        return kept
    for node in ast.parse(path.read_text()).body:
        if (
            not isinstance(node, ast.ImportFrom)
            or node.module.split(".")[0] == "theano"
            or node.module == "theon.legacy.later"
        ):
            continue
        for alias in node.names:
            own = node.module.startswith("theon.")
            if (alias.asname or alias.name) in known or (own and alias.name not in defined(node.module)):
                continue
            if alias.name != "*":
                kept.setdefault(node.module, []).append(ast.unparse(alias))
    return kept


def assigned(path):
    """Lines of a file as it stands that give a name to a constant or to another name."""
    if not path.exists():
        return []
    return [
        ast.unparse(node)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant | ast.Name)
        and not any(isinstance(t, ast.Name) and t.id.startswith("_") for t in node.targets)
    ]


def main():
    have = total = 0
    modules = [m for m in NAMES if not m.startswith(SKIP)]
    packages = {m for m in modules if any(other.startswith(m + ".") for other in modules)} | {"theano"}
    NAMES["theano.tensor"] = NAMES["theano.tensor"] | elementwise_names()
    NAMES["theano.tensor.basic"] = NAMES["theano.tensor.basic"] | elementwise_names()
    for module, more in ALSO.items():
        NAMES[module] = NAMES[module] | {name: {"kind": "function"} for name in more}
    for module in ("theano.sparse", "theano.sparse.basic"):
        NAMES[module] = NAMES[module] | {"verify_grad_sparse": {"kind": "function"}}
    homes = homeless_classes()
    modules += [m for m in [*homes, *LATER] if m not in modules]
    extra = {m.rpartition(".")[0] for m in modules} - {""}
    while extra - packages:
        packages |= extra
        extra = {m.rpartition(".")[0] for m in packages} - {""}
    for module in sorted((set(modules) | packages) - set(BY_HAND)):
        names = NAMES.get(module, {})
        imports, late = {}, {}
        for name in names:
            total += 1
            if names[name].get("kind") == "module" and (
                f"{module}.{name}" in packages or f"{module}.{name}" in modules
            ):
                have += 1
                continue
            if names[name].get("kind") == "module":
                # Another module under a name of its own: found when asked for, since imports would be circular.
                place = names[name]["from"]
                if place in modules or place in packages or place in BY_HAND:
                    have += 1
                    late[name] = place
                continue
            found = source_of(module, name)
            if found:
                have += 1
                imports.setdefault(found[0], []).append(name if found[1] == name else f"{found[1]} as {name}")
        for name, place in homes.get(module, {}).items():
            if not any(name in group for group in imports.values()):
                imports.setdefault(place, []).append(name)
        path = SOURCE / "theano" / "/".join(module.split(".")[1:])
        path = path / "__init__.py" if module in packages else path.with_suffix(".py")
        older, more = LATER.get(module, ("", ""))
        known = {text.split(" as ")[-1] for group in imports.values() for text in group} | set(late)
        known |= set(more.partition(" import ")[2].split(", "))
        for place, texts in written(path, known).items():
            imports.setdefault(place, []).extend(texts)
        lines = [f'"""Theano\'s ``{module}``: names of Theon."""', ""]
        hook = SOURCE / "theano" / "_start.py"
        if module == "theano" and hook.exists():
            lines.append("from theano._start import *")
        children = sorted(m for m in set(modules) | packages if m.rpartition(".")[0] == module)
        loads = [m.rpartition(".")[2] for m in children if "tests" not in m]
        if loads:
            text = f"from {module} import {', '.join(loads)}"
            lines.append(
                text if len(text) < 119 else f"from {module} import (\n" + "".join(f"    {n},\n" for n in loads) + ")"
            )
        lines += [line for line in (f"from {older} import *" if older else "", more) if line]
        for place in sorted(imports):
            text = f"from {place} import {', '.join(sorted(set(imports[place])))}"
            if len(text) > 118:
                inside = "".join(f"    {n},\n" for n in sorted(set(imports[place])))
                text = f"from {place} import (\n{inside})"
            lines.append(text)
        lines += ["", *assigned(path)] if assigned(path) else []
        if module.startswith("theano.") and late.pop("theano", None):
            # As Theano's own modules did, so that ``from theano.tensor import *`` brings both names.
            lines[2:2] = ["import numpy as np", "", "import theano"]
        if late:
            lines.insert(2, "from theano._modules import modules")
            lines += ["", f"__getattr__ = modules(__name__, {dict(sorted(late.items()))!r})"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    print(f"{have} of {total} names")
    print(
        "Format src/theano, then run tests/surface: a name that is missing now and was not before was written by hand;"
    )
    print("tell this tool where it is.")


if __name__ == "__main__":
    main()
