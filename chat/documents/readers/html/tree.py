"""Ways through the elements of a web page."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))


def walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Yield the nodes below ``root`` and itself: each with True where it begins, elements with False where they end."""
    ends: list[LexborNode] = []
    node: LexborNode | None = root
    while node is not None:
        yield node, True
        child = node.first_child if node.tag != "-text" else None
        if child is not None:
            ends.append(node)
            node = child
            continue
        following = node.next if ends else None
        while following is None and ends:
            ended = ends.pop()
            yield ended, False
            following = ended.next if ends else None
        node = following


def element_before(node: LexborNode) -> LexborNode | None:
    """Return the element before ``node`` among those of its parent; None if it is the first."""
    before = node.prev
    while before is not None and not before.is_element_node:
        before = before.prev
    return before


def is_inside(node: LexborNode, tags: frozenset[str]) -> bool:
    """Return whether an element around ``node`` has one of these ``tags``."""
    parent = node.parent
    while parent is not None and parent.tag not in tags:
        parent = parent.parent
    return parent is not None
