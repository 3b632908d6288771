# SPDX-License-Identifier: ISC
"""The published counting function of fake-rhombus, once more, for checkers."""
DAY = ((0, 0), (360, 0), (570, 100), (750, 60), (870, 95), (1200, 0), (1440, 0))

def fnv1a64(text):
    value = 0xCBF29CE484222325
    for byte in text.encode("ascii"):
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value

def published_count(uuid, start_ms):
    minute, weekday = start_ms // 60000 % 1440, (start_ms // 86400000 + 3) % 7
    (x0, y0), (x1, y1) = next(p for p in zip(DAY, DAY[1:]) if minute < p[1][0])
    shape = (y0 * (x1 - minute) + y1 * (minute - x0)) // (x1 - x0)
    shape = shape // 10 if weekday >= 5 else shape
    return (4 + fnv1a64(uuid) % 37) * shape * (75 + fnv1a64(f"{uuid}:{start_ms}") % 26) // 10000
