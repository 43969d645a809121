"""The part of the scenario language that asyncio has in this form since Python 3.13: locks, events, semaphores, conditions, barriers, queues, limits of time and groups."""
import asyncio
import contextlib
import sys

if sys.version_info >= (3, 13):
    import modern


class Missing(Exception):
    """A slot is empty or holds something of another kind: the statement is left out, and says so."""


def show_time(seconds):
    return "null" if seconds is None else f"{seconds:.3f}".rstrip("0").rstrip(".")


class Primitives:
    """What Run does with these nodes."""

    adjust = False

    def adjusted(self, primitive):
        primitive.run = self
        return primitive

    def primitive(self, x):
        """The object that an expression makes."""
        kind, adjust = x["x"], self.adjust
        if kind == "lock":
            return asyncio.Lock()
        if kind == "event":
            return asyncio.Event()
        if kind == "semaphore":
            return asyncio.Semaphore(x["n"])
        if kind == "condition":
            return self.adjusted(modern.Condition()) if adjust else asyncio.Condition()
        if kind == "barrier":
            return modern.Barrier(self, x["n"]) if adjust else asyncio.Barrier(x["n"])
        queue = asyncio.LifoQueue if x.get("lifo") else asyncio.Queue
        return self.adjusted(modern.in_line(queue)(x.get("n", 0))) if adjust else queue(x.get("n", 0))

    def held(self, slot, *kinds):
        """What a slot holds, if it is of one of these kinds."""
        thing = self.slots.get(slot)
        if isinstance(thing, kinds):
            return thing
        raise Missing

    def operation(self, x):
        """The coroutine of an operation that may have to wait."""
        kind, of = x["x"], x["of"]
        if kind == "acquire":
            return self.without_value(self.held(of, asyncio.Lock, asyncio.Semaphore, asyncio.Condition).acquire)
        if kind == "wait_at":
            thing = self.held(of, asyncio.Event, asyncio.Condition, asyncio.Barrier)
            return thing.wait() if isinstance(thing, asyncio.Barrier) else self.without_value(thing.wait)
        queue = self.held(of, asyncio.Queue)
        return queue.get() if kind == "get" else queue.put(x["v"]) if kind == "put" else queue.join()

    async def without_value(self, operation):
        await operation()

    async def scoped(self, frame, s):
        """A block in an 'async with'."""
        op = s["op"]
        if op == "with":
            try:
                scope = self.held(s["of"], asyncio.Lock, asyncio.Semaphore, asyncio.Condition)
            except Missing:
                self.emit(frame, f"with {s['of']} n/a")
                return None
            text = f"with {s['of']}"
        elif op == "limit":
            scope = self.adjusted(modern.Limit(self.due(s["t"]))) if self.adjust else asyncio.timeout(s["t"])
            text = f"limit {show_time(s['t'])}"
        else:
            scope = self.adjusted(modern.Group()) if self.adjust else asyncio.TaskGroup()
            text = "group"
        if "slot" in s:
            self.name(s["slot"], scope)
        self.emit(frame, text)
        async with scope:
            if op == "with":
                self.emit(frame, f"in {s['of']}")
            signal = await self.block(frame, s["do"])
        self.emit(frame, f"left {text}")
        return signal

    def due(self, seconds):
        return None if seconds is None else self.loop.time() + seconds

    def spawn_in(self, slot, coroutine, options):
        return self.held(slot, asyncio.TaskGroup).create_task(coroutine, **options)

    def tried(self, operation):
        try:
            return operation() or "ok"
        except (RuntimeError, ValueError):
            return "! Runtime"
        except (asyncio.QueueEmpty, asyncio.QueueFull, asyncio.QueueShutDown) as e:
            return f"! {type(e).__name__}"

    def do_release(self, frame, s):
        return self.tried(self.held(s["of"], asyncio.Lock, asyncio.Semaphore, asyncio.Condition).release)

    def do_set(self, frame, s):
        return self.tried(self.held(s["of"], asyncio.Event).set)

    def do_clear(self, frame, s):
        return self.tried(self.held(s["of"], asyncio.Event).clear)

    def do_notify(self, frame, s):
        condition = self.held(s["of"], asyncio.Condition)
        return self.tried(lambda: condition.notify(s["n"]) if "n" in s else condition.notify_all())

    def do_put_nowait(self, frame, s):
        queue = self.held(s["of"], asyncio.Queue)
        return self.tried(lambda: queue.put_nowait(s["v"]))

    def do_get_nowait(self, frame, s):
        queue = self.held(s["of"], asyncio.Queue)
        return self.tried(lambda: f"= {'null' if (item := queue.get_nowait()) is None else item}")

    def do_task_done(self, frame, s):
        return self.tried(self.held(s["of"], asyncio.Queue).task_done)

    def do_shutdown(self, frame, s):
        return self.tried(lambda queue=self.held(s["of"], asyncio.Queue): queue.shutdown(bool(s.get("now"))))

    def do_reset(self, frame, s):
        return self.finished(self.held(s["of"], asyncio.Barrier).reset())

    def do_abort(self, frame, s):
        return self.finished(self.held(s["of"], asyncio.Barrier).abort())

    def finished(self, coroutine):
        """They have to be awaited in CPython, and never wait: nobody holds a barrier's lock while others run."""
        with contextlib.suppress(StopIteration):
            coroutine.send(None)
            raise AssertionError("it waits")
        return "ok"

    def do_reschedule(self, frame, s):
        limit = self.held(s["of"], asyncio.Timeout)
        return self.tried(lambda: limit.reschedule(s["s"]))

    def do_look(self, frame, s):
        thing = self.held(s["of"], asyncio.Lock, asyncio.Semaphore, asyncio.Condition, asyncio.Event, asyncio.Queue, asyncio.Barrier, asyncio.Timeout)
        if isinstance(thing, asyncio.Event):
            return "set" if thing.is_set() else "unset"
        if isinstance(thing, asyncio.Queue):
            return f"{thing.qsize()} {'empty ' if thing.empty() else ''}{'full' if thing.full() else ''}".strip()
        if isinstance(thing, asyncio.Barrier):
            return "broken" if thing.broken else str(thing.n_waiting)
        if isinstance(thing, asyncio.Timeout):
            return f"{show_time(thing.when())} {'expired' if thing.expired() else 'running'}"
        return "locked" if thing.locked() else "free"
