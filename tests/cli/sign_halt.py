"""Stop `sign` in the middle of its copy, say a word, and let it go on.

    sign_halt.py STILLHERE HOME IN OUT
"""
import glob
import os
import signal
import subprocess
import sys
import time

stillhere, home, source, target = sys.argv[1:5]


def family(pid):
    """The process and its children, which are ours."""
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as children:
        return [pid] + [int(child) for child in children.read().split()]


def copied():
    files = glob.glob('.stillhere-sign-*')
    return os.stat(files[0]).st_size if files else 0


quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, 'stdin': subprocess.DEVNULL}
with subprocess.Popen([stillhere, '-C', home, 'sign', source, target], **quiet) as sign:
    until = time.monotonic() + 60
    while copied() == 0 and sign.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    stopped = family(sign.pid) if sign.poll() is None else []
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    halted = 0 < copied() < os.stat(source).st_size
    try:
        said = subprocess.run([stillhere, '-C', home, '-q', 'checkin', '--well'], timeout=20,
                              check=False, **quiet).returncode
    except subprocess.TimeoutExpired:
        said = 'waited'
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    print(f'{"half" if halted else "not half"} a copy; checkin {said}; sign {sign.wait()}')
