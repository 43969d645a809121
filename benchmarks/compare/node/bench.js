'use strict';
// Node.js workloads; docs/performance.md says what each one does.
// usage: node bench.js PEER WORKLOAD N
const fs = require('fs');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const BATCH = 10000;

const statusKb = (key) => {
  const m = new RegExp('^' + key + ':\\s+(\\d+)', 'm').exec(fs.readFileSync('/proc/self/status', 'utf8'));
  return m ? Number(m[1]) : 0;
};
const check = (ok) => { if (!ok) throw new Error('wrong result'); };
const tri = (n) => n * (n - 1) / 2;
const immediate = () => new Promise((r) => setImmediate(r));
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

async function value(i) { return i; }
async function yieldValue(i) { await null; return i; }

async function joinBatches(n, make) {
  let total = 0;
  for (let base = 0; base < n; base += BATCH) {
    const tasks = new Array(BATCH);
    for (let k = 0; k < BATCH; k++) tasks[k] = make(base + k);
    for (let k = 0; k < BATCH; k++) total += await tasks[k];
  }
  check(total === tri(n));
  return n;
}
async function yielder(n) { for (let i = 0; i < n; i++) await null; return n; }
async function thousand(n) {
  const per = Math.floor(n / 1000);
  const tasks = [];
  for (let i = 0; i < 1000; i++) tasks.push(yielder(per));
  let total = 0;
  for (const t of tasks) total += await t;
  return total;
}
async function chain(d, y) {
  if (d === 1) { for (let i = 0; i < y; i++) await null; return 1; }
  return 1 + await chain(d - 1, y);
}
async function chains(n, y) {
  const rounds = Math.max(1, Math.floor(n / 100));
  let total = 0;
  for (let i = 0; i < rounds; i++) total += await chain(100, y);
  check(total === rounds * 100);
  return rounds * 100;
}
async function gather(n) {
  const rounds = Math.max(1, Math.floor(n / BATCH));
  let total = 0;
  for (let r = 0; r < rounds; r++) {
    const tasks = [];
    for (let k = 0; k < BATCH; k++) tasks.push(yieldValue(k));
    for (const v of await Promise.all(tasks)) total += v;
  }
  check(total === rounds * tri(BATCH));
  return rounds * BATCH;
}
function defer() {
  let resolve; const promise = new Promise((r) => { resolve = r; });
  return { promise, resolve };
}
// Promise-based queue of one slot is not in Node; only the future variant is measured.
async function pingPong(n) {
  let req = defer(), reply = null;
  async function b() {
    for (let i = 0; i < n; i++) { const v = await req.promise; req = defer(); reply.resolve(v + 1); }
  }
  async function a() {
    let total = 0;
    for (let i = 0; i < n; i++) { const r = reply = defer(); req.resolve(i); total += await r.promise; }
    return total;
  }
  const tb = b(), ta = a();
  check(await ta === tri(n + 1));
  await tb;
  return n;
}
class TimedOut extends Error {}
async function withTimeout(p, ms) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new TimedOut()), ms); });
  try { return await Promise.race([p, late]); } finally { clearTimeout(timer); }
}
function waitForever(signal) {
  return new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason), { once: true }); });
}
async function cancellable(signal) { await waitForever(signal); }

function foreign(n, mode) {
  return new Promise((resolve) => {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const w = new Worker(__filename, { workerData: { n, mode, shared } });
    let seen = 0, t0;
    w.on('message', (m) => {
      if (m === 'start') { t0 = process.hrtime.bigint(); return; } // the worker's own start is not counted
      seen++;
      if (mode === 'rt') { Atomics.store(shared, 0, m + 1); Atomics.notify(shared, 0); }
      if (seen === n) {
        const secs = Number(process.hrtime.bigint() - t0) / 1e9;
        w.terminate().then(() => resolve({ ops: n, secs }));
      }
    });
  });
}
if (!isMainThread) {
  const { n, mode, shared } = workerData;
  parentPort.postMessage('start');
  for (let i = 0; i < n; i++) {
    parentPort.postMessage(i);
    if (mode === 'rt') { while (Atomics.load(shared, 0) !== i + 1) Atomics.wait(shared, 0, i); }
  }
} else {
  const workloads = {
    // All begin in place: there is no other way.
    spawn_join: (n) => joinBatches(n, value),
    spawn_join_inline: (n) => joinBatches(n, value),
    spawn_join_eager: (n) => joinBatches(n, value),
    spawn_join_yield: (n) => joinBatches(n, yieldValue),
    yield_1: yielder,
    yield_1000: thousand,
    await_chain: (n) => chains(n, 1),
    deep_yield: (n) => chains(n, 100),
    gather,
    gather_eager: gather,
    ping_pong_future: pingPong,
    timers: async (n) => {
      let x = 12345;
      const tasks = new Array(n);
      const one = async (us) => { await sleep(us / 1000); return 1; };
      for (let i = 0; i < n; i++) {
        x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
        tasks[i] = one((x >>> 8) % 500001);
      }
      let total = 0;
      for (let i = 0; i < n; i++) total += await tasks[i];
      check(total === n);
      return n;
    },
    timeout: async (n) => {
      let total = 0;
      for (let i = 0; i < n; i++) total += await withTimeout(yieldValue(i), 10000);
      check(total === tri(n));
      return n;
    },
    cancel: async (n) => {
      let caught = 0;
      for (let base = 0; base < n; base += BATCH) {
        const ctl = [], tasks = [];
        for (let k = 0; k < BATCH; k++) { const c = new AbortController(); ctl.push(c); tasks.push(cancellable(c.signal)); }
        await null;
        // A plain reason: the default one is an Error with a captured stack.
        for (let k = 0; k < BATCH; k++) { tasks[k].catch(() => {}); ctl[k].abort(CANCELLED); }
        for (const t of tasks) { try { await t; } catch (e) { if (e === CANCELLED) caught++; } }
      }
      check(caught === n);
      return n;
    },
    threadsafe_cb: (n) => foreign(n, 'ff'),
    threadsafe_rt: (n) => foreign(n, 'rt'),
  };
  const CANCELLED = new Error('cancelled');
  const [peer, w, ns] = process.argv.slice(2);
  const n = Number(ns), reps = Number(process.env.REPS || 5);
  const clock = () => {
    const r = process.resourceUsage();
    return [process.hrtime.bigint(), (r.userCPUTime + r.systemCPUTime) / 1e6, r.minorPageFault];
  };
  if (w === 'echo') {
    const net = require('net');
    const s = net.createServer({ noDelay: true }, (c) => { c.on('data', (d) => c.write(d)); c.on('error', () => {}); });
    s.listen(0, '127.0.0.1', () => console.log('LISTENING ' + s.address().port));
  } else if (w.startsWith('memory')) {
    (async () => {
      const keep = new Array(n), resolvers = new Array(n);
      const viaTimer = async () => { await sleep(1000000); };
      const viaFuture = async (p) => { await p; };
      await immediate();
      if (global.gc) global.gc();
      const before = statusKb('VmRSS');
      const t0 = process.hrtime.bigint();
      for (let i = 0; i < n; i++) {
        if (w === 'memory_sleep') keep[i] = viaTimer();
        else { const d = defer(); resolvers[i] = d.resolve; keep[i] = viaFuture(d.promise); }
      }
      await immediate();
      await sleep(200);
      const secs = Number(process.hrtime.bigint() - t0) / 1e9;
      const after = statusKb('VmRSS');
      if (global.gc) global.gc();
      const gced = statusKb('VmRSS');
      console.log(`workload=${w} peer=${peer} n=${n} seconds=${secs.toFixed(3)} bytes_task=${((after - before) * 1024 / n).toFixed(0)} bytes_task_after_gc=${((gced - before) * 1024 / n).toFixed(0)} rss_before_kb=${before} rss_kb=${after} hwm_kb=${statusKb('VmHWM')}`);
      process.exit(0);
    })();
  } else if (!Object.hasOwn(workloads, w)) {
    process.exit(77); // no such workload
  } else {
    (async () => {
      const wall = [], cpu = [], flt = [];
      let ops = 0;
      const since = process.hrtime.bigint();
      for (let k = 0; k < 1 || process.hrtime.bigint() - since < 1500000000n; k++) await workloads[w](n);
      for (let r = 0; r < reps; r++) {
        const [t0, c0, f0] = clock();
        ops = await workloads[w](n);
        const [t1, c1, f1] = clock();
        let secs = Number(t1 - t0) / 1e9;
        if (ops.secs) { secs = ops.secs; ops = ops.ops; }
        wall.push(secs); cpu.push(c1 - c0); flt.push(f1 - f0);
      }
      const up = (a, b) => a - b;
      wall.sort(up); cpu.sort(up); flt.sort(up);
      const m = Math.floor(reps / 2);
      console.log(`workload=${w} peer=${peer} n=${ops} reps=${reps} best_s=${wall[0].toFixed(4)} med_s=${wall[m].toFixed(4)} best_ns=${(wall[0] * 1e9 / ops).toFixed(1)} med_ns=${(wall[m] * 1e9 / ops).toFixed(1)} med_cpu_s=${cpu[m].toFixed(4)} med_cpu_ns=${(cpu[m] * 1e9 / ops).toFixed(1)} med_faults=${flt[m]}`);
    })().catch((e) => { console.error(e); process.exit(1); });
  }
}
