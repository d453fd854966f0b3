"""A stand-in for the job interface of Ray's dashboard, on loopback, that fails on demand."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import ray
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def describe_job(id_: str, *, status: str = "RUNNING", **metadata: str) -> dict[str, Any]:
    """Describe a job as the dashboard does."""
    return {
        "type": "SUBMISSION",
        "submission_id": id_,
        "status": status,
        "entrypoint": "python -m featray",
        "metadata": metadata,
    }


def describe_submit(id_: str, *, status: str = "RUNNING") -> dict[str, Any]:
    """Describe a describe_submit submit."""
    return describe_job(id_, status=status, featray_sweep="s", featray_store="/r")


class Dashboard:
    """Serves while its context is open; `url` is its address."""

    def __init__(self, *jobs: dict[str, Any], stops: bool = True) -> None:
        """Hold these jobs; with `stops` false, a job that is asked to stop goes on."""
        self.jobs = {job["submission_id"]: job for job in jobs}
        self.stops = stops
        self.stopped: list[str] = []
        self.token: str | None = None  # required of every caller
        self.answer: tuple[int, str] | None = None  # status and text that every call gets instead
        self.silent = False  # accepts calls and never answers
        self.parts: list[str] = []  # what a log stream sends before it breaks
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Dashboard":
        """Start."""
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, at: TracebackType | None) -> None:
        """Stop, also in the middle of a call."""
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def close(self) -> None:
        """Stop serving, as if the head were gone."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)

    async def _start(self) -> str:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        app = web.Application(middlewares=[guard])
        app.router.add_get("/api/version", self._version)
        app.router.add_get("/api/jobs/", self._list)
        app.router.add_get("/api/jobs/{id}", self._one)
        app.router.add_get("/api/jobs/{id}/logs", self._log)
        app.router.add_get("/api/jobs/{id}/logs/tail", self._tail)
        app.router.add_post("/api/jobs/{id}/stop", self._stop)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.silent:
            await asyncio.sleep(60)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            known = "Authorization" in request.headers
            return web.Response(status=403 if known else 401, text="Forbidden")
        if self.answer is not None:
            return web.Response(status=self.answer[0], text=self.answer[1])
        if (id_ := request.match_info.get("id")) is not None and id_ not in self.jobs:
            return web.Response(status=404, text=f"Job {id_} does not exist")
        return await handler(request)

    async def _version(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"version": "4", "ray_version": ray.__version__, "ray_commit": "", "session_name": ""})

    async def _list(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(list(self.jobs.values()))

    async def _one(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.jobs[request.match_info["id"]])

    async def _log(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"logs": "".join(self.parts)})

    async def _tail(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for part in self.parts:
            await socket.send_str(part)
        if self.jobs[request.match_info["id"]]["status"] == "RUNNING":  # it breaks off without closing the connection
            assert request.transport is not None
            request.transport.abort()
        else:
            await socket.close()
        return socket

    async def _stop(self, request: web.Request) -> web.StreamResponse:
        id_ = request.match_info["id"]
        self.stopped.append(id_)
        if self.stops:
            self.jobs[id_]["status"] = "STOPPED"
        return web.json_response({"stopped": True})
