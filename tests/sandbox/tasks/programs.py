"""Algorithms and classes."""

from __future__ import annotations

from tests.sandbox.tasks.task import task

PROGRAMS = (
    task(
        "sorting, written by hand",
        """
        def merge_sort(items):
            if len(items) < 2:
                return items
            middle = len(items) // 2
            left, right = merge_sort(items[:middle]), merge_sort(items[middle:])
            merged = []
            while left and right:
                merged.append((left if left[0] <= right[0] else right).pop(0))
            return merged + left + right
        print(merge_sort([5, 2, 9, 1, 5, 6]))
        """,
        "[1, 2, 5, 5, 6, 9]",
    ),
    task(
        "shortest way in a graph",
        """
        import heapq
        graph = {"a": {"b": 4, "c": 1}, "c": {"b": 2, "d": 7}, "b": {"d": 1}, "d": {}}
        best, queue = {}, [(0, "a", ["a"])]
        while queue:
            cost, node, way = heapq.heappop(queue)
            if node not in best:
                best[node] = (cost, way)
                for there, more in graph[node].items():
                    heapq.heappush(queue, (cost + more, there, [*way, there]))
        best["d"]
        """,
        "(4, ['a', 'c', 'b', 'd'])",
    ),
    task(
        "sets and permutations",
        """
        from itertools import combinations, permutations
        print(sorted({1, 2, 3} ^ {3, 4}), len(list(permutations(range(5)))), list(combinations("abc", 2)))
        """,
        "[1, 2, 4] 120 [('a', 'b'), ('a', 'c'), ('b', 'c')]",
    ),
    task(
        "classes with inheritance",
        """
        from abc import ABC, abstractmethod
        class Shape(ABC):
            @abstractmethod
            def area(self): ...
            def __repr__(self):
                return f"{type(self).__name__}({self.area():.2f})"
        class Circle(Shape):
            def __init__(self, radius):
                self.radius = radius
            def area(self):
                return 3.14159 * self.radius**2
        [Circle(1), Circle(2)]
        """,
        "[Circle(3.14), Circle(12.57)]",
    ),
    task(
        "several things at once",
        """
        import asyncio
        from concurrent.futures import ThreadPoolExecutor
        async def square(number):
            await asyncio.sleep(0.01)
            return number * number
        async def main():
            return await asyncio.gather(*(square(number) for number in range(4)))
        with ThreadPoolExecutor(4) as pool:
            print(asyncio.run(main()), list(pool.map(str, range(3))))
        """,
        "[0, 1, 4, 9] ['0', '1', '2']",
    ),
    task(
        "simulation",
        """
        import numpy as np
        x, y = np.random.default_rng(7).random((2, 1_000_000))
        print(abs(4 * np.mean(x**2 + y**2 <= 1) - np.pi) < 0.01)
        """,
        "True",
    ),
    task(
        "a module of one's own",
        """
        open("/mnt/data/mine.py", "w").write("def double(x):\\n    return 2 * x\\n")
        import mine
        mine.double(21)
        """,
        "42",
    ),
)
