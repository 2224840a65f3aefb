"""The questions over HTTP: the plan's report, the reports of docs/ask/reports.md, and the live stream of events."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec
import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from footfall import api
from footfall.api import export
from footfall.database import Connection, limit_statements
from footfall.errors import NotAccepted
from footfall.settings import Settings
from footfall.web import guests
from footfall.web.answers import json_response, refusal, reply_response
from footfall.web.callers import Callers, Reader
from footfall.web.problems import problem
from footfall.web.question_times import QuestionTimes
from footfall.web.readers import Answer, Readers

ERROR_CODE = "ANALYTICS_ERROR"
_MAX_QUESTION_BYTES = 65_536
# they tell what single visitors did; likewise whatever asks for a property: a tenant may keep a customer's number in one
_OF_INDIVIDUALS = frozenset({"bots", "events", "properties", "sessions", "session", "visitor", "realtime"})
_MEDIA_TYPES: dict[export.Format, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_YES = ("1", "true")
# of a query string: what is no part of the question
_ABOUT_THE_ANSWER = frozenset({"key", "tenant", "share", "explain", "bom"})
_LISTS = frozenset({"steps"})  # keys that a query string may repeat
_MOST_QUESTIONS = 20
_POLL_SECONDS = 1.0
_POLLS = 10  # of one stream
_RETRY_MILLISECONDS = 250
_PIECE_BYTES = 65_536


class Analytics:
    """Answers questions, each as the reader of one tenant."""

    def __init__(self, callers: Callers, readers: Readers, settings: Settings) -> None:
        self._callers = callers
        self._readers = readers
        self._seconds = settings.query_seconds
        self._times = QuestionTimes(settings.slow_question)

    def routes(self) -> list[Route]:
        """The plan's address first."""
        return [
            Route("/api/tracking/analytics", self.track_analytics),
            Route("/api/analytics/realtime/stream", self.stream),
            Route("/api/analytics/many", self.many, methods=["POST"]),
            Route("/api/analytics/{report}.{form}", self.file),
            Route("/api/analytics/{report}", self.report, methods=["GET", "POST"]),
        ]

    async def track_analytics(self, request: Request) -> Response:
        """The plan's report."""
        try:
            # it lists items, however few looked at them: not for guests
            reader = await run_in_threadpool(self._callers.reads, request, individuals=True)
            question = _asked(request)
            reply = await self._answer(reader, "track_analytics", lambda connection: api.track_analytics(connection, question))
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return refusal(problem(error, ERROR_CODE))
        return reply_response(reply)

    async def report(self, request: Request) -> Response:
        """One of `api.REPORTS`: the question is the query string, or a JSON object."""
        try:
            question = await _sent_question(request) if request.method == "POST" else _asked(request)
            return reply_response(await self._reply(request, request.path_params["report"], question))
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return refusal(problem(error, ERROR_CODE))

    async def many(self, request: Request) -> Response:
        """Several questions, `[{"report": …, …}, …]`, answered in their order, of one moment: what a page asks for at once."""
        try:
            asked = [(question.pop("report"), question) for question in _questions(await _sent(request))]
            reader = await run_in_threadpool(self._reader, request, *asked)
            replies = await self._readers.answer(reader, partial(_answers, reader, asked, self._seconds, self._times))
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return refusal(problem(error, ERROR_CODE))
        return json_response({"success": True, "message": "Answers", "data": replies})

    async def _reply(self, request: Request, report: str, question: dict[str, Any]) -> dict[str, Any]:
        is_explained = request.query_params.get("explain", "") in _YES
        if is_explained:
            await run_in_threadpool(self._callers.explains, request)
        reader = await run_in_threadpool(self._reader, request, (report, question))
        _require_report(report)
        if reader.is_guest:
            return await self._answer(reader, report, lambda connection: guests.answer(connection, report, question))
        return await self._answer(
            reader, report, lambda connection: api.answer(connection, report, question, is_explained=is_explained)
        )

    async def file(self, request: Request) -> Response:
        """A report's rows as a file, for download: `.csv`, `.jsonl`, `.parquet`."""
        report, form = request.path_params["report"], request.path_params["form"]
        try:
            form = _known_form(form)
            question = _asked(request)
            has_bom = request.query_params.get("bom", "") in _YES
            reader = await run_in_threadpool(self._reader, request, (report, question))
            _require_report(report)
            rows_of = guests.report_rows if reader.is_guest else export.report_rows
            rows = await self._answer(reader, report, lambda connection: rows_of(connection, report, question))
            await run_in_threadpool(self._callers.note_download, reader, f"{report}.{form}", len(rows))
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return refusal(problem(error, ERROR_CODE))
        file = await run_in_threadpool(_written, rows, form, has_bom=has_bom)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{reader.tenant_id}-{report}.{form}"',
            "X-Footfall-Rows": str(len(rows)),
        }
        return StreamingResponse(_pieces(file), headers=headers, media_type=_MEDIA_TYPES[form])

    async def stream(self, request: Request) -> Response:
        """Events as they are loaded, as server-sent events; `?key=` is for EventSource, which can set no header.

        A stream ends after a few seconds, and the client comes again by itself, naming the last event it got: nothing is told
        twice, nothing left out (but of more than 200 in a second the latest are told), and a server that is told to stop has no
        stream to wait for.
        """
        try:
            reader = await run_in_threadpool(self._reader, request, ("events", {}))
            last = request.headers.get("last-event-id")
            upto = _moment(last) if last else (await self._live(reader, None))[1]
        except Exception as error:  # noqa: BLE001  whatever happens, the caller gets an answer
            return refusal(problem(error, ERROR_CODE))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(reader, upto), HTTPStatus.OK, headers, "text/event-stream")

    async def _events(self, reader: Reader, upto: datetime) -> AsyncIterator[bytes]:
        yield f"retry: {_RETRY_MILLISECONDS}\nid: {upto.isoformat()}\n\n".encode()
        for _ in range(_POLLS):
            await asyncio.sleep(_POLL_SECONDS)
            try:
                events, upto = await self._live(reader, upto)
            except NotAccepted:
                return  # no turn: the client comes again, and gets what it has not got
            for event in events:
                yield b"event: event\ndata: " + msgspec.json.encode(event) + b"\n\n"
            # when these have been told, not before: a client that loses the stream among them gets them again
            yield f"id: {upto.isoformat()}\n\n".encode()

    def _reader(self, request: Request, *asked: tuple[str, dict[str, Any]]) -> Reader:
        """Whose answers, if who asks may see these reports to these questions."""
        individuals = any(report in _OF_INDIVIDUALS or _asks_for_property(question) for report, question in asked)
        return self._callers.reads(request, individuals=individuals)

    async def _answer(self, reader: Reader, report: str, work: Callable[[Connection], Answer]) -> Answer:
        """What a question to the store is answered, and how long that took, without the wait for a turn."""

        def timed(connection: Connection) -> Answer:
            with self._times.of(report, reader.tenant_id):
                return work(connection)

        return await self._readers.answer(reader, timed)

    async def _live(self, reader: Reader, upto: datetime | None) -> tuple[list[dict[str, Any]], datetime]:
        return await self._readers.answer(reader, lambda connection: api.live_events(connection, upto))


def _answers(
    reader: Reader, asked: list[tuple[str, dict[str, Any]]], seconds: float, times: QuestionTimes, connection: Connection
) -> list[dict[str, Any]]:
    """The replies to several questions, all in so many seconds."""
    end = time.monotonic() + seconds
    replies = []
    for report, question in asked:
        limit_statements(connection, end - time.monotonic())
        with times.of(report, reader.tenant_id):
            replies.append(_one_of_many(connection, report, question, is_guest=reader.is_guest))
    return replies


def _written(rows: list[dict[str, Any]], form: export.Format, *, has_bom: bool) -> BinaryIO:
    """A file of these rows."""
    with TemporaryDirectory(prefix="footfall-") as folder:
        path = Path(folder) / "rows"
        export.write(path, form, export.columns_of(rows), rows, has_bom=has_bom)
        return path.open("rb")  # open, it outlives its name until it has been sent


def _one_of_many(connection: Connection, report: str, question: dict[str, Any], *, is_guest: bool) -> dict[str, Any]:
    """The reply to one question; what fails takes no other with it, but for the time that all of them have."""
    try:
        with connection.transaction():
            return (guests.answer if is_guest else api.answer)(connection, report, question)
    except psycopg.errors.QueryCanceled:
        raise
    except (psycopg.Error, NotAccepted) as error:
        return problem(error, ERROR_CODE).body


def _asks_for_property(question: dict[str, Any]) -> bool:
    """Whether a property of events is named anywhere."""
    return "property:" in msgspec.json.encode(question).decode()


def _require_report(report: str) -> None:
    """Raises NotAccepted: ``report_unknown``."""
    if report not in api.REPORTS:
        raise NotAccepted("report_unknown", f"there are: {', '.join(api.REPORTS)}", HTTPStatus.NOT_FOUND)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _known_form(form: str) -> export.Format:
    """A form of files. Raises NotAccepted: ``format_unknown``."""
    for known in export.FORMATS:
        if form == known:
            return known
    raise NotAccepted("format_unknown", f"there are: {', '.join(export.FORMATS)}", HTTPStatus.NOT_FOUND)


def _asked(request: Request) -> dict[str, Any]:
    """The question in a query string, without the key that was shown in it."""
    # PostgreSQL knows no NUL: as another character it is what it is, no date
    pairs = [(name, value.replace("\0", "\ufffd")) for name, value in request.query_params.multi_items() if "\0" not in name]
    question: dict[str, Any] = {name: value for name, value in pairs if name not in _LISTS | _ABOUT_THE_ANSWER}
    return question | {
        name: [value for other, value in pairs if other == name] for name in _LISTS if any(name == other for other, _ in pairs)
    }


def _questions(text: str) -> list[dict[str, Any]]:
    """Several questions, each with its report. Raises NotAccepted: ``questions_invalid``."""
    try:
        questions = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.ValidationError as error:
        raise NotAccepted("questions_invalid", f"a list of questions is needed: {error}") from error
    if len(questions) > _MOST_QUESTIONS or any(str(question.get("report")) not in api.REPORTS for question in questions):
        reports = ", ".join(api.REPORTS)
        raise NotAccepted("questions_invalid", f"at most {_MOST_QUESTIONS} questions, each with its report: {reports}")
    return questions


def _moment(last_event_id: str) -> datetime:
    """The load date that a client names as its last event. Raises NotAccepted: ``moment_invalid``."""
    try:
        return datetime.fromisoformat(last_event_id)
    except ValueError as error:
        raise NotAccepted("moment_invalid", "Last-Event-ID is an id that this stream gave") from error


async def _sent_question(request: Request) -> dict[str, Any]:
    """The question in a body. Raises NotAccepted: ``question_invalid``."""
    question = msgspec.json.decode(await _sent(request))
    if not isinstance(question, dict):
        raise NotAccepted("question_invalid", "the question is not a JSON object")
    return question


async def _sent(request: Request) -> str:
    """The JSON in a body, as text that PostgreSQL can hold."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_QUESTION_BYTES:
            raise NotAccepted(
                "body_too_large", f"a question has at most {_MAX_QUESTION_BYTES} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
    try:
        msgspec.json.decode(body)
        return body.decode().replace("\\u0000", "\\ufffd")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAccepted("body_not_json", f"the body is not JSON: {error}") from error
