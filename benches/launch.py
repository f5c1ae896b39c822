"""Run a command to its end, and write its seconds, CPU seconds and peak memory in kB to the file named first."""

import os
import sys
import time

report, *command = sys.argv[1:]
started = time.monotonic()
process = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(process, 0)
seconds = time.monotonic() - started
with open(report, "w") as file:
    print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
