"""The supplier that answers at once, as a process: what is measured is the way to it, and Python's share of it."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../plugins/python-gate"))

from entrepot_plugin import run  # noqa: E402 (found by the line above)

CARD = {
    "id": "bench-boundary",
    "kind": "supplier",
    "family": "bench",
    "version": "0.1.0",
    "contract": {"major": 1, "minor": 0},
    "summary": "Answers at once, for figures.",
    "capabilities": {"supplier": {"fulfils": {"by": "calls", "book": {"repeatable": True}}}},
    "instance_settings": {"type": "object"},
    "connection_settings": {"type": "object"},
}


class AtOnce:
    """Answers at once."""

    def __init__(self, opening, call):
        pass

    def book(self, call, request):
        """Codes made of the order's number."""
        order = request["order"]
        units = [
            {"unit": unit["number"], "credentials": [{"kind": "voucher_number", "value": f"{order['order']}-{place}"}]}
            for place, unit in enumerate(order["units"])
        ]
        return {"booking": "issued", "units": units}


if __name__ == "__main__":
    run(CARD, AtOnce)
