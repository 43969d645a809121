"""trio workloads; docs/performance.md says what each one does. usage: bench.py PEER WORKLOAD N

trio has no task object with a result and no future: a nursery is the join, and
an Event or a memory channel the hand-over.
"""
import gc
import os
import resource
import sys
import threading
import time

import trio

BATCH = 10000
REPS = int(os.environ.get("REPS", "5"))
checkpoint = trio.lowlevel.checkpoint


def clock():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), r.ru_utime + r.ru_stime, r.ru_minflt


def status_kb(key):
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return 0


async def spawn_join(n):
    total = 0
    for base in range(0, n, BATCH):
        out = []

        async def value(i):
            out.append(i)

        async with trio.open_nursery() as nursery:
            for i in range(base, base + BATCH):
                nursery.start_soon(value, i)
        total += sum(out)
    assert total == n * (n - 1) // 2
    return n


async def yield_1(n):
    for _ in range(n):
        await checkpoint()
    return n


async def yield_1000(n):
    per = n // 1000
    async with trio.open_nursery() as nursery:
        for _ in range(1000):
            nursery.start_soon(yield_1, per)
    return per * 1000


async def chain(d, y):
    if d == 1:
        for _ in range(y):
            await checkpoint()
        return 1
    return 1 + await chain(d - 1, y)


async def await_chain(n):
    rounds = max(1, n // 100)
    total = 0
    for _ in range(rounds):
        total += await chain(100, 1)
    assert total == rounds * 100
    return total


async def deep_yield(n):
    rounds = max(1, n // 100)
    total = 0
    for _ in range(rounds):
        total += await chain(100, 100)
    assert total == rounds * 100
    return total


async def gather(n):
    rounds = max(1, n // BATCH)
    total = 0
    for _ in range(rounds):
        out = [0] * BATCH

        async def one(i):
            await checkpoint()
            out[i] = i

        async with trio.open_nursery() as nursery:
            for i in range(BATCH):
                nursery.start_soon(one, i)
        total += sum(out)
    assert total == rounds * (BATCH * (BATCH - 1) // 2)
    return rounds * BATCH


async def ping_pong_queue(n):
    there_tx, there_rx = trio.open_memory_channel(1)
    back_tx, back_rx = trio.open_memory_channel(1)
    total = 0

    async def b():
        for _ in range(n):
            await back_tx.send(await there_rx.receive() + 1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(b)
        for i in range(n):
            await there_tx.send(i)
            total += await back_rx.receive()
    assert total == n * (n + 1) // 2
    return n


async def timers(n):
    seen = [0]

    async def one(d):
        await trio.sleep(d)
        seen[0] += 1

    x = 12345
    async with trio.open_nursery() as nursery:
        for _ in range(n):
            x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
            nursery.start_soon(one, ((x >> 8) % 500001) / 1e6)
    assert seen[0] == n
    return n


async def timeout(n):
    total = 0
    for i in range(n):
        with trio.fail_after(10):
            await checkpoint()
            total += i
    assert total == n * (n - 1) // 2
    return n


async def cancel(n):
    caught = [0]
    for _ in range(0, n, BATCH):
        scopes = []

        async def one(scope):
            with scope:
                await trio.sleep_forever()
            if scope.cancelled_caught:
                caught[0] += 1

        async with trio.open_nursery() as nursery:
            for _ in range(BATCH):
                s = trio.CancelScope()
                scopes.append(s)
                nursery.start_soon(one, s)
            await checkpoint()
            for s in scopes:
                s.cancel()
    assert caught[0] == n
    return n


async def memory(n, fn):
    gc.collect()
    before = status_kb("VmRSS")
    t0 = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(n):
            nursery.start_soon(fn)
        await checkpoint()
        await trio.sleep(0.2)
        secs = time.perf_counter() - t0
        after = status_kb("VmRSS")
        print("workload=%s peer=%s n=%d seconds=%.3f bytes_task=%.0f rss_before_kb=%d rss_kb=%d hwm_kb=%d" % (
            WORKLOAD, PEER, n, secs, (after - before) * 1024 / n, before, after, status_kb("VmHWM")))
        sys.stdout.flush()
        os._exit(0)


async def memory_sleep(n):
    async def one():
        await trio.sleep(1000)
    await memory(n, one)


async def memory_future(n):
    await memory(n, trio.sleep_forever)


async def threadsafe_cb(n):
    token = trio.lowlevel.current_trio_token()
    seen, done = [0], trio.Event()

    def cb():
        seen[0] += 1
        if seen[0] == n:
            done.set()

    def body():
        for _ in range(n):
            token.run_sync_soon(cb)

    th = threading.Thread(target=body)
    th.start()
    await done.wait()
    th.join()
    return n


async def threadsafe_rt(n):
    token = trio.lowlevel.current_trio_token()
    good, done = [0], trio.Event()

    async def co(i):
        return i + 1

    def body():
        for i in range(n):
            if trio.from_thread.run(co, i, trio_token=token) == i + 1:
                good[0] += 1
        token.run_sync_soon(done.set)

    th = threading.Thread(target=body)
    th.start()
    await done.wait()
    th.join()
    assert good[0] == n
    return n


async def echo(_):
    async def serve(stream):
        try:
            async for data in stream:
                await stream.send_all(data)
        except trio.BrokenResourceError:  # the client went away in mid-exchange
            pass

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print("LISTENING %d" % listeners[0].socket.getsockname()[1], flush=True)
    await trio.serve_listeners(serve, listeners)


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
    wall, cpu, flt = (sorted(x[i] for x in runs) for i in range(3))
    mid = len(runs) // 2
    print("workload=%s peer=%s n=%d reps=%d best_s=%.4f med_s=%.4f best_ns=%.1f med_ns=%.1f med_cpu_s=%.4f med_cpu_ns=%.1f med_faults=%d" % (
        WORKLOAD, PEER, ops, len(runs), wall[0], wall[mid], wall[0] * 1e9 / ops, wall[mid] * 1e9 / ops, cpu[mid], cpu[mid] * 1e9 / ops, flt[mid]))


if __name__ == "__main__":
    PEER, WORKLOAD, N = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if WORKLOAD not in globals():
        sys.exit(77)  # no such workload
    trio.run(main, globals()[WORKLOAD], N)
