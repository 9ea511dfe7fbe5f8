"""Compile the bytecode of what this interpreter imports. Runs on CPython 3.8 and newer, ours and theirs.

Arguments: further folders. A file that cannot be compiled (a template, a test of the parser) is left as it is.
"""

import compileall
import re
import sys
import sysconfig

paths = sysconfig.get_paths()
compileall.compile_dir(paths["stdlib"], quiet=2, rx=re.compile(r"/(site-packages|test|tests|idlelib|lib2to3)/"))
for folder in [paths["purelib"], paths["platlib"], *sys.argv[1:]]:
    compileall.compile_dir(folder, maxlevels=50, quiet=2)
