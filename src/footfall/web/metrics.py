"""`/metrics`: what this server measured and what the store knows, for Prometheus, which shows a token of its own."""

import hmac
from http import HTTPStatus

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall import measures
from footfall.errors import NotAccepted
from footfall.web.answers import answering, refusal
from footfall.web.problems import problem

_HOW = "show what FOOTFALL_METRICS_TOKEN is as Authorization: Bearer"


class Metrics:
    """The page. It tells of all tenants: who has the token sees who sends how much."""

    def __init__(self, token: str, store: Collector) -> None:
        self._token = token
        self._registry = CollectorRegistry()
        self._registry.register(measures.collector())
        self._registry.register(store)

    def routes(self) -> list[Route]:
        """One address."""
        return [Route("/metrics", answering(self.page), methods=["GET"])]

    def page(self, request: Request) -> Response:
        """OpenMetrics where that is asked for, else Prometheus' own text; without the token ``metrics_token_wrong`` (401)."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token.encode()):
            refused = problem(NotAccepted("metrics_token_wrong", _HOW, HTTPStatus.UNAUTHORIZED), "REQUEST_ERROR")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refusal(refused)
        encoder, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encoder(self._registry), headers={"Content-Type": media_type, "Cache-Control": "no-store"})
