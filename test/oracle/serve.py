"""Runs a script with TensorFlow already imported, which takes seconds of processor time.

serve.py PID SCRIPT [ARGUMENT…]

The first call leaves a server that imports TensorFlow once, forks for each script, and ends with the process PID; each call hands
it one script, and prints and exits as that does.
"""

import contextlib
import json
import os
import runpy
import socket
import sys
import tempfile
import time
import traceback


def main(pid, *script):
    # An address of Linux that is no file: nothing is left of it.
    address = f"\0supervise-oracle-{pid}"
    client = connect(address)
    if client is None:
        if os.fork() == 0:
            serve(address, int(pid))
        client = connect(address, patience=600)
    with client, client.makefile("rw", encoding="utf8") as stream:
        stream.write(json.dumps(script) + "\n")
        stream.flush()
        answer = json.loads(stream.readline() or '{"status": 1, "stdout": "", "stderr": "the server ended\\n"}')
    sys.stdout.write(answer["stdout"])
    sys.stderr.write(answer["stderr"])
    sys.exit(answer["status"])


def connect(address, patience=0):
    """A connection to the server; None where there is none. While it imports TensorFlow, connections wait in its queue."""
    for _ in range(patience + 1):
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(address)
            return client
        except OSError:
            client.close()
            time.sleep(0.1 if patience else 0)
    return None


def serve(address, pid):
    """Never returns. Of two that begin at the same time, one finds the address taken, and ends."""
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(quiet, descriptor)
    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind(address)
    except OSError:
        os._exit(0)
    server.listen(64)
    server.settimeout(1)
    import tensorflow  # noqa: F401

    children = set()
    while is_alive(pid):
        children = {child for child in children if os.waitpid(child, os.WNOHANG)[0] == 0}
        with contextlib.suppress(TimeoutError):
            connection, _ = server.accept()
            child = os.fork()
            if child == 0:
                answer(connection)
            connection.close()
            children.add(child)
    os._exit(0)


def is_alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def answer(connection):
    """Never returns: runs what is asked for in this process, with its output kept in files."""
    connection.settimeout(None)
    stream = connection.makefile("rw", encoding="utf8")
    script, *arguments = json.loads(stream.readline())
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        status = run(script, arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        for file in (out, err):
            file.seek(0)
        kept = [file.read().decode("utf8", "replace") for file in (out, err)]
    stream.write(json.dumps({"status": status, "stdout": kept[0], "stderr": kept[1]}) + "\n")
    stream.flush()
    os._exit(0)


def run(script, arguments):
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(script)
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


main(*sys.argv[1:])
