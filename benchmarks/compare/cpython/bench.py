"""asyncio workloads; docs/performance.md says what each one does.

usage: bench.py PEER LOOP WORKLOAD N        (LOOP: std or uvloop)
"""
import asyncio
import gc
import os
import resource
import socket
import sys
import threading
import time

BATCH = 10000
REPS = int(os.environ.get("REPS", "5"))


def clock():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), r.ru_utime + r.ru_stime, r.ru_minflt


def status_kb(key):
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return 0


async def value(i):
    return i


async def forever():
    await asyncio.get_running_loop().create_future()


async def yield_value(i):
    await asyncio.sleep(0)
    return i


async def spawn_join(n):
    loop = asyncio.get_running_loop()
    total = 0
    for base in range(0, n, BATCH):
        tasks = [loop.create_task(value(i)) for i in range(base, base + BATCH)]
        for t in tasks:
            total += await t
    assert total == n * (n - 1) // 2
    return n


async def spawn_join_inline(n):
    total = 0
    for base in range(0, n, BATCH):
        calls = [value(i) for i in range(base, base + BATCH)]
        for c in calls:
            total += await c
    assert total == n * (n - 1) // 2
    return n


async def spawn_join_eager(n):
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    try:
        return await spawn_join(n)
    finally:
        loop.set_task_factory(None)


async def yielder(n):
    for _ in range(n):
        await asyncio.sleep(0)
    return n


async def yield_1(n):
    assert await asyncio.get_running_loop().create_task(yielder(n)) == n
    return n


async def yield_1000(n):
    per = n // 1000
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(yielder(per)) for _ in range(1000)]
    total = 0
    for t in tasks:
        total += await t
    assert total == per * 1000
    return total


async def chain(d):
    if d == 1:
        await asyncio.sleep(0)
        return 1
    return 1 + await chain(d - 1)


async def await_chain(n):
    rounds = max(1, n // 100)
    total = 0
    for _ in range(rounds):
        total += await chain(100)
    assert total == rounds * 100
    return total


async def chain_many(d, y):
    if d == 1:
        for _ in range(y):
            await asyncio.sleep(0)
        return y
    return await chain_many(d - 1, y)


async def deep_yield(n):
    rounds = max(1, n // 100)
    total = 0
    for _ in range(rounds):
        total += await chain_many(100, 100)
    assert total == rounds * 100
    return total


async def gather(n):
    rounds = max(1, n // BATCH)
    total = 0
    for _ in range(rounds):
        total += sum(await asyncio.gather(*[yield_value(i) for i in range(BATCH)]))
    assert total == rounds * (BATCH * (BATCH - 1) // 2)
    return rounds * BATCH


async def ping_pong_future(n):
    loop = asyncio.get_running_loop()
    new = loop.create_future
    box = [new(), None]  # request, reply

    async def b():
        for _ in range(n):
            v = await box[0]
            box[0] = new()
            box[1].set_result(v + 1)

    async def a():
        total = 0
        for i in range(n):
            reply = box[1] = new()
            box[0].set_result(i)
            total += await reply
        return total

    tb = loop.create_task(b())
    ta = loop.create_task(a())
    assert await ta == n * (n + 1) // 2
    await tb
    return n


async def ping_pong_queue(n):
    loop = asyncio.get_running_loop()
    there, back = asyncio.Queue(1), asyncio.Queue(1)

    async def b():
        for _ in range(n):
            await back.put(await there.get() + 1)

    async def a():
        total = 0
        for i in range(n):
            await there.put(i)
            total += await back.get()
        return total

    tb = loop.create_task(b())
    ta = loop.create_task(a())
    assert await ta == n * (n + 1) // 2
    await tb
    return n


def delays_us(n):
    x = 12345
    out = []
    for _ in range(n):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append((x >> 8) % 500001)
    return out


async def timers(n):
    loop = asyncio.get_running_loop()

    async def sleeper(d):
        await asyncio.sleep(d)
        return 1

    tasks = [loop.create_task(sleeper(d / 1e6)) for d in delays_us(n)]
    total = 0
    for t in tasks:
        total += await t
    assert total == n
    return n


async def timeout(n):
    total = 0
    for i in range(n):
        total += await asyncio.wait_for(yield_value(i), 10)
    assert total == n * (n - 1) // 2
    return n


async def timeout_scope(n):
    total = 0
    for i in range(n):
        async with asyncio.timeout(10):
            total += await yield_value(i)
    assert total == n * (n - 1) // 2
    return n


async def cancel(n):
    loop = asyncio.get_running_loop()
    caught = 0
    for _ in range(0, n, BATCH):
        tasks = [loop.create_task(forever()) for _ in range(BATCH)]
        await asyncio.sleep(0)
        for t in tasks:
            t.cancel()
        for t in tasks:
            try:
                await t
            except asyncio.CancelledError:
                caught += 1
    assert caught == n
    return n


# What older interpreters lack.
if not hasattr(asyncio, "eager_task_factory"):
    del spawn_join_eager
if not hasattr(asyncio, "timeout"):
    del timeout_scope


async def memory(n, sleeping):
    loop = asyncio.get_running_loop()

    async def sleeper():
        await asyncio.sleep(1000)

    gc.collect()
    before = status_kb("VmRSS")
    t0 = time.perf_counter()
    tasks = [loop.create_task(sleeper() if sleeping else forever()) for _ in range(n)]
    await asyncio.sleep(0)
    await asyncio.sleep(0.2)
    secs = time.perf_counter() - t0
    after = status_kb("VmRSS")
    gc.collect()
    after_gc = status_kb("VmRSS")
    print("workload=%s peer=%s n=%d seconds=%.3f bytes_task=%.0f bytes_task_after_gc=%.0f rss_before_kb=%d rss_kb=%d hwm_kb=%d" % (
        WORKLOAD, PEER, n, secs, (after - before) * 1024 / n, (after_gc - before) * 1024 / n, before, after, status_kb("VmHWM")))
    sys.stdout.flush()
    os._exit(0)


async def memory_sleep(n):
    await memory(n, True)


async def memory_future(n):
    await memory(n, False)


async def from_thread(n, body):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    seen = [0]
    th = threading.Thread(target=body, args=(loop, n, done, seen))
    th.start()
    await done
    th.join()
    assert seen[0] == n, seen
    return n


async def threadsafe_cb(n):
    def body(loop, n, done, seen):
        def cb():
            seen[0] += 1
            if seen[0] == n:
                done.set_result(None)
        for _ in range(n):
            loop.call_soon_threadsafe(cb)
    return await from_thread(n, body)


async def threadsafe_coro(n):
    def body(loop, n, done, seen):
        async def co():
            seen[0] += 1
            if seen[0] == n:
                done.set_result(None)
        for _ in range(n):
            asyncio.run_coroutine_threadsafe(co(), loop)
    return await from_thread(n, body)


async def threadsafe_rt(n):
    def body(loop, n, done, seen):
        async def co(i):
            return i + 1
        for i in range(n):
            if asyncio.run_coroutine_threadsafe(co(i), loop).result() == i + 1:
                seen[0] += 1
        loop.call_soon_threadsafe(done.set_result, None)
    return await from_thread(n, body)


def listening(server):
    print("LISTENING %d" % server.sockets[0].getsockname()[1], flush=True)
    return server.serve_forever()


async def echo(_):
    async def handle(reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
        writer.close()

    await listening(await asyncio.start_server(handle, "127.0.0.1", 0, backlog=128))


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def echo_protocol(_):
    await listening(await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=128))


async def main(fn, n):
    if fn.__name__.startswith(("echo", "memory")):
        await fn(n)
        return
    runs = []
    for r in range(REPS + 1):
        w0, c0, f0 = clock()
        ops = await fn(n)
        w1, c1, f1 = clock()
        if r:
            runs.append((w1 - w0, c1 - c0, f1 - f0))
    wall = sorted(x[0] for x in runs)
    cpu = sorted(x[1] for x in runs)
    flt = sorted(x[2] for x in runs)
    mid = len(runs) // 2
    print("workload=%s peer=%s n=%d reps=%d best_s=%.4f med_s=%.4f best_ns=%.1f med_ns=%.1f med_cpu_s=%.4f med_cpu_ns=%.1f med_faults=%d" % (
        WORKLOAD, PEER, ops, len(runs), wall[0], wall[mid], wall[0] * 1e9 / ops, wall[mid] * 1e9 / ops, cpu[mid], cpu[mid] * 1e9 / ops, flt[mid]))


if __name__ == "__main__":
    PEER, LOOP, WORKLOAD, N = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    if WORKLOAD not in globals():
        sys.exit(77)  # no such workload
    if LOOP == "uvloop":
        import uvloop
        uvloop.install()
    asyncio.run(main(globals()[WORKLOAD], N))
