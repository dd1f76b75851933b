"""A supplier in front of a small ticket gate, in Python: the same gate as plugins/simple-gate, whose README describes it.

An example of a plugin in a process of its own. It has no sockets: the host makes the calls, keeps the secrets, and
knows what may be logged.
"""

import json
import sys
import urllib.parse

sys.dont_write_bytecode = True  # an import leaves no file beside the plugin

from entrepot_plugin import Fault, run  # noqa: E402

SETTINGS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "timeout_ms": {
            "description": "How long to wait for the gate, in milliseconds.",
            "type": "integer", "minimum": 100, "maximum": 30_000, "default": 5_000,
        },
        "product_prefix": {"description": "Put before each product code.", "type": "string", "default": ""},
    },
}

CARD = {
    "id": "python-gate",
    "kind": "supplier",
    "family": "python-gate",
    "version": "0.1.0",
    "contract": {"major": 1, "minor": 0},
    "summary": "Books, inquires and cancels at a small ticket gate, written in Python.",
    "capabilities": {"supplier": {"fulfils": {
        "by": "calls",
        "book": {"repeatable": True, "units_limit": 50},
        "inquire": {"not_found_after_ms": 0},
        "cancel": {"units": True, "repeatable": True},
    }}},
    "instance_settings": SETTINGS,
    "connection_settings": {"type": "object", "additionalProperties": False},
    "secrets": ["token"],
    "log": {"clear": ["order", "product", "count", "date", "units", "state", "reason"]},
}


class PythonGate:
    """One connection to a gate."""

    def __init__(self, opening, call):
        settings = checked(opening.get("settings") or {})
        self.timeout_ms, self.product_prefix = settings["timeout_ms"], settings["product_prefix"]
        self.base_url = (opening.get("base_url") or "").rstrip("/")
        if not self.base_url:
            raise Fault("invalid", "base_url: this plugin needs one")
        self.token = call.secret("token")

    def book(self, call, request):
        """Books. Our order number is the gate's key: a repeat gets the first answer."""
        order = request["order"]
        guests = [guest for unit in order["units"] for guest in unit.get("guests", [])]
        tickets = {
            "order": order["order"],
            "product": self.product_prefix + order["product_code"],
            "count": len(order["units"]),
            "date": order["visit"]["arrive"] if order.get("visit") else None,
            "guests": [{"name": plain(guest.get("name"))} for guest in guests],
        }
        status, body = self.send(call, "book", "POST", "/tickets", tickets)
        if status in (200, 202):
            booked = booking(order, body)
            if booked["booking"] == "cancelled":
                return {"booking": "refused", "reason": "state_forbids", "text": "given back before"}
            return booked
        if status == 409:
            return {"booking": "refused", **refusal(body)}
        raise unexpected(status)

    def inquire(self, call, request):
        """What became of it?"""
        order = request["order"]
        status, body = self.send(call, "inquire", "GET", path(order))
        if status == 200:
            return booking(order, body)
        if status == 404 and refusal(body):
            return {"booking": "not_found"}
        raise unexpected(status)

    def cancel(self, call, request):
        """Gives units back; the key is the same for every repeat."""
        wanted = {"units": request["units"], "key": request["key"]}
        status, body = self.send(call, "cancel", "POST", path(request["order"]) + "/cancel", wanted)
        if status == 200:
            read(body)
            return {"cancellation": "done"}
        if status in (404, 409):
            return {"cancellation": "refused", **refusal(body)}
        raise unexpected(status)

    def send(self, call, api, method, where, body=None):
        """Calls the gate: status and body."""
        headers = [] if body is None else [("content-type", "application/json")]
        status, _, text = call.http(
            api, method, self.base_url + where, headers,
            secret_headers=[("authorization", "Bearer " + self.token)],
            body=None if body is None else json.dumps(body),
            timeout_ms=self.timeout_ms,
        )
        return status, text


def checked(given):
    """The settings with their defaults; what is wrong is told by its key."""
    known = SETTINGS["properties"]
    for key in given:
        if key not in known:
            raise Fault("invalid", f"settings.{key}: no such setting; there are {', '.join(known)}")
    settings = {key: given.get(key, rule["default"]) for key, rule in known.items()}
    timeout_ms = settings["timeout_ms"]
    if type(timeout_ms) is not int or not 100 <= timeout_ms <= 30_000:
        raise Fault("invalid", "settings.timeout_ms: must be a number from 100 to 30000")
    if not isinstance(settings["product_prefix"], str):
        raise Fault("invalid", "settings.product_prefix: must be a text")
    return settings


def plain(field):
    """A guest's field, unless the channel has sealed it."""
    return field.get("plain") if isinstance(field, dict) else None


def path(order):
    """An order at the gate; its number may hold anything."""
    return "/tickets/" + urllib.parse.quote(order["order"], safe="-._~")


def read(body):
    """An answer as JSON. What cannot be read may have had its effect; the fault tells nothing of its contents."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Fault("garbled", f"the answer of {len(body)} characters cannot be read", "unknown")
    return answer


def booking(order, body):
    """Tickets as the core knows them: one credential a unit, or a fault whose effect is unknown."""
    answer = read(body)
    if answer.get("order", order["order"]) != order["order"]:
        raise Fault("garbled", "the answer is about another order", "unknown")
    state, reference = answer.get("state"), answer.get("reference")
    if state == "cancelled":
        return {"booking": "cancelled"}
    if state == "pending" and isinstance(reference, str):
        return {"booking": "pending", "reference": reference, "wait": {"ask_after_ms": 2_000}}
    if state == "issued" and isinstance(reference, str):
        tickets, units = answer.get("tickets"), order["units"]
        full = isinstance(tickets, list) and len(tickets) == len(units)
        if full and all(isinstance(ticket, str) and ticket for ticket in tickets):
            shown = [
                {"unit": unit["number"], "credentials": [{"kind": "qr_code", "value": ticket}]}
                for unit, ticket in zip(units, tickets)
            ]
            return {"booking": "issued", "reference": reference, "units": shown}
    raise Fault("garbled", "the answer holds no tickets for these units", "unknown")


def refusal(body):
    """A certain no, with its reason as data."""
    reason = read(body).get("reason")
    if not isinstance(reason, str):
        raise Fault("garbled", "the refusal gives no reason", "unknown")
    return {"reason": "sold_out" if reason == "sold out" else "supplier_refused", "text": reason}


def unexpected(status):
    """A status that the gate's description does not give: only some of them are certainly without effect."""
    text = f"the partner answered with status {status}"
    if status in (400, 422):
        return Fault("invalid", text, code=status)
    if status in (401, 403):
        return Fault("unauthenticated", text, code=status)
    if status == 429:
        return Fault("rate_limited", text, code=status)
    return Fault("unavailable" if 500 <= status <= 599 else "garbled", text, "unknown", status)


if __name__ == "__main__":
    run(CARD, PythonGate)
