"""TAP for tests in Python: one line a check, and why it failed below it."""
import sys
import time

count = failed = 0


def say(good, name, detail=''):
    global count, failed
    count += 1
    failed += not good
    print(('ok' if good else 'not ok') + f' {count} - {name}', flush=True)
    if not good and detail != '':
        print('\n'.join('#   ' + line for line in str(detail).split('\n')[:40]), flush=True)
    return good


def same(found, wanted, name):
    return say(found == wanted, name, f'found {found!r}, wanted {wanted!r}')


def skip(name, why):
    global count
    count += 1
    print(f'ok {count} - {name} # SKIP {why}', flush=True)


def finish():
    print(f'1..{count}')
    sys.exit(failed != 0)


def until(what, seconds=30):
    """Ask again until it is so; its last answer."""
    end = time.monotonic() + seconds
    value = what()
    while not value and time.monotonic() < end:
        time.sleep(0.02)
        value = what()
    return value
