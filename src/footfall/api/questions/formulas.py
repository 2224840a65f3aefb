"""Formulas: what metrics are made of. Measures, numbers, + - * / and parentheses; read by Python's own parser, never run."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from footfall.api.questions.declared import Measure, Metric, declared

METRICS = declared("footfall.api.questions.metrics", Metric)
MEASURES = declared("footfall.api.questions.metrics", Measure)

_LONGEST = 200
_PLACES = 4  # of a formula that a question makes up

Operator = Literal["+", "-", "*", "/"]
_OPERATORS: dict[type[ast.operator], Operator] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass(frozen=True, slots=True)
class Operation:
    """Two formulas, and what is done with them."""

    operator: Operator
    left: "Formula"
    right: "Formula"


Formula = Measure | Decimal | Operation


def parse_formula(text: str, known: Mapping[str, Formula]) -> Formula:
    """What a formula says. Raises ValueError for what is none."""
    if len(text) > _LONGEST:
        raise ValueError(f"at most {_LONGEST} characters")
    try:
        return _formula(ast.parse(text.strip(), mode="eval").body, known)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(text) from error


def _formula(node: ast.expr, known: Mapping[str, Formula]) -> Formula:
    match node:
        case ast.Name(name) if name in known:
            return known[name]
        case ast.Constant(int() | float() as number) if not isinstance(number, bool):
            return Decimal(str(number))
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            return Operation(_OPERATORS[type(operator)], _formula(left, known), _formula(right, known))
        case _:
            raise ValueError(ast.unparse(node))


_FORMULAS = {name: parse_formula(metric.formula, MEASURES) for name, metric in METRICS.items()}


@dataclass(frozen=True, slots=True)
class AskedMetric:
    """A metric as a question asks for it: one that is declared, or a formula over those."""

    name: str
    formula: Formula
    places: int | None
    is_measured: bool = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What it is made of, each once."""
        return tuple(dict.fromkeys(_measures(self.formula)))


def asked_metric(name: str) -> AskedMetric:
    """The metric of this name, or the formula. Raises ValueError for what is neither."""
    if name in METRICS:
        metric = METRICS[name]
        return AskedMetric(name, _FORMULAS[name], metric.places, metric.is_measured)
    formula = parse_formula(name, _FORMULAS)
    return AskedMetric(name, formula, _PLACES, is_measured=any(measure.is_quantile for measure in _measures(formula)))


def _measures(formula: Formula) -> Iterator[Measure]:
    if isinstance(formula, Operation):
        yield from _measures(formula.left)
        yield from _measures(formula.right)
    elif isinstance(formula, Measure):
        yield formula
