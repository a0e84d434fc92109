#!/usr/bin/env python3
"""Print test vectors that came as JSON as lines of words, for the unit tests in C.

usage: flatten.py KIND FILE     KIND: ed25519 cctv x25519 chapoly hkdf hmac spki
Each line: "<id> <expected> <hex>..."; "-" stands for the empty string; expected is 1, 0, or
? where implementations may differ."""
import json
import sys


def word(text):
    return text if text else "-"


def rows(kind, data):
    if kind == "cctv":
        # The decisions of crypt.h, as flags of the vectors: R is compared byte by byte (so one
        # that is not canonical never holds) and nothing is multiplied by the cofactor (so a
        # residue of low order does not hold); all else that fits the equation does.
        for case in data:
            flags = set(case["flags"] or [])
            yield (case["number"], "10"[bool(flags & {"non_canonical_R", "low_order_residue"})],
                   case["key"], case["msg"].encode().hex(), case["sig"],
                   "41" if "non_canonical_A" in flags else "")
        return
    for group in data["testGroups"]:
        for case in group["tests"]:
            expected = {"valid": "1", "invalid": "0"}.get(case["result"], "?")
            if kind == "ed25519":
                key = group.get("publicKey", group.get("key"))["pk"]
                yield case["tcId"], expected, key, case["msg"], case["sig"]
            elif kind == "spki":
                yield (case["tcId"], expected, group["publicKeyDer"], case["msg"], case["sig"])
            elif kind == "x25519":
                yield (case["tcId"], expected, case["private"], case["public"], case["shared"])
            elif kind == "chapoly":
                if len(case["iv"]) == 24 and not case["aad"]:
                    yield (case["tcId"], expected, case["key"], case["iv"], case["msg"],
                           case["ct"] + case["tag"])
            elif kind == "hkdf":
                if case["size"] == 32 and expected == "1":
                    yield (case["tcId"], expected, case["ikm"], case["salt"], case["info"],
                           case["okm"])
            elif kind == "hmac":
                if group["tagSize"] == 256:
                    yield case["tcId"], expected, case["key"], case["msg"], case["tag"]


def main():
    with open(sys.argv[2], encoding="utf-8") as source:
        data = json.load(source)
    for row in rows(sys.argv[1], data):
        print(row[0], row[1], *(word(part) for part in row[2:]))


main()
