"""Stand-in for the JIT until theon.codegen.jit is there."""

import importlib.util
import sys
import types

if importlib.util.find_spec("theon.codegen.jit") is None:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()

    class _Module:
        def __init__(self, text, symbols):
            machine = llvm.Target.from_default_triple().create_target_machine(
                opt=2, jit=True, cpu=llvm.get_host_cpu_name()
            )
            module = llvm.parse_assembly(text)
            module.verify()
            passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
            passes.getModulePassManager().run(module, passes)
            self.jit = llvm.create_lljit_compiler(machine)
            builder = llvm.JITLibraryBuilder().add_ir(module).add_current_process().export_symbol("theon_entry")
            for name, address in symbols.items():
                builder.import_symbol(name, address)
            self.library = builder.link(self.jit, "program")

        def address(self, name):
            return self.library[name]

    stand_in = types.ModuleType("theon.codegen.jit")
    stand_in.compile_module = lambda text, symbols, options: _Module(text, symbols)
    sys.modules["theon.codegen.jit"] = stand_in
    import theon.codegen

    theon.codegen.jit = stand_in
