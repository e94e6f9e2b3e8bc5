"""Rules are data: parse → check → evaluate → explain. Pure: bytes, values and `now` in, values or exceptions out."""
