"""Work shared between threads: each chunk is done once, however many threads and callers there are."""

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from theon.codegen import pool
from theon.codegen.jit import compile_module

TEXT = f"""
{pool.DECLARATIONS}
define internal i64 @work(ptr %frame, i64 %chunk, i64 %chunks) {{
  %at = getelementptr i64, ptr %frame, i64 %chunk
  %old = atomicrmw add ptr %at, i64 %chunks seq_cst
  ret i64 0
}}
define i64 @theon_entry(ptr %frame, i64 %chunks) {{
  %done = call i64 @theon_parallel(ptr @work, ptr %frame, i64 %chunks)
  ret i64 %done
}}
"""


def counter():
    module = compile_module(TEXT, pool.symbols())
    run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)(module.address("theon_entry"))
    return module, run


def check(run, times):
    for n in (0, 1, 2, 3, 7, 64, 1001):
        done = np.zeros(n + 1, "int64")
        for _ in range(times):
            assert run(done.ctypes.data, n) == 0
        assert (done[:n] == n * times).all() and done[n] == 0, n


def test_each_chunk_is_done_once():
    module, run = counter()
    check(run, 300)
    del module


def test_several_callers_do_all_of_their_chunks():
    module, run = counter()
    wrong = []

    def work():
        try:
            check(run, 100)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong, wrong[0]
    del module


def test_more_threads_than_processors():
    code = "from test_pool import counter, check; module, run = counter(); check(run, 40)"
    environment = os.environ | {"OMP_NUM_THREADS": "13"}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=Path(__file__).parent, check=True, timeout=300)
