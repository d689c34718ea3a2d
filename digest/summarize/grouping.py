"""Vectors of terms, grouped by mean cosine: online over an inverted index, then each moved to where it fits best."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush

HEAD = 0.7  # of a vector's square length: its heaviest terms, by which clusters are found
FLOOR = 0.3  # of the threshold that a cluster must have reached by them
PASSES = 2  # over the grouped vectors; a third moved next to nothing

Vector = Mapping[str, float]
"""Weights by term, of length 1 (or none at all)."""

_Postings = dict[int, float]
"""Of one term: the sum of its weights in each open cluster that holds it."""


def normal(weights: Mapping[str, float], *, terms: int) -> Vector:
    """The `terms` heaviest of those weights, as a vector of length 1."""
    heaviest = sorted([(-weight, term) for term, weight in weights.items()])[:terms]
    length = math.sqrt(sum([weight * weight for weight, _ in heaviest]))
    return {term: -weight / length for weight, term in heaviest} if length > 0 else {}


def cosine(one: Vector, other: Vector) -> float:
    """How alike two vectors are, 0 to 1."""
    return sum(weight * other.get(term, 0.0) for term, weight in one.items())


def grouped(
    vectors: Sequence[Vector], times: Sequence[datetime], *, cosine: float, window: timedelta
) -> list[list[int]]:
    """The indices of the vectors in groups, each in the order given; groups by their first index.

    `times` must not fall. A vector belongs to the group with the highest mean cosine to it, if that is `cosine` or more
    and one of the group's times lies within `window`; else to none but its own.
    """
    index = _Index(vectors, cosine)
    for number, at in enumerate(times):
        index.close_before(at - window)
        index.place(number, at)
    for _ in range(PASSES):
        if not index.reorder(times, window):
            break
    return index.groups()


class _Cluster:
    """Some vectors, and the times of the first and the latest."""

    __slots__ = ("first", "latest", "members")

    def __init__(self, at: datetime) -> None:
        self.members: list[int] = []
        self.first = self.latest = at


class _Index:
    """Clusters, and for each term the open ones that hold it with the sum of their weights there.

    A term that one vector alone has joins nothing and is left out. Clusters are found by a vector's heaviest terms; the
    others, light and common, are asked of those alone that came near. On 1,000 articles no group was another for it, in
    half the time.
    """

    def __init__(self, vectors: Sequence[Vector], cosine: float) -> None:
        counts: Counter[str] = Counter()
        for vector in vectors:
            counts.update(vector.keys())
        shared: dict[str, _Postings] = {term: {} for term, count in counts.items() if count > 1}
        self.cosine = cosine
        self.weights = [[weight for term, weight in vector.items() if term in shared] for vector in vectors]
        self.terms = [[shared[term] for term in vector if term in shared] for vector in vectors]  # as their postings
        self.own = [sum([weight * weight for weight in held]) for held in self.weights]
        self.heads = [_head(held, own) for held, own in zip(self.weights, self.own, strict=True)]
        self.clusters: list[_Cluster] = []
        self.home: list[int] = []  # the cluster of each vector
        self._postings = list(shared.values())
        self._open: set[int] = set()
        self._closing: list[tuple[datetime, int]] = []  # a heap: when a cluster may be hidden

    def groups(self) -> list[list[int]]:
        """The members of each cluster that has any."""
        found: dict[int, list[int]] = {}
        for number, home in enumerate(self.home):
            found.setdefault(home, []).append(number)
        return list(found.values())

    def place(self, number: int, at: datetime) -> None:
        """Puts the next vector where it fits best."""
        self.home.append(-1)
        self._put(number, self._best(number), at)

    def reorder(self, times: Sequence[datetime], window: timedelta) -> int:
        """Asks every vector again, all clusters known; how many moved."""
        coming = self._hidden(times)
        moved = 0
        for number, at in enumerate(times):
            while coming and self.clusters[coming[-1]].first - window <= at:
                self._show(coming.pop())
            self.close_before(at - window)
            best = self._best(number)
            if best != self.home[number] and (best >= 0 or len(self.clusters[self.home[number]].members) > 1):
                self._take(number)
                self._put(number, best, at)
                moved += 1
        return moved

    def close_before(self, oldest: datetime) -> None:
        """Hides the clusters whose latest vector is older; the search does not see them."""
        while self._closing and self._closing[0][0] < oldest:
            number = heappop(self._closing)[1]
            if number in self._open and self.clusters[number].latest < oldest:
                self._open.discard(number)
                for member in self.clusters[number].members:
                    for postings in self.terms[member]:
                        postings.pop(number, None)

    def _best(self, number: int) -> int:
        """The cluster with the highest mean cosine to a vector, itself left out; -1 where none is near enough."""
        home = self.home[number]
        best, nearest = self.cosine - 2e-9, -1  # below it by more than ties are told by: just reached is reached
        for cluster, total in self._near(number).items():
            size = len(self.clusters[cluster].members)
            mean = total / size if cluster != home else (total - self.own[number]) / max(1, size - 1)
            if mean > best + 1e-9 or (abs(mean - best) <= 1e-9 and 0 <= cluster < nearest):
                best, nearest = mean, cluster
        return nearest

    def _near(self, number: int) -> dict[int, float]:
        """The sums of cosines to the members of each open cluster that came near by the heaviest terms."""
        terms, weights, head = self.terms[number], self.weights[number], self.heads[number]
        sums: dict[int, float] = {}
        get = sums.get
        for postings, weight in zip(terms[:head], weights, strict=False):
            for cluster, total in postings.items():
                sums[cluster] = get(cluster, 0.0) + weight * total
        clusters, least = self.clusters, FLOOR * self.cosine
        near = {found: total for found, total in sums.items() if total >= least * len(clusters[found].members)}
        for postings, weight in zip(terms[head:], weights[head:], strict=True) if near else ():
            for cluster in near:
                if cluster in postings:
                    near[cluster] += weight * postings[cluster]
        return near

    def _put(self, number: int, cluster: int, at: datetime) -> None:
        if cluster < 0:
            cluster = len(self.clusters)
            self.clusters.append(_Cluster(at))
        found = self.clusters[cluster]
        found.members.append(number)
        found.first, found.latest = min(found.first, at), max(found.latest, at)
        self.home[number] = cluster
        self._post(number, cluster)
        self._open.add(cluster)
        heappush(self._closing, (found.latest, cluster))

    def _take(self, number: int) -> None:
        cluster = self.home[number]
        self.clusters[cluster].members.remove(number)
        for postings, weight in zip(self.terms[number], self.weights[number], strict=True):
            left = postings[cluster] - weight
            if left > 1e-9:
                postings[cluster] = left
            else:
                del postings[cluster]

    def _post(self, number: int, cluster: int) -> None:
        for postings, weight in zip(self.terms[number], self.weights[number], strict=True):
            postings[cluster] = postings.get(cluster, 0.0) + weight

    def _hidden(self, times: Sequence[datetime]) -> list[int]:
        """Hides all; the clusters by their first time, the earliest last, with their times put right."""
        for postings in self._postings:
            postings.clear()
        self._open.clear()
        self._closing.clear()
        living = [number for number, cluster in enumerate(self.clusters) if cluster.members]
        for number in living:
            held = [times[member] for member in self.clusters[number].members]
            self.clusters[number].first, self.clusters[number].latest = min(held), max(held)
        return sorted(living, key=lambda number: (self.clusters[number].first, number), reverse=True)

    def _show(self, cluster: int) -> None:
        for member in self.clusters[cluster].members:
            self._post(member, cluster)
        self._open.add(cluster)
        heappush(self._closing, (self.clusters[cluster].latest, cluster))


def _head(weights: Sequence[float], own: float) -> int:
    """How many of the weights, heaviest first, make out the share of their squares' sum by which clusters are found."""
    enough = HEAD * own
    found = 0.0
    for place, weight in enumerate(weights):
        found += weight * weight
        if found >= enough:
            return place + 1
    return len(weights)
