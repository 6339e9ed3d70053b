"""What NumPy says: the right answers for numpy_test.cpp.

    numpy_peer.py promotion FILE                      numpy.result_type of pairs and triples
    numpy_peer.py expressions FILE SEED FUNCTION…     random expressions of these functions
    numpy_peer.py parse FILE SEED                     random operators on integers, by Python

FILE of promotion holds lines "result operand operand …" with operands "f32" or "f32=value" (a
scalar). FILE of the others: a line "array NAME DTYPE EXTENT…" or "case DTYPE EXTENT…", for a case
one line with the expression, and the bytes of the elements in C order.
"""
import ast
import random
import sys

import numpy as np

NAMES = {"bool": "bool", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
         "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64", "float16": "f16",
         "float32": "f32", "float64": "f64", "complex64": "c64", "complex128": "c128"}
DTYPES = list(NAMES)
np.seterr(all="ignore")


def scalars():
    """One NumPy scalar on each side of every limit that counts."""
    for bits in (8, 16, 32, 64):
        for name, values in ((f"int{bits}", (0, 1, -1)), (f"uint{bits}", (0, 1))):
            for value in values:
                yield np.dtype(name).type(value)
    for limit in (127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1,
                  2**32, 2**63 - 1):
        yield np.int64(limit)
        yield np.uint64(limit)
        yield np.int64(-limit)
    yield np.uint64(2**63)
    yield np.uint64(2**64 - 1)
    for value in (0.0, 1.5, 64999.0, 65001.0, -65001.0, 3e38, 1e39, -1e39, np.inf, np.nan, 1e-300):
        yield np.float64(value)
        if abs(value) < 3.3e38 or not np.isfinite(value):
            yield np.float32(value)
    yield np.float16(1)
    yield np.complex128(1 + 1j)
    yield np.complex128(1e39j)
    yield np.complex64(1j)
    yield np.bool_(True)


def word(operand):
    if isinstance(operand, np.ndarray):
        return NAMES[operand.dtype.name]
    name = NAMES[operand.dtype.name]
    if operand.dtype.kind == "c":
        return f"{name}={operand.real!r},{operand.imag!r}".replace("(", "").replace(")", "")
    return f"{name}={operand.item()!r}" if operand.dtype.kind != "b" else f"{name}={int(operand)}"


def promotion(path):
    arrays = [np.ones(2, name) for name in DTYPES]
    with open(path, "w", encoding="ascii") as out:
        def put(*operands):
            result = NAMES[np.result_type(*operands).name]
            print(result, *(word(operand) for operand in operands), file=out)

        for a in arrays:
            for b in arrays:
                put(a, b)
            for s in scalars():
                put(a, s)
                put(s, a)
                for t in (np.int64(-1), np.uint8(200), np.float64(70000)):
                    put(a, s, t)
        every = list(scalars())
        for s in every:
            for t in every:
                put(s, t)


# --- random expressions ---------------------------------------------------------------------------

def make_arrays(rng):
    arrays = {}
    for name in DTYPES:
        letter = NAMES[name]
        for suffix, shape in (("", (5, 7)), ("row", (7,)), ("col", (5, 1)), ("num", ())):
            kind = np.dtype(name).kind
            if kind == "b":
                a = rng.random(shape) < 0.5
            elif kind in "iu":
                info = np.iinfo(name)
                small = rng.integers(0 if kind == "u" else -5, 6, shape)
                wide = rng.integers(info.min, info.max, shape, dtype=name, endpoint=True)
                a = np.where(rng.random(shape) < 0.7, small.astype(name), wide)
            else:
                a = rng.standard_normal(shape) * 3
                if kind == "c":
                    # Quarters: NumPy rounds both products of a complex one, we round one of them.
                    a = np.round(4 * a) / 4 + 0.25j * rng.integers(-8, 9, shape)
                elif suffix == "":
                    a.flat[:6] = [0, -0.0, np.inf, -np.inf, np.nan, 1]
            arrays[letter + suffix] = np.asarray(a, dtype=name)
    return arrays


BINARY = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "floor_divide": "//",
          "remainder": "%", "bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^",
          "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==",
          "not_equal": "!="}
UNARY = {"negative": "-", "invert": "~"}
CALLS = {"maximum": 2, "minimum": 2, "abs": 1, "sqrt": 1, "floor": 1, "ceil": 1, "trunc": 1,
         "isnan": 1, "isinf": 1, "isfinite": 1, "where": 3, "square": 1, "logical_and": 2,
         "logical_or": 2, "logical_xor": 2, "logical_not": 1, "signbit": 1, "rint": 1}


class Writer:
    def __init__(self, pick, names, functions):
        self.pick = pick
        self.names = names
        self.binary = [f for f in BINARY if f in functions]
        self.unary = [f for f in UNARY if f in functions]
        self.calls = [f for f in CALLS if f in functions]

    def leaf(self):
        return self.pick.choice(self.names)

    def scalar(self):
        return self.pick.choice(["2", "3", "0", "100", "200", "-1", "70000", "2.5", "0.1", "1e30",
                                 "-0.0", "1e300", "2**3", "(3 + 4)", "inf", "nan"])

    def expression(self, depth):
        if depth == 0:
            return self.leaf()
        what = self.pick.random()
        if what < 0.15 and self.unary:
            return f"{UNARY[self.pick.choice(self.unary)]}({self.expression(depth - 1)})"
        if what < 0.4 and self.calls:
            name = self.pick.choice(self.calls)
            operands = [self.expression(depth - 1) for _ in range(CALLS[name])]
            if len(operands) > 1 and self.pick.random() < 0.3:
                operands[-1] = self.scalar()
            return f"{name}({', '.join(operands)})"
        op = BINARY[self.pick.choice(self.binary)]
        left, right = self.expression(depth - 1), self.expression(self.pick.randrange(depth))
        if self.pick.random() < 0.35:
            right = self.scalar()
            if op == "/" and right.startswith("1e"):
                right = "7"  # a number so small that NumPy makes a zero of it beside f16
            if self.pick.random() < 0.5:
                left, right = right, left
        return f"({left} {op} {right})"


def write_elements(out, kind, values):
    values = np.asarray(values)
    out.write(f"{kind} {NAMES[values.dtype.name]} {' '.join(map(str, values.shape))}\n".encode())
    return np.ascontiguousarray(values).tobytes()


def signbit(values):
    """As NumPy's; the sign of NaN is nobody's business."""
    if np.isnan(values).any():
        raise ValueError
    return np.signbit(values)


def absolute(values):
    """As NumPy's; of complex numbers the last bit is not."""
    if np.iscomplexobj(values):
        raise ValueError
    return np.abs(values)


def extreme(function):
    """As NumPy's; which zero is the least of both signs is nobody's business."""
    def checked(x, y):
        if np.any((x == 0) & (y == 0) & (np.signbit(x * 1.0) != np.signbit(y * 1.0))):
            raise ValueError
        return function(x, y)
    return checked


def expressions(path, seed, functions):
    rng = np.random.default_rng(seed)
    pick = random.Random(seed)
    arrays = make_arrays(rng)
    scope = {name: getattr(np, name) for name in list(CALLS) + ["inf", "nan"]}
    scope["signbit"] = signbit
    scope["abs"] = absolute
    scope["maximum"] = extreme(np.maximum)
    scope["minimum"] = extreme(np.minimum)
    scope.update(arrays)
    plain = [name for name in arrays if "c64" not in name and "c128" not in name]
    with open(path, "wb") as out:
        for name, values in arrays.items():
            out.write(write_elements(out, f"array {name}", values))
        made = 0
        while made < 3000:
            names = [pick.choice(plain if made % 10 else list(arrays)) for _ in range(4)]
            if all("num" in name for name in names):
                continue
            writer = Writer(pick, names, functions)
            text = writer.expression(pick.choice([1, 1, 2, 2, 3, 5]))
            try:
                values = eval(text, scope)
            except (TypeError, ValueError, OverflowError, ZeroDivisionError):
                continue  # what NumPy refuses is numpy_refuses'
            if not any(name in text for name in names if "num" not in name):
                continue  # numbers alone are Python's, not NumPy's
            made += 1
            data = np.asarray(values)
            if data.dtype.name not in NAMES:
                continue
            body = write_elements(out, "case", data)
            out.write(text.encode() + b"\n" + body)


# --- operators alone ------------------------------------------------------------------------------

class AsNumPy(ast.NodeTransformer):
    """Numbers are NumPy's, not Python's, and chains of comparisons are not cut short."""

    def visit_Constant(self, node):
        number = ast.Name("int64", ast.Load())
        return ast.Call(number, [node], [])

    def visit_Compare(self, node):
        self.generic_visit(node)
        operands = [node.left, *node.comparators]
        pairs = [ast.Compare(left, [op], [right])
                 for left, op, right in zip(operands, node.ops, operands[1:])]
        value = pairs[0]
        for pair in pairs[1:]:
            value = ast.BinOp(value, ast.BitAnd(), pair)
        return value


def numpy_value(text, names):
    tree = ast.fix_missing_locations(AsNumPy().visit(ast.parse(text, mode="eval")))
    return eval(compile(tree, "expression", "eval"), {"int64": np.int64}, names)


def parse(path, seed):
    pick = random.Random(seed)
    names = {name: np.array([value], np.int64)
             for name, value in zip("abcdf", (7, -3, 2, 5, -11))}

    def text(depth):
        if depth == 0:
            return pick.choice(list(names) + ["2", "3", "0x1F", "1_0"])
        what = pick.random()
        if what < 0.2:
            return pick.choice("-+~") + pick.choice(["", " "]) + text(depth - 1)
        if what < 0.35:
            return f"({text(depth - 1)})"
        ops = ["+", "-", "*", "&", "|", "^", "**2", "==", "<", ">="]
        op = pick.choice(ops)
        if op == "**2":
            return f"{text(depth - 1)}**2"
        return f"{text(depth - 1)}{pick.choice(['', ' '])}{op} {text(pick.randrange(depth))}"

    with open(path, "wb") as out:
        for name, values in names.items():
            out.write(write_elements(out, f"array {name}", values))
        made = 0
        while made < 2000:
            expression = text(pick.choice([2, 3, 4, 6]))
            try:
                value = numpy_value(expression, names)
            except (TypeError, ValueError, OverflowError):
                continue
            if not isinstance(value, np.ndarray):
                continue
            made += 1
            body = write_elements(out, "case", value)
            out.write(expression.encode() + b"\n" + body)


if sys.argv[1] == "promotion":
    promotion(sys.argv[2])
elif sys.argv[1] == "expressions":
    expressions(sys.argv[2], int(sys.argv[3]), set(sys.argv[4:]))
else:
    parse(sys.argv[2], int(sys.argv[3]))
