"""Wrong answers made by machine: every small change of a reference."""

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator

BINARY = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISON = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
NAMES = {
    "mean": ("sum", "max", "median"),
    "nanmean": ("mean", "nansum", "nanmedian"),
    "median": ("mean", "max"),
    "sum": ("mean", "max"),
    "max": ("min", "mean"),
    "min": ("max",),
    "argmax": ("argmin",),
    "std": ("var",),
    "minimum": ("maximum",),
    "maximum": ("minimum",),
    "ceil": ("floor", "round"),
    "round": ("floor", "ceil"),
    "zeros": ("ones",),
    "ones_like": ("zeros_like",),
    "any": ("all",),
    "sinh": ("tanh",),
    "hypot": ("subtract",),
    "insert": ("append",),
    "int8": ("uint8",),
    "int32": ("int8", "int16"),
}
COMMUTE = {"hypot", "minimum", "maximum", "min", "max", "append"}


def mutants(function: Callable) -> Iterator[tuple[str, Callable]]:
    """Give each mutant of a function, with the lines in which it differs."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    before = ast.unparse(tree).splitlines()
    known = {"\n".join(before)}
    for number, node in enumerate(ast.walk(tree)):
        for change in range(len(list(_changes(copy.deepcopy(node))))):
            mutated = copy.deepcopy(tree)
            target = list(ast.walk(mutated))[number]
            new = list(_changes(target))[change]
            mutated = ast.fix_missing_locations(_Put(target, new).visit(mutated))
            text = ast.unparse(mutated)
            if text in known:
                continue
            known.add(text)
            space = dict(function.__globals__)
            try:
                exec(compile(text, "<mutant>", "exec"), space)
            except SyntaxError:
                continue
            lines = [line.strip() for line in text.splitlines() if line not in before]
            gone = [line.strip() for line in before if line not in text.splitlines()]
            yield " | ".join(lines or [f"without: {g}" for g in gone]), space[function.__name__]


class _Put(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else super().generic_visit(node)


def _with(node, **fields):
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _plus(node, step):
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return ast.Constant(node.value + step)
    return ast.BinOp(node, ast.Add() if step > 0 else ast.Sub(), ast.Constant(1))


def _changes(node) -> Iterator[ast.AST]:
    kind = getattr(_Changes, type(node).__name__.lower(), None)
    if kind is not None:
        yield from kind(node)


class _Changes:
    """What may stand in place of a node, by its type."""

    @staticmethod
    def binop(node):
        if type(node.op) in BINARY:
            yield _with(node, op=BINARY[type(node.op)]())
        yield node.left
        yield node.right
        if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Pow | ast.MatMult | ast.Mod):
            yield _with(node, left=node.right, right=node.left)

    @staticmethod
    def augassign(node):
        if type(node.op) in BINARY:
            yield _with(node, op=BINARY[type(node.op)]())
        yield ast.Assign([node.target], node.value)
        yield ast.Pass()

    @staticmethod
    def compare(node):
        for other in COMPARISON.get(type(node.ops[0]), ()):
            yield _with(node, ops=[other(), *node.ops[1:]])

    @staticmethod
    def unaryop(node):
        yield node.operand

    @staticmethod
    def boolop(node):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())

    @staticmethod
    def keyword(node):
        flag = isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)
        if flag and node.arg != "strict":  # inputs that do not fit each other are not valid
            yield _with(node, value=ast.Constant(not node.value.value))

    @staticmethod
    def constant(node):
        if type(node.value) is int:
            yield from (ast.Constant(node.value + step) for step in (1, -1))
        elif isinstance(node.value, float):
            yield from (ast.Constant(new) for new in (node.value * 1.1, node.value + 1))
        elif node.value == "big":
            yield ast.Constant("little")

    @staticmethod
    def slice(node):
        for side in ("lower", "upper"):
            edge = getattr(node, side)
            if edge is not None:
                yield _with(node, **{side: None})
                yield from (_with(node, **{side: _plus(edge, step)}) for step in (1, -1))
        if node.step is not None:
            yield _with(node, step=None)
        elif node.lower is None and node.upper is None:
            yield _with(node, upper=ast.Constant(-1))

    @staticmethod
    def attribute(node):
        yield from (_with(node, attr=other) for other in NAMES.get(node.attr, ()))
        if node.attr == "T":
            yield node.value

    @staticmethod
    def name(node):
        if isinstance(node.ctx, ast.Load) and node.id in ("max", "min", "round"):
            other = {"max": "min", "min": "max", "round": "int"}[node.id]
            yield _with(node, id=other)

    @staticmethod
    def call(node):
        for k in (k for k, each in enumerate(node.keywords) if each.arg != "strict"):
            yield _with(node, keywords=node.keywords[:k] + node.keywords[k + 1 :])
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if len(node.args) == 2 and name not in COMMUTE:
            yield _with(node, args=node.args[::-1])
        if len(node.args) == 1 and not node.keywords:
            yield node.args[0]
        if name == "range":
            k = 0 if len(node.args) == 1 else 1
            for step in (1, -1):
                args = [*node.args]
                args[k] = _plus(args[k], step)
                yield _with(node, args=args)
        if isinstance(node.func, ast.Attribute) and name in ("copy", "astype", "mean", "sum"):
            yield node.func.value

    @staticmethod
    def tuple(node):
        if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
            yield _with(node, elts=node.elts[::-1])
            yield _with(node, elts=[node.elts[1], node.elts[0], *node.elts[2:]])

    list = tuple

    @staticmethod
    def ifexp(node):
        yield node.body
        yield node.orelse

    @staticmethod
    def comprehension(node):
        if node.ifs:
            yield _with(node, ifs=[])

    @staticmethod
    def assign(node):
        yield ast.Pass()

    expr = assign

    @staticmethod
    def if_(node):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))

    @staticmethod
    def return_(node):
        if node.value is not None and not isinstance(node.value, ast.Tuple | ast.ListComp):
            yield _with(node, value=ast.UnaryOp(ast.USub(), node.value))


setattr(_Changes, "if", _Changes.if_)
setattr(_Changes, "return", _Changes.return_)
