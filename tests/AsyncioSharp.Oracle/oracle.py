"""Runs scenarios on CPython's asyncio and writes what happened. The language and the trace are described in docs/oracle.md.

Input: one scenario (JSON) a line on stdin. Output: one JSON object a line, in the same order:
  trace     what stock asyncio did
  adjusted  what asyncio does when it makes the choices of section 20 of docs/semantics.md, if that is another trace
  fired     the rules that made the difference; docs/oracle.md has the table
  seen      where only the latency of wait_for is another one (C-07): whether it changed more than the order of lines of different tasks

Standard library only; CPython 3.9 and later. In every run timers with equal deadlines fire in order of registration (TIM-02), and sets of
futures are walked in order of insertion (C-39), because CPython leaves both open.
"""
import asyncio
import contextvars
import gc
import inspect
import json
import re
import sys
import warnings

from primitives import Missing, Primitives, show_time

VERSION = sys.version_info[:2]
WATCHDOG = (1000, 2000, 3000)  # what is still pending then is cancelled
END = 4000
MOST_CALLS = 8  # of a done callback, which may add itself again; later ones do nothing


class Boom(Exception):
    """The scenario's own error."""


# ---- What CPython leaves open ------------------------------------------------------------------------------------------


class OrderedTimer(asyncio.TimerHandle):
    registered = 0

    def __init__(self, *args):
        super().__init__(*args)
        OrderedTimer.registered += 1
        self.order = OrderedTimer.registered

    def __lt__(self, other):
        return (self._when, self.order) < (other._when, other.order)


class OrderedSet(set):
    def __init__(self, items=()):
        items = list(dict.fromkeys(items))
        super().__init__(items)
        self.items = items

    def __iter__(self):
        # Only sets that were built at once are walked in order; one that is changed later is walked as any set.
        return iter(self.items) if len(self.items) == len(self) else super().__iter__()


async def ordered_wait(futures, *rest, wait=asyncio.tasks._wait):
    return await wait(OrderedSet(sorted(futures, key=lambda future: Run.waiting.index(future) if future in Run.waiting else -1)), *rest)


asyncio.events.TimerHandle = OrderedTimer
asyncio.tasks.set = OrderedSet
asyncio.tasks._wait = ordered_wait


# ---- The choices of section 20, for a run that is 'adjusted' -----------------------------------------------------------
# Each is written from its rule, makes the difference only where the rule says so, and tells run.fired when it did.


class Task(asyncio.tasks._PyTask):
    """
    C-01: whoever retrieves a cancellation gets its message. C-27: requests are counted and can be taken back. RING: a request that comes back to
    its task is thrown there. SELF: a task that awaited itself can be awaited by others.
    """
    run = None
    kept = None      # the exception that ended the task
    message = None
    requests = 0
    begins = None    # the rule by which it begins before a request reaches it: it was made by wait_for, or is cancelled by its group
    stepped = False  # it has taken its first step
    late = False     # such a request is on its way
    passing = False  # a request is on its way to what the task waits for
    must = False     # a request is remembered
    yields = False   # it came too late for an outcome that only this task could take: it does not end the task

    def __await__(self):
        if self._asyncio_future_blocking and not self.done():
            # The task has awaited itself, and the mark that it is awaited has stayed: CPython's C code refuses everybody else then.
            self.run.fired.add("SELF")
        return super().__await__()

    @property
    def _must_cancel(self):
        return self.must and not (self.yields and inspect.getcoroutinestate(self._coro) == inspect.CORO_CLOSED)

    @_must_cancel.setter
    def _must_cancel(self, must):
        self.must = must
        self.yields = False

    def yield_to_outcome(self):
        self._must_cancel = True
        self.yields = True

    def _Task__step(self, exc=None):
        if not self.stepped:
            self.stepped = True
            self.begins = None
            if inspect.getcoroutinestate(self._coro) == inspect.CORO_SUSPENDED:
                self.run.fired.add("CORO-02")  # stock asyncio would have two tasks step one coroutine
                asyncio.futures._PyFuture.set_exception(self, RuntimeError("coroutine is being awaited already"))
                return
        super()._Task__step(exc)

    def _make_cancelled_error(self):
        first = self._cancelled_exc
        if first is not None:
            self._cancelled_exc = None
            self.kept = first
        if self.kept is None:
            return super()._make_cancelled_error()
        if self.kept.args and (first is None or VERSION < (3, 11)):
            self.run.fired.add("C-01")
        return self.kept

    @property
    def _cancel_message(self):
        error = self._cancelled_exc or self.kept
        if self.cancelled() and error is not None and error.args:
            self.run.fired.add("C-01")
            return error.args[0]
        return self.message

    @_cancel_message.setter
    def _cancel_message(self, message):
        self.message = message

    def cancel(self, msg=None):
        if self.done():
            return super().cancel(msg)
        if self.passing:
            self.break_ring(msg)
            return True
        self.requests += 1
        if self.begins:
            if VERSION >= (3, 12):
                self.run.fired.add(self.begins)
            self.late = True
            self.message = msg
            self.run.loop.call_soon(self.cancel_late, msg)
            return True
        return self.request(msg)

    def cancel_late(self, msg):
        if not self.done():  # else its first step was its last: the request is left to the caller of wait_for
            self.late = False
            if self.requests:
                self.request(msg)

    def owes(self):
        """It has ended with an outcome that had precedence over a request, or before one that waited for its first step."""
        return self.done() and not self.cancelled() and (self.must and self.yields or self.late and self.requests > 0)

    def request(self, msg):
        self.passing = True
        try:
            return super().cancel(msg)
        finally:
            self.passing = False

    def break_ring(self, msg):
        self.run.fired.add("RING")
        if self._fut_waiter is not None and self._fut_waiter.remove_done_callback(self._Task__wakeup):
            self._fut_waiter.add_done_callback(dismiss)
            self._fut_waiter = None
            error = asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg)
            self.run.loop.call_soon(self._Task__step, error, context=self._context)

    def settled(self):
        """Requests that have been delivered."""
        return 0 if self.late else self.requests - self._must_cancel

    def cancelling(self):
        if VERSION < (3, 11):
            self.run.fired.add("C-27")
        return self.requests

    def uncancel(self):
        if VERSION < (3, 11):
            self.run.fired.add("C-27")
        if self.requests:
            self.requests -= 1
            if self.requests == 0:
                if VERSION < (3, 13) and self._must_cancel:
                    self.run.fired.add("C-27")
                self._must_cancel = False
        return self.requests


def dismiss(future):
    """What comes where a ring was broken is the request, which has been told."""
    if not future.cancelled() and isinstance(future._exception, asyncio.CancelledError):
        future.exception()


def gather(run, children, outcomes):
    """C-08: children that are done already are looked at in the call."""
    ready = run.loop._ready
    before = len(ready)
    future = asyncio.gather(*children, return_exceptions=outcomes)
    if VERSION < (3, 12):
        for handle in list(ready)[before:]:
            if getattr(handle._callback, "__qualname__", "").endswith("gather.<locals>._done_callback"):
                run.fired.add("C-08")
                ready.remove(handle)
                handle._run()
    return future


class Completions:
    """as_completed. C-15: it starts at the call and can be iterated over with 'async for'. C-39: in order of arguments."""

    def __init__(self, run, children, timeout):
        self.run = run
        self.todo = list(dict.fromkeys(asyncio.ensure_future(child) for child in dict.fromkeys(children)))
        self.left = len(self.todo)
        self.queue = asyncio.Queue()
        self.timer = None
        if VERSION < (3, 13):
            run.fired.add("C-15")
        if sum(future.done() for future in self.todo) > 1:
            run.fired.add("C-39")
        for future in self.todo:
            future.add_done_callback(self.completed)
        if self.todo and timeout is not None:
            self.timer = run.loop.call_later(timeout, self.expired)

    def completed(self, future):
        if future in self.todo:
            self.todo.remove(future)
            self.queue.put_nowait(future)
            if not self.todo and self.timer is not None:
                self.timer.cancel()

    def expired(self):
        for future in self.todo:
            future.remove_done_callback(self.completed)
            self.queue.put_nowait(None)
        self.todo.clear()

    def __iter__(self):
        return self

    def __aiter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        return self.result()

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return await self.take()

    async def take(self):
        future = await self.queue.get()
        if future is None:
            raise asyncio.TimeoutError
        return future

    async def result(self):
        return (await self.take()).result()


async def wait_for(run, awaitable, timeout):
    """C-02 to C-07: a coroutine becomes a task, which is awaited directly; the timer queues a look for the next iteration. What that task has ended with is told, and a
    request that came when it had ended stays remembered."""
    if timeout is None:
        return await awaitable
    async def begin(coroutine):
        asyncio.current_task().begins = None
        return await coroutine

    run.fired.add("C-04" if inspect.iscoroutine(awaitable) and timeout > 0 and VERSION >= (3, 12) else "C-07")
    if awaitable is asyncio.current_task() and VERSION < (3, 12):
        run.fired.add("C-40")  # stock asyncio runs into the timeout, and cancels itself
    inner = asyncio.ensure_future(begin(awaitable) if inspect.iscoroutine(awaitable) and timeout > 0 else awaitable)
    waiter = asyncio.current_task()
    requests = waiter.settled()
    asked = over = False
    thrown = None

    def look(waited):
        nonlocal asked
        if not over:
            if VERSION >= (3, 12) and (inner.done() or waited is not getattr(inner, "_fut_waiter", None)):
                run.fired.add("C-03")
            if not inner.done():
                asked = inner.cancel()

    def due():
        if not over:
            if VERSION >= (3, 12) and inner.done():
                run.fired.add("C-03")  # the caller runs before the look does
            run.loop.call_soon(look, getattr(inner, "_fut_waiter", None))

    timer = None
    if inner is not awaitable:
        inner.begins = "C-04" if timeout > 0 and not (waiter.must and waiter.yields) else None
    if not inner.done():
        if timeout <= 0:
            asked = inner.cancel()
        else:
            timer = run.loop.call_later(timeout, due)
    try:
        if asked and inner.done():
            await asyncio.sleep(0)
        return await inner
    except asyncio.CancelledError as e:
        thrown = e
        if inner is not awaitable and inner.done() and not inner.cancelled():
            run.fired.add("C-02")  # the caller's, too late
            waiter.yield_to_outcome()
            return inner.result()
        if asked and waiter.requests <= requests:
            raise asyncio.TimeoutError from e
        raise
    finally:
        over = True
        if timer is not None:
            timer.cancel()
        if waiter.requests > requests and (VERSION < (3, 12) or timeout <= 0):
            # The caller was cancelled. In 3.9 a result that was there already was returned, any other outcome was lost, and a request that came
            # while the inner future was cleaning up did not reach it; the last also in 3.13 with a timeout of zero and less.
            run.fired.add("C-06" if timeout <= 0 or waiter.requests > requests + 1 else "C-02" if thrown else "C-05")
        if inner is not awaitable and waiter.requests > requests and inner.owes():
            waiter.message = inner.message  # passed on to the inner task, and too late there
            waiter.yield_to_outcome()


# ---- Texts -------------------------------------------------------------------------------------------------------------


def show_error(e):
    """The kind, with what tells library errors of a kind apart, and the cause."""
    return show_kind(e) if e.__cause__ is None else f"{show_kind(e)}<-{show_error(e.__cause__)}"


def show_kind(e):
    if VERSION >= (3, 11) and isinstance(e, BaseExceptionGroup):
        return f"Group[{', '.join(map(show_error, e.exceptions))}]"
    if VERSION >= (3, 11) and isinstance(e, asyncio.BrokenBarrierError):
        return "BrokenBarrier"
    if isinstance(e, asyncio.CancelledError):
        return f"Cancelled({e.args[0]})" if e.args and e.args[0] not in (None, "") else "Cancelled"
    if isinstance(e, Boom):
        return f"Boom({e.args[0]})"
    if isinstance(e, asyncio.TimeoutError):
        return "Timeout"
    if isinstance(e, asyncio.InvalidStateError):
        return "InvalidState(result)" if "Result is not" in str(e) else "InvalidState(exception)" if "Exception is not" in str(e) else "InvalidState(done)"
    if isinstance(e, RecursionError):
        return "Recursion"
    if isinstance(e, RuntimeError):
        for part, name in (("reuse already awaited", "reuse"), ("being awaited already", "busy"), ("await on itself", "itself"),
                           ("already been used", "used"), ("already executing", "busy")):
            if part in str(e):
                return f"Runtime({name})"
        return "Runtime"
    if isinstance(e, ValueError):
        return "Runtime(busy)" if "already executing" in str(e) else "Value"  # a coroutine that awaits itself, in 3.9
    if isinstance(e, TypeError):
        return "Type"
    return type(e).__name__


def show(value):
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, BaseException):
        return "!" + show_error(value)
    return str(value)


def show_expression(x, nested=False):
    """One word, which tells the operands too, so that a line of the trace names the node that it is about; the simplest kinds are two words."""
    if isinstance(x, str):
        return x
    kind = x["x"]
    space = ":" if nested else " "
    if kind == "call":
        return f"call{space}{x['id']}"
    if kind == "sleep":
        return f"sleep{space}{show_time(x['s'])}"
    if kind == "next":
        return f"next{space}{x['of']}"
    if kind in ("future", "context", "lock", "event", "condition"):
        return kind
    if kind in ("semaphore", "barrier", "queue"):
        return f"{kind}({x.get('n', 0)}{',lifo' if x.get('lifo') else ''})"
    operands = [show_expression(child, True) for child in (x["of"] if isinstance(x["of"], list) else [x["of"]])]
    for field in ("v", "t", "mode", "outcomes", "context", "group"):
        if field in x:
            operands.append(f"{field}={show_time(x[field]) if field == 't' else show(x[field])}")
    return f"{kind}({','.join(operands)})"


def show_state(future):
    return "cancelled" if future.cancelled() else "done" if future.done() else "pending"


# ---- The loop ----------------------------------------------------------------------------------------------------------


class VirtualLoop(asyncio.BaseEventLoop):
    """Time stands still while there is anything to do, and jumps to the next timer when there is not."""

    def __init__(self, run, adjust):
        super().__init__()
        self.now = 0.0
        self.run, self.adjust = run, adjust
        self._selector = self
        self.moments = []
        self._clock_resolution = 1e-9

    def time(self):
        return self.now

    def select(self, timeout):
        if timeout:
            self.now += timeout
            self.moments.append(self.now)
        return []

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass

    def create_task(self, coro, **options):
        if not self.adjust:
            return super().create_task(coro, **options)
        task = Task(coro, loop=self, **options)
        task.run = self.run
        return task

    def spawn(self, coro, context=None, **options):
        if context is None:
            return asyncio.create_task(coro, **options)
        if VERSION >= (3, 11):
            return asyncio.create_task(coro, context=context, **options)
        task = asyncio.create_task(coro, **options)
        if self.adjust:
            # C-34: a task may be given its context.
            self.run.fired.add("C-34")
            task._context = self._ready[-1]._context = context
        return task


TASKS = (asyncio.Task, asyncio.tasks._PyTask)


class Frame:
    """Whose line of the trace it is: a coroutine's or a callback's id."""

    def __init__(self, id):
        self.id = id


VARIABLES = {}


class Run(Primitives):
    waiting = []  # what the wait that is about to begin was given, in order

    def __init__(self, adjust, stock_wait_for=False):
        self.adjust, self.stock_wait_for = adjust, stock_wait_for
        self.lines, self.reports, self.fired = [], [], set()
        self.slots, self.labels, self.kept, self.callbacks, self.tokens = {}, {}, [], {}, {}
        self.void = []      # awaitables and iterators without values
        self.used = []      # tokens that reset a variable in another context
        self.plain = set()  # ids of futures that the scenario may complete
        self.over = False

    # -- trace

    def emit(self, frame, text):
        if not self.over:
            task = asyncio.current_task(self.loop)
            owner = "-" if task is None else self.label(task)
            self.lines.append(f"{show_time(self.loop.time())} {owner}/{frame.id} {text}")

    def label(self, thing):
        return self.labels.get(id(thing), "~")

    def name(self, slot, thing):
        self.slots[slot] = thing
        if id(thing) not in self.labels:
            self.labels[id(thing)] = slot
            self.kept.append(thing)

    # -- running

    def execute(self, scenario):
        self.loop = loop = VirtualLoop(self, self.adjust)
        loop.set_exception_handler(self.handle)
        asyncio.set_event_loop(loop)
        main = loop.create_task(self.body({"id": "m", "guard": True, "do": scenario["main"]}))
        self.name("main", main)
        if not returns(scenario["main"]):
            self.void.append(main)
        for time in WATCHDOG:
            loop.call_at(time, self.watch)
        loop.call_at(END, loop.stop)
        loop.run_forever()
        pending = any(not task.done() for task in asyncio.all_tasks(loop))
        self.lines.append("clock " + " ".join(map(show_time, loop.moments)))
        for slot, thing in self.slots.items():
            if asyncio.isfuture(thing):
                self.lines.append(f"end {slot} {show_state(thing)}")
        del main, thing, slot
        # 'over' keeps what runs from now on, finally blocks of dropped coroutines, out of the trace.
        self.over = True
        for collection in (self.slots, self.labels, self.callbacks, self.tokens, self.void):
            collection.clear()
        self.kept.clear()
        Run.waiting = []
        gc.collect()
        if not pending:
            self.lines.extend(sorted(self.reports))
        asyncio.set_event_loop(None)
        loop.close()

    def handle(self, loop, context):
        message, exception = context["message"], context.get("exception")
        found = re.match(r"(\w+) exception was never retrieved", message)
        if found:
            kind = "Gather" if found[1] == "_GatheringFuture" else found[1]
            self.reports.append(f"unretrieved {kind} {show_error(exception)}")
        elif message.startswith("Exception in callback"):
            self.emit(Frame("handler"), f"callback failed {show_error(exception)}")
        elif not message.startswith("Task was destroyed"):
            self.emit(Frame("handler"), message)

    def watch(self):
        frame = Frame("watchdog")
        self.emit(frame, "wake")
        tasks = asyncio.all_tasks(self.loop)
        named = [task for task in self.kept if isinstance(task, TASKS) and task in tasks]
        others = sorted((task for task in tasks if id(task) not in self.labels), key=order_of)
        for task in named + others:
            self.emit(frame, f"cancel {self.label(task)}")
            try:
                task.cancel()
            except RecursionError:
                pass  # RING

    # -- coroutines

    async def body(self, x):
        frame = Frame(x["id"])
        self.emit(frame, "enter")
        if x.get("guard"):
            signal = await self.guard(frame, x["do"])
        else:
            signal = await self.block(frame, x["do"])
        value = signal[0] if signal else None
        self.emit(frame, f"leave = {show(value)}")
        return value

    async def guard(self, frame, statements):
        try:
            return await self.block(frame, statements)
        except BaseException as e:
            self.emit(frame, f"leave ! {show_error(e)}")
            raise

    async def block(self, frame, statements):
        """Gives (value,) if a return statement was reached, BREAK if a break was, else None."""
        for s in statements:
            op = s["op"]
            if op == "await":
                text = show_expression(s["of"])
                try:
                    target = self.awaitable(frame, s["of"])
                except Missing:
                    self.emit(frame, f"await {text} n/a")
                    continue
                self.emit(frame, f"await {text}")
                if s.get("see"):
                    value = await self.see(frame, text, target)
                else:
                    value = await target
                self.emit(frame, f"got {text} = {show(value)}")
            elif op == "try":
                signal = await self.attempt(frame, s)
                if signal:
                    return signal
            elif op == "repeat":
                for _ in range(s["times"]):
                    signal = await self.block(frame, s["do"])
                    if signal is BREAK:
                        break
                    if signal:
                        return signal
            elif op == "each":
                signal = await self.each(frame, s)
                if signal:
                    return signal
            elif op in ("with", "limit", "group"):
                signal = await self.scoped(frame, s)
                if signal:
                    return signal
            elif op == "return":
                return (s.get("v"),)
            elif op == "break":
                return BREAK
            else:
                self.act(frame, s)
        return None

    async def see(self, frame, text, target):
        try:
            return await target
        except BaseException as e:
            self.emit(frame, f"threw {text} ! {show_error(e)}")
            raise

    async def attempt(self, frame, s):
        if "finally" not in s:
            return await self.handled(frame, s)
        try:
            return await self.handled(frame, s)
        finally:
            self.emit(frame, "finally")
            await self.block(frame, s["finally"])

    async def handled(self, frame, s):
        first, second, third = handlers(s)
        try:
            return await self.block(frame, s["do"])
        except CATCHES[first["on"]] as e:
            signal = await self.handle_error(frame, first, e)
            if first.get("reraise"):
                raise
            return signal
        except CATCHES[second["on"]] as e:
            signal = await self.handle_error(frame, second, e)
            if second.get("reraise"):
                raise
            return signal
        except CATCHES[third["on"]] as e:
            signal = await self.handle_error(frame, third, e)
            if third.get("reraise"):
                raise
            return signal

    async def handle_error(self, frame, handler, e):
        self.emit(frame, f"caught {show_error(e)}")
        return await self.block(frame, handler["do"])

    async def each(self, frame, s):
        """'async for' over an as_completed: the futures themselves, in order of completion."""
        iterator = self.slots.get(s["of"])
        if not hasattr(iterator, "__aiter__"):
            self.emit(frame, f"each {s['of']} n/a")
            return None
        async for future in iterator:
            self.emit(frame, f"each {s['of']} {self.label(future)} {show_state(future)}")
            if "slot" in s:
                self.name(s["slot"], future)
            signal = await self.block(frame, s.get("do", []))
            if signal is BREAK:
                break
            if signal:
                return signal
        return None

    async def wait(self, children, timeout, mode):
        if self.adjust and VERSION >= (3, 11) and any(inspect.iscoroutine(child) for child in children):
            self.fired.add("C-11")
            children = [asyncio.ensure_future(child) for child in dict.fromkeys(children)]
        Run.waiting = list(children)
        done, pending = await asyncio.wait(children, timeout=timeout, return_when=WAIT_MODES[mode])
        return f"done {show(sorted(map(self.label, done)))} pending {show(sorted(map(self.label, pending)))}"

    async def discard(self, awaitable):
        await awaitable

    # -- expressions

    def awaitable(self, frame, x):
        thing = self.evaluate(frame, x)
        if asyncio.isfuture(thing) or inspect.iscoroutine(thing):
            return thing
        raise Missing

    def options(self, s):
        """The context that a statement or an expression gives, as a keyword argument; nothing if it gives none."""
        if "context" not in s:
            return {}
        thing = self.slots.get(s["context"])
        if isinstance(thing, contextvars.Context):
            return {"context": thing}
        raise Missing

    def future(self, frame, slot):
        thing = self.evaluate(frame, slot)
        if asyncio.isfuture(thing):
            return thing
        raise Missing

    def task(self, frame, slot):
        thing = self.evaluate(frame, slot)
        if isinstance(thing, TASKS):
            return thing
        raise Missing

    def evaluate(self, frame, x):
        if isinstance(x, str):
            thing = asyncio.current_task(self.loop) if x == "self" else self.slots.get(x)
            if thing is None:
                raise Missing
            return thing
        thing = self.make(frame, x)
        if self.is_void(x):
            self.void.append(thing)
        return thing

    def is_void(self, x):
        """Whether it has no result in C#: an iteration over such and others gives outcomes without values there."""
        if isinstance(x, str):
            thing = asyncio.current_task(self.loop) if x == "self" else self.slots.get(x)
            return self.is_void_thing(thing)
        kind = x["x"]
        if kind == "call":
            return not returns(x["do"])
        if kind == "sleep":
            return "v" not in x
        if kind == "wait_at":
            return not isinstance(self.slots.get(x["of"]), asyncio.Barrier)
        if kind in ("acquire", "put", "join"):
            return True
        if kind in ("ensure", "task", "next") or kind == "wait_for" and x.get("t") is None:
            return self.is_void(x["of"])
        return False

    def is_void_thing(self, thing):
        things = (thing, thing.get_coro()) if isinstance(thing, TASKS) else (thing,)
        return any(one is other for one in things for other in self.void)

    def make(self, frame, x):
        kind = x["x"]
        if kind == "call":
            return self.body(x)
        if kind == "sleep":
            return asyncio.sleep(x["s"], x.get("v"))
        if kind == "future":
            future = self.loop.create_future()
            self.plain.add(id(future))
            self.kept.append(future)
            return future
        if kind == "context":
            return contextvars.copy_context()
        if kind in PRIMITIVES:
            return self.primitive(x)
        if kind in OPERATIONS:
            return self.operation(x)
        if kind == "next":
            iterator = self.slots.get(x["of"])
            if not hasattr(iterator, "__next__"):
                raise Missing
            try:
                item = next(iterator)
            except StopIteration:
                raise Missing from None
            return self.discard(item) if self.is_void(x["of"]) else item
        if kind in ("gather", "wait", "as_completed"):
            children = [self.awaitable(frame, child) for child in x["of"]]
            if kind == "gather":
                if self.adjust:
                    return gather(self, children, bool(x.get("outcomes")))
                return asyncio.gather(*children, return_exceptions=bool(x.get("outcomes")))
            if kind == "wait":
                coroutines = sum(map(inspect.iscoroutine, children))
                if 0 < coroutines < len(children):
                    raise Missing
                return self.wait(children, x.get("t"), x.get("mode", "all"))
            iterator = Completions(self, children, x.get("t")) if self.adjust else asyncio.as_completed(children, timeout=x.get("t"))
            if any(map(self.is_void_thing, children)):
                self.void.append(iterator)
            return iterator
        child = self.awaitable(frame, x["of"])
        if kind == "shield":
            return asyncio.shield(child)
        if kind == "ensure":
            return asyncio.ensure_future(child)
        if kind == "wait_for":
            return wait_for(self, child, x.get("t")) if self.adjust and not self.stock_wait_for else asyncio.wait_for(child, x.get("t"))
        if kind == "task":
            if not inspect.iscoroutine(child):
                raise Missing
            options = self.options(x)
            if "name" in x:
                options["name"] = x["name"]
            return self.spawn_in(x["group"], child, options) if "group" in x else self.loop.spawn(child, **options)
        raise ValueError(kind)

    # -- statements that do not wait

    def act_all(self, frame, statements):
        """The block of a callback."""
        for s in statements:
            if s["op"] == "repeat":
                for _ in range(s["times"]):
                    self.act_all(frame, s["do"])
            elif s["op"] != "try":
                self.act(frame, s)
            elif "finally" in s:
                try:
                    self.act_handled(frame, s)
                finally:
                    self.emit(frame, "finally")
                    self.act_all(frame, s["finally"])
            else:
                self.act_handled(frame, s)

    def act_handled(self, frame, s):
        first, second, third = handlers(s)
        try:
            self.act_all(frame, s["do"])
        except CATCHES[first["on"]] as e:
            self.act_handler(frame, first, e)
            if first.get("reraise"):
                raise
        except CATCHES[second["on"]] as e:
            self.act_handler(frame, second, e)
            if second.get("reraise"):
                raise
        except CATCHES[third["on"]] as e:
            self.act_handler(frame, third, e)
            if third.get("reraise"):
                raise

    def act_handler(self, frame, handler, e):
        self.emit(frame, f"caught {show_error(e)}")
        self.act_all(frame, handler["do"])

    def act(self, frame, s):
        op = s["op"]
        try:
            text = getattr(self, "do_" + op)(frame, s)
        except Missing:
            text = "n/a"
        subject = s.get("of", s.get("slot", s.get("cb", s.get("var", s.get("token", "")))))
        self.emit(frame, " ".join(part for part in (op, subject, text) if part))

    def do_let(self, frame, s):
        self.name(s["slot"], self.evaluate(frame, s["be"]))
        return "= " + show_expression(s["be"])

    def do_mark(self, frame, s):
        return show(s["v"])

    def do_raise(self, frame, s):
        self.emit(frame, "raise")
        raise make_error(s)

    def do_cancel(self, frame, s):
        future = self.future(frame, s["of"])
        try:
            return show(future.cancel(s["msg"]) if "msg" in s else future.cancel())
        except RecursionError:
            return "recursion"  # RING

    def do_uncancel(self, frame, s):
        task = self.task(frame, s["of"])
        return str(task.uncancel()) if hasattr(task, "uncancel") else "absent"

    def do_cancelling(self, frame, s):
        task = self.task(frame, s["of"])
        return str(task.cancelling()) if hasattr(task, "cancelling") else "absent"

    def do_set_result(self, frame, s):
        future = self.settable(frame, s["of"])
        try:
            future.set_result(s.get("v"))
            return "ok"
        except asyncio.InvalidStateError as e:
            return "! " + show_error(e)

    def do_set_exception(self, frame, s):
        future = self.settable(frame, s["of"])
        try:
            future.set_exception(make_error(s))
            return "ok"
        except asyncio.InvalidStateError as e:
            return "! " + show_error(e)

    def settable(self, frame, slot):
        future = self.future(frame, slot)
        if id(future) not in self.plain:
            raise Missing
        return future

    def do_state(self, frame, s):
        return show_state(self.future(frame, s["of"]))

    def do_result(self, frame, s):
        future = self.future(frame, s["of"])
        try:
            return "= " + show(future.result())
        except BaseException as e:
            return "! " + show_error(e)

    def do_exception(self, frame, s):
        future = self.future(frame, s["of"])
        try:
            error = future.exception()
            return "= null" if error is None else "= !" + show_error(error)
        except BaseException as e:
            return "! " + show_error(e)

    def do_add_callback(self, frame, s):
        future = self.future(frame, s["of"])
        options = self.options(s)
        future.add_done_callback(self.done_callback(s), **options)
        return s["cb"]

    def do_remove_callback(self, frame, s):
        future = self.future(frame, s["of"])
        callback = self.callbacks.get(s["cb"])
        return f"{s['cb']} {0 if callback is None else future.remove_done_callback(callback)}"

    def done_callback(self, s):
        callback = self.callbacks.get(s["cb"])
        if callback is None:
            frame, statements = Frame(s["cb"]), s["do"]

            calls = 0

            def callback(future):
                nonlocal calls
                calls += 1
                self.emit(frame, f"called {self.label(future)} {show_state(future)}")
                if calls <= MOST_CALLS:
                    self.act_all(frame, statements)

            self.callbacks[s["cb"]] = callback
        return callback

    def plain_callback(self, s):
        frame, statements = Frame(s["cb"]), s["do"]

        def callback():
            self.emit(frame, "called")
            self.act_all(frame, statements)

        return callback

    def handle_of(self, s, handle):
        if "slot" in s:
            self.slots[s["slot"]] = handle
        return s["cb"] if "slot" in s else ""

    def do_call_soon(self, frame, s):
        return self.handle_of(s, self.loop.call_soon(self.plain_callback(s), **self.options(s)))

    def do_call_later(self, frame, s):
        return self.handle_of(s, self.loop.call_later(s["s"], self.plain_callback(s), **self.options(s)))

    def do_call_at(self, frame, s):
        return self.handle_of(s, self.loop.call_at(s["s"], self.plain_callback(s), **self.options(s)))

    def do_cancel_handle(self, frame, s):
        handle = self.slots.get(s["of"])
        if not isinstance(handle, asyncio.Handle):
            raise Missing
        before = handle.cancelled()
        handle.cancel()
        return "again" if before else "ok"

    def do_set_var(self, frame, s):
        token = variable(s["var"]).set(s["v"])
        if "token" in s:
            self.tokens[s["token"]] = token
        return show(s["v"])

    def do_get_var(self, frame, s):
        return show(variable(s["var"]).get(None))

    def do_reset_var(self, frame, s):
        token = self.tokens.get(s["token"])
        if token is None:
            raise Missing
        try:
            if any(token is used for used in self.used):
                raise RuntimeError("already been used")
            token.var.reset(token)
            return "ok"
        except (ValueError, RuntimeError) as e:
            if self.adjust and isinstance(e, ValueError):
                # TOKEN: AsyncioSharp resets a variable in another context than that in which it was set.
                self.fired.add("TOKEN")
                self.used.append(token)
                token.var.set(None if token.old_value is contextvars.Token.MISSING else token.old_value)
                return "ok"
            return "! " + show_error(e)

    def do_name(self, frame, s):
        name = self.task(frame, s["of"]).get_name()
        return "automatic" if name.startswith("Task-") else name

    def do_set_name(self, frame, s):
        task = self.task(frame, s["of"])
        if id(task) not in self.labels:
            raise Missing
        task.set_name(s["v"])
        return s["v"]

    def do_tasks(self, frame, s):
        return str(len(asyncio.all_tasks(self.loop)))

    def do_current(self, frame, s):
        task = asyncio.current_task(self.loop)
        return "-" if task is None else self.label(task)

    def do_close(self, frame, s):
        coroutine = self.slots.get(s["of"])
        if not inspect.iscoroutine(coroutine) or inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED:
            raise Missing
        coroutine.close()
        return "ok"


PRIMITIVES = {"lock", "event", "semaphore", "condition", "barrier", "queue"}
OPERATIONS = {"acquire", "wait_at", "get", "put", "join"}
WAIT_FOR = {"C-02", "C-03", "C-04", "C-05", "C-06", "C-40"}  # the choices about wait_for that change more than its latency
BREAK = ("break",)  # what a block gives that has reached one
NOTHING = {"on": "nothing"}

CATCHES = {
    "nothing": (),
    "cancelled": asyncio.CancelledError,
    "timeout": asyncio.TimeoutError,
    "boom": Boom,
    "error": Exception,
    "any": (Exception, asyncio.CancelledError),
}

WAIT_MODES = {"all": asyncio.ALL_COMPLETED, "first": asyncio.FIRST_COMPLETED, "exception": asyncio.FIRST_EXCEPTION}


def order_of(task):
    """Automatic names tell the order of creation; what was given a name comes first, by name."""
    name = task.get_name()
    return (int(name[5:]), "") if name.startswith("Task-") else (0, name)


def handlers(s):
    """Three of them; those that a statement lacks catch nothing."""
    return (s.get("catch", []) + [NOTHING] * 3)[:3]


def returns(block):
    return any(s["op"] == "return" or s["op"] in ("try", "repeat", "each", "with", "limit", "group")
               and (returns(s.get("do", [])) or any(returns(handler["do"]) for handler in s.get("catch", []))) for s in block)


def make_error(s):
    if s["e"] == "cancelled":
        return asyncio.CancelledError(s["msg"]) if "msg" in s else asyncio.CancelledError()
    if s["e"] == "timeout":
        return asyncio.TimeoutError()
    return Boom(s.get("msg", ""))


def variable(name):
    if name not in VARIABLES:
        VARIABLES[name] = contextvars.ContextVar(name)
    return VARIABLES[name]


def run(scenario, **options):
    result = Run(**options)
    contextvars.Context().run(result.execute, scenario)
    return result


def by_task(lines):
    """The lines of each task, callbacks together, without the order among them."""
    tasks = {}
    for line in lines:
        tasks.setdefault(line.partition("/")[0].split()[-1], []).append(line)
    return tasks


def answer(scenario):
    stock, adjusted = run(scenario, adjust=False), run(scenario, adjust=True)
    reply = {"trace": stock.lines}
    if adjusted.lines != stock.lines:
        reply["adjusted"] = adjusted.lines
        reply["fired"] = sorted(adjusted.fired)
        if "C-07" in adjusted.fired and not adjusted.fired & WAIT_FOR:
            latency = run(scenario, adjust=True, stock_wait_for=True)
            reply["seen"] = by_task(latency.lines) != by_task(adjusted.lines)
    return reply


def main():
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda *args: None
    gc.freeze()
    gc.disable()  # otherwise pending tasks that nobody holds may be collected at any time (TASK-09)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
