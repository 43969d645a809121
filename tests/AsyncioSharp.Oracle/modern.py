"""AsyncioSharp's choices about what only CPython 3.13 and later have: each is written from its row of docs/python-differences.md, and names it when it makes a difference."""
import asyncio
import heapq


class Lined(dict):
    """The tasks of a group, in order of creation; CPython walks a set (C-39)."""

    def add(self, task):
        self[task] = True

    def discard(self, task):
        self.pop(task, None)


asyncio.taskgroups.set = Lined


class Condition(asyncio.Condition):
    """COND: a waiter that is cancelled wakes another one only if it had been notified itself."""
    run = None
    passes_on = True

    async def wait(self):
        if not self.locked():
            raise RuntimeError("the lock is not held")
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self.release()
        try:
            try:
                await waiter
            finally:
                self._waiters.remove(waiter)
                await self.take_lock()
        except BaseException:
            if self.passes_on and waiter.done() and not waiter.cancelled():
                self._notify(1)
            elif self._waiters:
                self.run.fired.add("COND" if self.passes_on else "BARRIER")
            raise

    async def take_lock(self):
        """Holds it in the end, whatever happens; a cancellation is thrown then."""
        thrown = None
        while True:
            try:
                await self.acquire()
                break
            except asyncio.CancelledError as e:
                thrown = e
        if thrown is not None:
            raise thrown


class Barrier(asyncio.Barrier):
    """BARRIER: the numbers of a round are distinct, and a task that is let in and cancelled wakes nobody for nothing."""

    def __init__(self, run, parties):
        super().__init__(parties)
        self._cond = Condition()
        self._cond.run, self._cond.passes_on = run, False
        self.run, self.given, self.freed = run, 0, []

    async def wait(self):
        async with self._cond:
            await self._block()
            if self.freed:
                number = heapq.heappop(self.freed)
            else:
                number, self.given = self.given, self.given + 1
            if number != self._count:
                self.run.fired.add("BARRIER")
            self._count += 1
            try:
                if self._count == self._parties:
                    await self._release()
                else:
                    await self._wait()
                return number
            finally:
                self._count -= 1
                heapq.heappush(self.freed, number)
                if not self._count:
                    self.given, self.freed = 0, []
                self._exit()


def in_line(queue):
    """LINE: a get() or put() that was woken keeps its place until it runs, and after it if that was in vain; as many are on their way as there are items or slots."""

    class Queue(queue):
        run = None

        async def get(self):
            await self.stand(self._getters, self.empty)
            return self.get_nowait()

        async def put(self, item):
            await self.stand(self._putters, self.full)
            return self.put_nowait(item)

        async def stand(self, line, must):
            place = None
            while must():
                if self._is_shutdown:
                    raise asyncio.QueueShutDown
                before, place = place, asyncio.get_running_loop().create_future()
                if before in line:
                    line[line.index(before)] = place
                    self.run.fired.add("LINE")
                else:
                    line.append(place)
                try:
                    await place
                except BaseException:
                    place.cancel()
                    self.leave(line, place)
                    if not must() and not place.cancelled():
                        self._wakeup_next(line)
                    raise
            self.leave(line, place)

        def leave(self, line, place):
            if place in line:
                line.remove(place)

        def _wakeup_next(self, line):
            waiting = [place for place in line if not place.done()]
            woken = sum(not place.cancelled() for place in line) - len(waiting)
            room = self.qsize() if line is self._getters else self.maxsize - self.qsize()
            if waiting and woken >= room:
                self.run.fired.add("LINE")
            for place in waiting[:max(room - woken, 0)]:
                place.set_result(None)

    return Queue


class Limit(asyncio.Timeout):
    """LIMIT: a request that is still to be delivered when the limit is entered is not the limit's."""
    run = None

    async def __aenter__(self):
        task = asyncio.current_task()
        await super().__aenter__()
        if self._cancelling != task.settled():
            self._cancelling = task.settled()
            self.run.fired.add("LIMIT")
        return self


class Group(asyncio.TaskGroup):
    """
    GROUP: what was asked before the group was entered is not asked of it. CAN-04: its tasks begin before it cancels them.
    """
    run = None

    async def __aenter__(self):
        await super().__aenter__()
        self._parent_task = Since(self.run, self._parent_task)
        return self

    def _abort(self):
        for task in self._tasks:
            if not task.stepped and not task.done():
                self.run.fired.add("CAN-04")
                task.begins = "CAN-04"
        super()._abort()


class Since:
    """A task as its group sees it: the requests that it had before do not count."""

    def __init__(self, run, task):
        self.run, self.task, self.before = run, task, task.settled()

    def __getattr__(self, name):
        return getattr(self.task, name)

    def cancelling(self):
        if self.before:
            self.run.fired.add("GROUP")
        return max(self.task.cancelling() - self.before, 0)

    def uncancel(self):
        if self.before:
            self.run.fired.add("GROUP")
        return max(self.task.uncancel() - self.before, 0)
