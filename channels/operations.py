"""What monitoring asks: is it alive, is it ready, how much does it do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from channels.base import Service
from channels.base.reading import bears
from channels.base.refusals import http_error, json_response

#: The stretch of time that /metrics counts.
LATELY = timedelta(hours=24)


class Traffic(Collector):
    """What the channels received lately, read from the stored messages: the same whichever server process is asked."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        desk = self._service.desk
        received = GaugeMetricFamily("xiangyin_messages_24h", "Messages received in 24 hours", labels=["channel"])
        waiting = GaugeMetricFamily(
            "xiangyin_messages_unanswered_24h", "Of these, stored and not answered", labels=["channel"]
        )
        segments = GaugeMetricFamily(
            "xiangyin_sms_segments_24h", "Text messages that the answers cost", labels=["channel"]
        )
        for row in desk.store.traffic(desk.now() - LATELY):
            received.add_metric([row.channel], row.received)
            waiting.add_metric([row.channel], row.unanswered)
            segments.add_metric([row.channel], row.segments)
        ready = GaugeMetricFamily("xiangyin_ready", "1 if /readyz is content", value=not self._service.problems())
        speakers, limit = self._service.speakers, timedelta(minutes=self._service.settings.speaker_silent_minutes)
        all_speakers = GaugeMetricFamily("xiangyin_speakers", "Loudspeakers registered", value=len(speakers.all()))
        silent = GaugeMetricFamily(
            "xiangyin_speakers_silent", "Of these, not heard of lately", value=len(speakers.silent(desk.now(), limit))
        )
        yield from (received, waiting, segments, ready, all_speakers, silent)


class Sent(Collector):
    """What was put into the outbox lately, by channel and state, and what it costs as far as prices are known."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        labels = ["channel", "state"]
        messages = GaugeMetricFamily(
            "xiangyin_outbox_messages_24h", "Messages put into the outbox in 24 hours", labels=labels
        )
        segments = GaugeMetricFamily("xiangyin_outbox_segments_24h", "Parts that they are of", labels=labels)
        cost = GaugeMetricFamily("xiangyin_outbox_cost_yuan_24h", "What they cost, in yuan", labels=labels)
        uncertain = GaugeMetricFamily(
            "xiangyin_outbox_uncertain_24h", "Attempts of which nobody knows whether the gateway has it", labels=labels
        )
        for total in self._service.outbox.totals(self._service.desk.now() - LATELY):
            named = [total.channel, total.state]
            messages.add_metric(named, total.messages)
            segments.add_metric(named, total.segments)
            cost.add_metric(named, float(total.cost))
            uncertain.add_metric(named, total.uncertain)
        yield from (messages, segments, cost, uncertain)


def routes(service: Service) -> Blueprint:
    """`GET /healthz`, `/readyz`, `/metrics`."""
    blueprint = Blueprint("operations", __name__)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Traffic(service))
    registry.register(Sent(service))

    @blueprint.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """The process answers."""
        return Response("ok\n", mimetype="text/plain")

    @blueprint.get("/readyz")
    def readyz() -> ResponseReturnValue:
        """The database is reachable and migrated, the model is loaded; else 503 with what is missing."""
        problems = list(service.problems())
        return json_response({"ready": not problems, "problems": problems}, 503 if problems else 200)

    @blueprint.get("/metrics")
    def metrics() -> ResponseReturnValue:
        """Prometheus text, for who bears XIANGYIN_METRICS_TOKEN."""
        if not bears(service.settings.metrics_token):
            raise http_error(403)
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return blueprint
