"""A plugin's side of a process: frames, calls, services of the host. Nothing but Python's standard library (3.8 or newer).

Copy this file beside your plugin, and end your program with `run(CARD, YourSupplier)`. The messages are described in
Entrepot's `docs/contract.md`.
"""

import datetime
import json
import os
import queue
import sys
import threading
import time

MESSAGE_LIMIT_BYTES = 4 * 1024 * 1024

# How long texts and lists of an answer may be; fields that are not named here hold names.
NAME_LIMIT_BYTES, TEXT_LIMIT_BYTES, IMAGE_LIMIT_BYTES, LIST_LIMIT = 512, 4_096, 1_500_000, 1_000
TEXTS = {"code", "memo", "next", "page", "reason", "text", "value"}

# What each call is answered with.
ANSWERS = {
    "hold": "holding", "release": "released", "book": "booking", "inquire": "booking", "cancel": "cancellation",
    "inquire_cancel": "cancellation", "usage": "usage", "resend": "resent", "read_catalogue": "catalogue",
    "read_calendar": "calendar", "hear": "heard", "prepare_codes": "codes",
}


class Fault(Exception):
    """A call that failed. `effect` is `not_done`, `done` or `unknown`; the text never holds secrets or guests' data."""

    def __init__(self, kind, text, effect="not_done", code=None):
        super().__init__(text)
        self.message = {"kind": kind, "effect": effect, "text": text}
        if code is not None:
            self.message["partner_code"] = str(code)


class Call:
    """One call, or the opening: what is known of it, and the way to the host's services."""

    def __init__(self, wire, instance, number, context):
        self._wire, self._instance, self._number = wire, instance, number
        self.idempotency_key = context.get("idempotency_key")
        self.trace, self.attempt = context.get("trace"), context.get("attempt")
        self.connection = context.get("connection")
        deadline = context.get("deadline")
        # Until then the host waits, in seconds since 1970; the opening has a limit of the host's own.
        self.deadline = None
        if deadline:
            self.deadline = datetime.datetime.fromisoformat(deadline.replace("Z", "+00:00")).timestamp()

    def http(self, api, method, url, headers=(), secret_headers=(), body=None, timeout_ms=10_000):
        """Calls the partner: `(status, headers, body)`. `headers` are pairs; so are `secret_headers`, which no log
        shows. It ends with the call's deadline at the latest; one that could not begin before is without effect."""
        if self.deadline is not None:
            left_ms = int((self.deadline - time.time()) * 1000)
            if left_ms <= 0:
                raise Fault("timed_out", "the deadline passed before the partner was called")
            timeout_ms = min(timeout_ms, left_ms)
        answer = self._ask("http", {
            "api": api, "method": method, "url": url, "headers": [list(pair) for pair in (*headers, *secret_headers)],
            "secret_headers": [name for name, _ in secret_headers], "body": body, "timeout_ms": timeout_ms,
        })
        return answer["status"], answer["headers"], answer["body"]

    def secret(self, name):
        """A secret that the card names."""
        return self._ask("secret", {"name": name})["value"]

    def cache_get(self, key):
        """What all nodes share under that name: `{"value", "stamp"}`, or None."""
        return self._ask("cache_get", {"key": key})["found"]

    def cache_swap(self, key, expected, value, lives_ms):
        """Writes it if its stamp still is `expected` (0: not there): the new stamp, or None where others were first."""
        wanted = {"key": key, "expected": expected, "value": value, "lives_ms": lives_ms}
        return self._ask("cache_swap", wanted)["stamp"]

    def log(self, level, text):
        """A line for the host's log: `error`, `warn`, `info` or `debug`."""
        self._wire.write("log", self._instance, 0, {"call": self._number, "level": level, "text": text})

    def _ask(self, service, request):
        asked = {"call": self._number, "request": {"service": service, **request}}
        reply = self._wire.ask(self._instance, asked)
        if "Err" in reply:
            fault = Fault(reply["Err"]["kind"], reply["Err"]["text"])
            fault.message = reply["Err"]
            raise fault
        return reply["Ok"]


class Wire:
    """The frames of this process: four bytes of length, most significant first, then JSON."""

    def __init__(self):
        self._input, self._output = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
        # Whatever else prints, a library for example, must not stand between frames.
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._writing, self._waits, self._next = threading.Lock(), {}, 1

    def read(self):
        """The next frame; None when the host has closed its end: then there is nothing left to do."""
        length = self._input.read(4)
        return json.loads(self._input.read(int.from_bytes(length, "big"))) if len(length) == 4 else None

    def write(self, kind, instance=0, call=0, message=None):
        """Writes a frame, whole."""
        frame = json.dumps({"kind": kind, "instance": instance, "call": call, "message": message}).encode()
        try:
            with self._writing:
                self._output.write(len(frame).to_bytes(4, "big") + frame)
                self._output.flush()
        except OSError:
            os._exit(0)  # The host has gone.

    def ask(self, instance, message):
        """Asks the host for a service and waits for its answer."""
        answer = queue.SimpleQueue()
        with self._writing:
            number, self._next = self._next, self._next + 1
            self._waits[number] = answer
        self.write("request", instance, number, message)
        return answer.get()

    def delivered(self, number, message):
        """Hands the host's answer to whoever waits for it."""
        waiting = self._waits.pop(number, None)
        if waiting is not None:
            waiting.put(message)


class Instance:
    """An instance: the author's supplier once it is open, and how many calls are at work. The opening is one."""

    def __init__(self):
        self.supplier, self.at_work, self.idle = None, 1, threading.Condition()

    def count(self, change):
        """One call more, or one less."""
        with self.idle:
            self.at_work += change
            self.idle.notify_all()

    def close(self):
        """Waits until the last call has its answer, then lets the supplier close."""
        with self.idle:
            self.idle.wait_for(lambda: self.at_work == 0)
        if hasattr(self.supplier, "close"):
            self.supplier.close()


def too_long(value, field="", image=False):
    """The first field of an answer that is longer than a host believes; None where all are well. A call's body is the
    partner's own, and bounded with the message."""
    if isinstance(value, dict):
        image = value.get("kind") == "image"
        inside = (too_long(part, name, image) for name, part in value.items() if name != "body")
        return next((name for name in inside if name), None)
    if isinstance(value, (list, tuple)):
        inside = (too_long(part, field, image) for part in value)
        return field if len(value) > LIST_LIMIT else next((name for name in inside if name), None)
    if not isinstance(value, str):
        return None
    text_limit = TEXT_LIMIT_BYTES if field in TEXTS else NAME_LIMIT_BYTES
    limit = IMAGE_LIMIT_BYTES if image and field == "value" else text_limit
    return field if len(value.encode()) > limit else None


def guarded(work):
    """The reply that some work comes to. Of a mistake it names kind and place, never the text: that may be a guest's."""
    try:
        reply = {"Ok": work()}
        if len(json.dumps(reply)) > MESSAGE_LIMIT_BYTES:
            raise Fault("garbled", "the answer is too large", "unknown")
        return reply
    except Fault as fault:
        return {"Err": fault.message}
    except Exception as mistake:  # pylint: disable=broad-except
        place = mistake.__traceback__
        while place.tb_next:
            place = place.tb_next
        where = f"{os.path.basename(place.tb_frame.f_code.co_filename)}, line {place.tb_lineno}"
        return {"Err": Fault("crashed", f"{type(mistake).__name__} in {where}", "unknown").message}


def answered(supplier, call, request):
    """What the supplier's method of the call's name says to it."""
    name = request.get("call")
    method = getattr(supplier, name, None) if request.get("to") == "supplier" and name in ANSWERS else None
    if method is None:
        raise Fault("unsupported", f"this plugin does not know the call {name}")
    if call.connection is None and name != "hear":
        raise Fault("invalid", "the call names no connection")
    answer = method(call, request) or {}
    field = too_long(answer)
    if field:
        raise Fault("garbled", f"the partner says too much: {field}", "unknown")
    return {"from": "supplier", "answer": ANSWERS[name], **answer}


def run(card, supplier):
    """Serves the host until it closes its end. `supplier(opening, call)` opens an instance: `opening` holds base_url and
    settings. Its methods are named after calls: they get the `Call` and the request, and give the answer's fields or
    raise a `Fault`. What the card does not declare never comes. Each call runs in a thread of its own."""
    wire, instances = Wire(), {}

    def opens(instance, number, message):
        def work():
            instance.supplier = supplier(message, Call(wire, number, 0, {}))
            return {"answers": []}

        reply = guarded(work)
        if "Err" in reply:
            instances.pop(number, None)
        wire.write("reply", number, 0, reply)
        instance.count(-1)

    def calls(instance, number, count, message):
        call = Call(wire, number, count, message["context"])
        reply = guarded(lambda: answered(instance.supplier, call, message["request"]))
        wire.write("reply", number, count, reply)
        instance.count(-1)

    def closes(number):
        instance = instances.pop(number, None)
        if instance is not None:
            guarded(instance.close)
        wire.write("closed", number)

    def begin(work, *arguments):
        threading.Thread(target=work, args=arguments, daemon=True).start()

    while (frame := wire.read()) is not None:
        kind, number, count = frame["kind"], frame.get("instance", 0), frame.get("call", 0)
        if kind == "manifest":
            wire.write("manifest", message=card)
        elif kind == "open":
            instances[number] = Instance()
            begin(opens, instances[number], number, frame["message"])
        elif kind == "beat":
            wire.write("reply", number, count)
        elif kind == "call" and number in instances:
            instances[number].count(1)
            begin(calls, instances[number], number, count, frame["message"])
        elif kind == "deliver":
            wire.delivered(count, frame["message"])
        elif kind == "close":
            begin(closes, number)
        # A call that is to be cancelled goes on: nobody waits for its answer any more.
