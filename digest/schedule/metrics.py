"""What Prometheus asks for: what this process did, and what stands in the database when it is asked."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from digest.model import Step
from digest.store.figures import Figures

_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800)
_REQUEST = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)
_LATENESS = (10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400)


class Metrics:
    """One process's meters. `ended` and `swept` feed them; `text` shows them."""

    def __init__(self, *, sweeps: bool = True) -> None:
        """`sweeps`: whether this process keeps the schedule: one that does not shows no pulse that stands still."""
        self._registry = CollectorRegistry()
        self._steps = Counter("digest_steps", "Steps that ended", ["step", "outcome"], registry=self._registry)
        self._seconds = Histogram(
            "digest_step_seconds", "How long steps took", ["step"], buckets=_SECONDS, registry=self._registry
        )
        self._sent = Counter("digest_sent", "Deliveries by what became of them", ["outcome"], registry=self._registry)
        self._provider = Histogram(
            "digest_provider_seconds", "Requests to it", ["provider"], buckets=_REQUEST, registry=self._registry
        )
        last = "From an issue's slot to the last message that was taken"
        self._late = Histogram(
            "digest_slot_to_last_accept_seconds", last, ["newsletter"], buckets=_LATENESS, registry=self._registry
        )
        swept, failures = "When the tables were last asked", "Parts of sweeps that failed since the start"
        shown = self._registry if sweeps else None
        self._swept = Gauge("digest_last_sweep_timestamp_seconds", swept, registry=shown)
        self._failures = Gauge("digest_sweep_failures", failures, registry=shown)

    def ended(self, step: Step, outcome: str, seconds: float) -> None:
        """A step ended: done, nothing, failed or broke."""
        self._steps.labels(step.name, outcome).inc()
        self._seconds.labels(step.name).observe(seconds)

    def answered(self, provider: str, seconds: float) -> None:
        """A request to the provider took so long, whatever came of it."""
        self._provider.labels(provider).observe(seconds)

    def settled(self, outcome: str, count: int) -> None:
        """So many deliveries came to be accepted, rejected, …"""
        self._sent.labels(outcome).inc(count)

    def finished(self, newsletter: str, seconds: float) -> None:
        """An issue left so long after its slot, to the last of its readers."""
        self._late.labels(newsletter).observe(seconds)

    def swept(self, at: datetime, failures: int) -> None:
        """A sweep ended; so many of its parts have failed since the start."""
        self._swept.set(at.timestamp())
        self._failures.set(failures)

    def text(self, found: Figures, now: datetime) -> str:
        """All of it in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(_Stand(found, now))
        return (generate_latest(self._registry) + generate_latest(registry)).decode()


class _Stand:
    """The figures of one moment, as a collector."""

    def __init__(self, found: Figures, now: datetime) -> None:
        self._found, self._now = found, now

    def collect(self) -> list[Metric]:
        """What the registry asks for."""
        found = self._found
        issues = GaugeMetricFamily("digest_issues", "Issues", labels=["newsletter", "state"])
        for labels, count in found.issues.items():
            issues.add_metric(labels, count)
        lag = GaugeMetricFamily("digest_slot_lag_seconds", "Age of a slot that is not made yet", labels=["newsletter"])
        for name in {name for name, _ in found.issues}:
            at = found.oldest_undone.get(name)
            lag.add_metric([name], max(0.0, (self._now - at).total_seconds()) if at else 0.0)
        failing = GaugeMetricFamily("digest_feed_errors", "Feeds whose last poll failed", value=found.failing_feeds)
        articles = GaugeMetricFamily("digest_articles", "Articles stored", value=found.articles)
        shut = GaugeMetricFamily("digest_circuit_open", "1: the provider does not answer", labels=["provider"])
        for name in found.open_circuits:
            shut.add_metric([name], 1)
        untold = GaugeMetricFamily("digest_notices_unsent", "Words that the owner has not got", value=found.untold)
        return [issues, lag, failing, articles, shut, untold, *self._by_state()]

    def _by_state(self) -> list[Metric]:
        named = {"batches": self._found.batches, "deliveries": self._found.deliveries, "feeds": self._found.feeds}
        families: list[Metric] = []
        for name, counts in named.items():
            family = GaugeMetricFamily(f"digest_{name}", name.capitalize(), labels=["state"])
            for state, count in counts.items():
                family.add_metric([state], count)
            families.append(family)
        return families
