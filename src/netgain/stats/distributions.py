"""Normal, Student t and F distributions, in pure Python, exact to about 1e-12.

The regularised incomplete beta function is a continued fraction (modified Lentz; Press et al.,
Numerical Recipes, section 6.4); quantiles invert the distribution by safeguarded Newton steps.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_TINY = 1e-300
_STANDARD = NormalDist()


def normal_cdf(x: float) -> float:
    """Return P(Z <= x) of a standard normal, with full relative accuracy in the lower tail."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_quantile(p: float) -> float:
    """Return the x with P(Z <= x) = p.

    Raises:
        ValueError: p is not strictly between 0 and 1.
    """
    _require_probability(p)
    return _STANDARD.inv_cdf(p)


def student_t_cdf(x: float, df: float) -> float:
    """Return P(T <= x) of Student's t with `df` degrees of freedom (any real df > 0)."""
    _require_degrees(df)
    if math.isinf(df):
        return normal_cdf(x)
    tail = 0.5 * _tail_pair(x, df)
    return 1.0 - tail if x > 0 else tail


def student_t_quantile(p: float, df: float) -> float:
    """Return the x with P(T <= x) = p for Student's t with `df` degrees of freedom.

    Raises:
        ValueError: p is not strictly between 0 and 1, or df is not positive.
    """
    _require_probability(p)
    _require_degrees(df)
    if p == 0.5:
        return 0.0
    if p > 0.5:
        return -student_t_quantile(1.0 - p, df)
    if math.isinf(df):
        return normal_quantile(p)
    low, high = min(normal_quantile(p), -1.0), 0.0
    while student_t_cdf(low, df) > p:
        low, high = low * 2.0, low
    x = 0.5 * (low + high)
    for _ in range(200):
        error = student_t_cdf(x, df) - p
        low, high = (low, x) if error > 0 else (x, high)
        step = x - error / _student_t_density(x, df)
        x_next = step if low < step < high else 0.5 * (low + high)
        if abs(x_next - x) <= 1e-15 * abs(x):
            return x_next
        x = x_next
    return x


def f_cdf(x: float, df_numerator: float, df_denominator: float) -> float:
    """Return P(F <= x) of the F distribution."""
    _require_degrees(df_numerator)
    _require_degrees(df_denominator)
    if x <= 0:
        return 0.0
    share = df_numerator * x / (df_numerator * x + df_denominator)
    return incomplete_beta(share, df_numerator / 2.0, df_denominator / 2.0)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), 0 <= x <= 1, a and b positive."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    return _incomplete_beta(x, 1.0 - x, a, b)


def _incomplete_beta(x: float, complement: float, a: float, b: float) -> float:
    """Return I_x(a, b) with 1 - x given apart, so that no digits are lost near x = 1."""
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _incomplete_beta(complement, x, b, a)
    log_x = math.log(x) if x < 0.5 else math.log1p(-complement)
    log_complement = math.log1p(-x) if x < 0.5 else math.log(complement)
    front = math.exp(a * log_x + b * log_complement - _log_beta(a, b)) / a
    return front * _continued_fraction(x, a, b)


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function by modified Lentz."""
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 200_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away_from_zero(1.0 + numerator * d)
            c = _away_from_zero(1.0 + numerator / c)
            factor = c * d
            value *= factor
        if abs(factor - 1.0) < 1e-16:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _log_beta(a: float, b: float) -> float:
    """Return ln B(a, b); for one large and one half argument without cancellation."""
    large, small = max(a, b), min(a, b)
    if small == 0.5 and large > 50.0:
        inverse = 1.0 / large
        # ln gamma(a + 1/2) - ln gamma(a) as an asymptotic series: lgamma alone loses digits here.
        ratio = 0.5 * math.log(large) - inverse / 8 + inverse**3 / 192 - inverse**5 / 640
        return 0.5 * math.log(math.pi) - ratio
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _tail_pair(x: float, df: float) -> float:
    """Return P(|T| >= |x|)."""
    square = x * x
    if square == 0.0:
        return 1.0
    if math.isinf(square):
        return 0.0
    return _incomplete_beta(df / (df + square), square / (df + square), df / 2.0, 0.5)


def _student_t_density(x: float, df: float) -> float:
    log_density = -0.5 * (df + 1) * math.log1p(x * x / df) - _log_beta(df / 2.0, 0.5)
    return math.exp(log_density) / math.sqrt(df)


def _require_probability(p: float) -> None:
    if not 0.0 < p < 1.0:
        raise ValueError(f"probability {p!r} is not strictly between 0 and 1")


def _require_degrees(df: float) -> None:
    if not df > 0:
        raise ValueError(f"degrees of freedom {df!r} are not positive")
