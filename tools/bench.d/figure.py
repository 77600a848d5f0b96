"""How benchmarks say what they measured."""
import json


def tell(name, value, unit, target=None, *, as_json):
    """Prints a figure: a line for people or, for programs, one as tools/bench says it."""
    if as_json:
        print(json.dumps({
            "bench": name, "value": round(value, 3), "unit": unit, "target": target,
            "ok": None if target is None else value >= target}))
    else:
        print(f"{name:45} {value:10.2f} {unit}" + (f"   aim {target}" if target else ""))
