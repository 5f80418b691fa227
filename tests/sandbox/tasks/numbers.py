"""Mathematics and statistics."""

from __future__ import annotations

from tests.sandbox.tasks.task import task

NUMBERS = (
    task(
        "equation",
        "from sympy import Eq, solve, symbols\nx = symbols('x')\nsolve(Eq(3*x + 11, 14), x)",
        "[1]",
    ),
    task(
        "derivative and integral",
        """
        from sympy import diff, exp, integrate, oo, sin, symbols
        x = symbols("x")
        print(diff(sin(x) * x**2, x), integrate(exp(-(x**2)), (x, -oo, oo)))
        """,
        "x**2*cos(x) + 2*x*sin(x) sqrt(pi)",
    ),
    task(
        "system of equations, both ways",
        """
        import numpy as np
        from sympy import Matrix, symbols, linsolve
        left, right = [[2, 1], [1, 3]], [3, 5]
        print(np.linalg.solve(left, right), linsolve((Matrix(left), Matrix(right)), *symbols("x y")))
        """,
        "[0.8 1.4] {(4/5, 7/5)}",
    ),
    task(
        "eigenvalues",
        "import numpy as np\nnp.linalg.eigvalsh([[2, 1], [1, 2]]).round(6).tolist()",
        "[1.0, 3.0]",
    ),
    task(
        "statistics",
        """
        import statistics as s
        data = [2, 4, 4, 4, 5, 5, 7, 9]
        print(s.mean(data), s.median(data), s.mode(data), s.pstdev(data), s.quantiles(data, n=4))
        """,
        "5 4.5 4 2.0 [4.0, 4.5, 6.5]",
    ),
    task(
        "t-test and correlation",
        """
        from scipy import stats
        first, second = [5.1, 4.9, 5.6, 5.8, 6.0], [4.1, 4.4, 4.0, 4.6, 4.9]
        print(round(stats.ttest_ind(first, second).statistic, 3), round(stats.pearsonr(first, second)[0], 3))
        """,
        "4.07 0.57",
    ),
    task(
        "minimum, root and integral",
        """
        from scipy import integrate, optimize
        lowest = optimize.minimize(lambda p: (p[0] - 3) ** 2 + (p[1] + 1) ** 2, [0, 0])
        print(lowest.x.round(3).tolist(), round(optimize.brentq(lambda x: x**3 - 2, 0, 2), 6))
        print(round(integrate.quad(lambda x: x**2, 0, 3)[0], 9))
        """,
        """
        [3.0, -1.0] 1.259921
        9.0
        """,
    ),
    task(
        "regression",
        """
        import numpy as np
        from sklearn.linear_model import LinearRegression
        x = np.arange(10).reshape(-1, 1)
        y = 3 * x.ravel() + 2
        model = LinearRegression().fit(x, y)
        print(round(model.coef_[0], 6), round(model.intercept_, 6), np.polyfit(x.ravel(), y, 1).round(6))
        """,
        "3.0 2.0 [3. 2.]",
    ),
    task(
        "clusters",
        """
        from sklearn.cluster import KMeans
        labels = KMeans(2, n_init=5, random_state=0).fit_predict([[0, 0], [0, 1], [9, 9], [9, 8]])
        print(labels[0] == labels[1], labels[2] == labels[3], labels[0] != labels[2])
        """,
        "True True True",
    ),
    task(
        "exact money",
        """
        from decimal import Decimal, ROUND_HALF_UP
        from fractions import Fraction
        total = Decimal("19.99") * 3 * Decimal("1.19")
        print(total.quantize(Decimal("0.01"), ROUND_HALF_UP), Fraction(1, 3) + Fraction(1, 6))
        """,
        "71.36 1/2",
    ),
    task(
        "numbers of chance, again the same",
        """
        import random, numpy as np
        random.seed(42)
        first = [random.randint(1, 6) for _ in range(5)]
        random.seed(42)
        print(first == [random.randint(1, 6) for _ in range(5)], first)
        np.random.default_rng(0).integers(0, 10, 5).tolist()
        """,
        "True [6, 1, 1, 6, 3]\n[8, 6, 5, 2, 3]",
    ),
    task(
        "primes",
        """
        def primes(limit):
            sieve = bytearray([1]) * (limit + 1)
            sieve[:2] = b"\\0\\0"
            for number in range(2, int(limit**0.5) + 1):
                if sieve[number]:
                    sieve[number * number :: number] = bytes(len(range(number * number, limit + 1, number)))
            return [number for number, is_prime in enumerate(sieve) if is_prime]
        len(primes(100_000)), primes(30)
        """,
        "(9592, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29])",
    ),
)
