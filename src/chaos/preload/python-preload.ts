/**
 * `sitecustomize.py`, which Python loads by itself when its folder is on PYTHONPATH: does to its own process what the folder of
 * orders says, as `node-preload` does in Node. One that the user has is loaded too.
 */
export const pythonPreload = `import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import threading
import time

here = os.path.dirname(os.path.abspath(__file__))


def load_their_own():
    others = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


def write(path, text):
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        pass


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def spin(*_):
    while True:
        pass


def defy(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    spin()


def obey(order):
    action = order.get("action")
    if action == "exit":
        os._exit(int(order["code"]))
    # What loops is the main thread: Python runs handlers of signals there.
    if action == "spin":
        os.kill(os.getpid(), signal.SIGRTMAX)
    if action == "defy":
        os.kill(os.getpid(), signal.SIGRTMAX - 1)


def take_orders(folder, group):
    is_leader = group == os.getpid()
    order = os.path.join(folder, "orders", str(group))
    taken = os.path.join(folder, "taken", str(group))
    while True:
        time.sleep(0.02)
        if not os.path.exists(order):
            continue
        if not is_leader:
            time.sleep(0.2)
        try:
            os.rename(order, taken)
            told = json.loads(read(taken))
            write(os.path.join(folder, "obeyed", str(group)), str(os.getpid()))
            obey(told)
        except (OSError, ValueError):
            pass


def begin():
    folder = os.environ.get("SUPERVISE_CHAOS_DIR")
    if folder is None or "SUPERVISE_TOKEN" not in os.environ:
        return
    group = os.getpgrp()
    loop = os.path.join(folder, "crash-loop")
    left = int(read(loop) or 0)
    if group == os.getpid() and left > 0:
        write(loop, str(left - 1))
        os.write(2, b"Error: told to end at once\\n")
        os._exit(1)
    signal.signal(signal.SIGRTMAX, spin)
    signal.signal(signal.SIGRTMAX - 1, defy)
    threading.Thread(target=take_orders, args=(folder, group), daemon=True).start()
    write(os.path.join(folder, "present", str(group)), str(os.getpid()))


load_their_own()
begin()
`;
