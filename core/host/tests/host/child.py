"""A plugin's process that does badly what it is told to.

What it does from the start is its first argument; what it does in a call is the product that is booked.
"""

import json
import os
import signal
import subprocess
import sys
import time

CARD = {
    "id": "child", "kind": "supplier", "family": "child", "version": "1", "contract": {"major": 1, "minor": 0},
    "summary": "Does badly what it is told to.", "secrets": ["key"],
    "capabilities": {"supplier": {"fulfils": {"by": "calls", "inquire": {"not_found_after_ms": 0}}}},
    "instance_settings": {"type": "object"}, "connection_settings": {"type": "object"},
}
BEHAVIOUR = sys.argv[1] if len(sys.argv) > 1 else "well"
INPUT, OUTPUT = sys.stdin.buffer, sys.stdout.buffer


def starts():
    """How often it was started in this folder."""
    with open("starts", "a+", encoding="utf-8") as file:
        file.write("x")
        file.seek(0)
        return len(file.read())


def read():
    length = INPUT.read(4)
    return json.loads(INPUT.read(int.from_bytes(length, "big"))) if length else None


def raw(data):
    OUTPUT.write(data)
    OUTPUT.flush()


def write(kind, instance=0, call=0, message=None):
    frame = json.dumps({"kind": kind, "instance": instance, "call": call, "message": message}).encode()
    raw(len(frame).to_bytes(4, "big") + frame)


def delivered():
    """The answer to a service request; heartbeats come between."""
    while (frame := read())["kind"] != "deliver":
        if frame["kind"] == "beat":
            write("reply", frame["instance"], frame["call"])
    return frame["message"]


def ask(instance, number, times):
    for request in range(1, times + 1):
        write("request", instance, request, {"call": number, "request": {"service": "secret", "name": "key"}})


def said(text):
    booking = {"booking": "refused", "reason": "sold_out", "text": text}
    return {"Ok": {"from": "supplier", "answer": "booking", **booking}}


def at_start():
    if BEHAVIOUR == "dies":
        sys.exit("the settings file is missing")
    if BEHAVIOUR == "silent":
        time.sleep(600)
    if BEHAVIOUR == "huge":
        raw((100_000_000).to_bytes(4, "big"))
    if BEHAVIOUR == "garbage":
        raw((5).to_bytes(4, "big") + b"{nope")
    if BEHAVIOUR == "text":
        raw(b"Starting up ...\n")
    if BEHAVIOUR == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if BEHAVIOUR == "dies-the-second-time" and started > 1:
        sys.exit("not again")


def call(instance, number, message):
    product = message["request"]["order"]["product_code"]
    if product == "dies":
        os._exit(3)
    if product == "is-killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if product == "leaks":
        ask(instance, number, 1)
        print("the key", delivered()["Ok"]["value"], "was refused", file=sys.stderr, flush=True)
        os._exit(4)
    if product == "closes-its-output":
        os.close(OUTPUT.fileno())
        time.sleep(600)
    if product == "sleeps":
        time.sleep(600)
    if product == "sends-garbage":
        raw((5).to_bytes(4, "big") + b"{nope")
        time.sleep(600)
    if product == "answers-rubbish":
        write("reply", instance, number, {"Ok": 7})
    if product == "answers-others":
        for other in range(1, instance):
            write("reply", other, number, said("for somebody else's instance"))
            write("closed", other)
        write("reply", instance, number + 1, said("for a call that comes later"))
        write("reply", instance, number, said("first"))
        write("reply", instance, number, said("second"))
    if product == "floods":
        for line in range(5_000):
            print("line", line, "x" * 500, file=sys.stderr)
        sys.stderr.flush()
    if product == "asks-much":
        ask(instance, number, 2_000)
        answers = [delivered() for _ in range(2_000)]
        write("reply", instance, number, said(f"{len(answers)} answers"))
    if product == "asks-and-never-listens":
        ask(instance, number, 1_000_000)
    if product == "has-a-child":
        grandchild = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
        write("reply", instance, number, said(f"{os.getpid()} {grandchild.pid}"))
    if product == "environment":
        write("reply", instance, number, said(f"{os.getcwd()} {' '.join(sorted(os.environ))}"))
    write("reply", instance, number, said(f"start {started}"))


started = starts()
at_start()
while (heard := read()) is not None:
    kind, own, count = heard["kind"], heard["instance"], heard["call"]
    if kind == "manifest":
        second = {"summary": "Another one."} if BEHAVIOUR == "changes" and started > 1 else {}
        other = {"other-id": {"id": "somebody"}, "other-contract": {"contract": {"major": 9, "minor": 0}}}
        write("manifest", message={**CARD, **other.get(BEHAVIOUR, {}), **second})
    elif kind == "open":
        if BEHAVIOUR == "opens-late" and started == 2 and not os.path.exists("late"):
            open("late", "w", encoding="utf-8").close()
            fault = {"kind": "unavailable", "effect": "not_done", "text": "the partner sleeps"}
            write("reply", own, 0, {"Err": fault})
        else:
            write("reply", own, 0, {"Ok": {"answers": []}})
    elif kind == "beat":
        write("reply", own, count)
    elif kind == "call":
        call(own, count, heard["message"])
    elif kind == "close" and BEHAVIOUR != "deaf":
        write("closed", own)
if BEHAVIOUR == "deaf":
    time.sleep(600)
