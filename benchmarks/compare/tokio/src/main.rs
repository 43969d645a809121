// tokio workloads on the current_thread runtime; docs/performance.md says what each one does.
// usage: peer-tokio PEER WORKLOAD N
#![type_length_limit = "100000000"]
#![recursion_limit = "1024"]
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{yield_now, JoinHandle};

const BATCH: usize = 10_000;

fn usage() -> (f64, i64) {
    unsafe {
        let mut r: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut r);
        let s = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
        (s(r.ru_utime) + s(r.ru_stime), r.ru_minflt)
    }
}

fn status_kb(key: &str) -> i64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with(key))
        .and_then(|l| l.split_whitespace().nth(1))
        .and_then(|v| v.parse().ok())
        .unwrap_or(0)
}

fn tri(n: usize) -> u64 {
    (n as u64) * (n as u64 - 1) / 2
}

async fn value(i: u64) -> u64 {
    i
}
async fn yield_value(i: u64) -> u64 {
    yield_now().await;
    i
}

async fn spawn_join(n: usize) -> usize {
    let mut total = 0u64;
    for base in (0..n).step_by(BATCH) {
        let tasks: Vec<JoinHandle<u64>> =
            (base..base + BATCH).map(|i| tokio::spawn(value(i as u64))).collect();
        for t in tasks {
            total += t.await.unwrap();
        }
    }
    assert_eq!(total, tri(n));
    n
}

async fn yielder(n: usize) -> usize {
    for _ in 0..n {
        yield_now().await;
    }
    n
}
async fn yield_1(n: usize) -> usize {
    tokio::spawn(yielder(n)).await.unwrap()
}
async fn yield_1000(n: usize) -> usize {
    let per = n / 1000;
    let tasks: Vec<_> = (0..1000).map(|_| tokio::spawn(yielder(per))).collect();
    let mut total = 0;
    for t in tasks {
        total += t.await.unwrap();
    }
    total
}

// A recursive async fn needs a box per level: what a user writes.
fn chain(d: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if d == 1 {
            yield_now().await;
            return 1;
        }
        1 + chain(d - 1).await
    })
}
async fn await_chain(n: usize) -> usize {
    let rounds = (n / 100).max(1);
    let mut total = 0;
    for _ in 0..rounds {
        total += chain(std::hint::black_box(100)).await;
    }
    assert_eq!(total, rounds as u64 * 100);
    rounds * 100
}

// The same depth with a type per level: one state machine, no box.
trait Level {
    fn go(yields: u32) -> impl Future<Output = u64> + Send;
}
struct Bottom;
struct Above<T>(PhantomData<T>);
impl Level for Bottom {
    async fn go(yields: u32) -> u64 {
        for _ in 0..yields {
            yield_now().await;
        }
        1
    }
}
impl<T: Level> Level for Above<T> {
    async fn go(yields: u32) -> u64 {
        1 + T::go(yields).await
    }
}
type A3<T> = Above<Above<Above<T>>>;
type A9<T> = A3<A3<A3<T>>>;
type A33<T> = A9<A9<A9<A3<A3<T>>>>>;
type A99<T> = A33<A33<A33<T>>>;
async fn await_chain_static(n: usize) -> usize {
    let rounds = (n / 100).max(1);
    let mut total = 0;
    for _ in 0..rounds {
        total += A99::<Bottom>::go(std::hint::black_box(1)).await;
    }
    assert_eq!(total, rounds as u64 * 100);
    rounds * 100
}

fn chain_many(d: u32, y: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if d == 1 {
            for _ in 0..y {
                yield_now().await;
            }
            return y as u64;
        }
        chain_many(d - 1, y).await
    })
}
async fn deep_yield(n: usize) -> usize {
    let rounds = (n / 100).max(1);
    let mut total = 0;
    for _ in 0..rounds {
        total += chain_many(std::hint::black_box(100), 100).await;
    }
    assert_eq!(total, rounds as u64 * 100);
    rounds * 100
}

async fn gather(n: usize) -> usize {
    let rounds = (n / BATCH).max(1);
    let mut total = 0u64;
    for _ in 0..rounds {
        let all = futures::future::join_all((0..BATCH).map(|i| tokio::spawn(yield_value(i as u64)))).await;
        total += all.into_iter().map(|r| r.unwrap()).sum::<u64>();
    }
    assert_eq!(total, rounds as u64 * tri(BATCH));
    rounds * BATCH
}

// Not tasks: 10,000 bare futures inside one join_all.
async fn gather_bare(n: usize) -> usize {
    let rounds = (n / BATCH).max(1);
    let mut total = 0u64;
    for _ in 0..rounds {
        total += futures::future::join_all((0..BATCH).map(|i| yield_value(i as u64))).await.into_iter().sum::<u64>();
    }
    assert_eq!(total, rounds as u64 * tri(BATCH));
    rounds * BATCH
}

struct Req {
    v: u64,
    reply: oneshot::Sender<Rep>,
}
struct Rep {
    v: u64,
    next: Option<oneshot::Sender<Req>>,
}
async fn ping_pong_future(n: usize) -> usize {
    let (tx, mut rx) = oneshot::channel::<Req>();
    let b = tokio::spawn(async move {
        for k in 0..n {
            let r = rx.await.unwrap();
            let (ntx, nrx) = oneshot::channel::<Req>();
            rx = nrx;
            let next = if k + 1 < n { Some(ntx) } else { None };
            let _ = r.reply.send(Rep { v: r.v + 1, next });
        }
    });
    let a = tokio::spawn(async move {
        let mut tx = Some(tx);
        let mut total = 0;
        for i in 0..n {
            let (rtx, rrx) = oneshot::channel::<Rep>();
            let _ = tx.take().unwrap().send(Req { v: i as u64, reply: rtx });
            let rep = rrx.await.unwrap();
            tx = rep.next;
            total += rep.v;
        }
        total
    });
    assert_eq!(a.await.unwrap(), tri(n + 1));
    b.await.unwrap();
    n
}

async fn ping_pong_queue(n: usize) -> usize {
    let (there, mut there_rx) = mpsc::channel::<u64>(1);
    let (back, mut back_rx) = mpsc::channel::<u64>(1);
    let b = tokio::spawn(async move {
        for _ in 0..n {
            let v = there_rx.recv().await.unwrap();
            back.send(v + 1).await.unwrap();
        }
    });
    let a = tokio::spawn(async move {
        let mut total = 0;
        for i in 0..n {
            there.send(i as u64).await.unwrap();
            total += back_rx.recv().await.unwrap();
        }
        total
    });
    assert_eq!(a.await.unwrap(), tri(n + 1));
    b.await.unwrap();
    n
}

async fn timers(n: usize) -> usize {
    let mut x: u32 = 12345;
    let mut tasks = Vec::with_capacity(n);
    for _ in 0..n {
        x = x.wrapping_mul(1664525).wrapping_add(1013904223);
        let us = ((x >> 8) % 500_001) as u64;
        tasks.push(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(us)).await;
            1usize
        }));
    }
    let mut total = 0;
    for t in tasks {
        total += t.await.unwrap();
    }
    assert_eq!(total, n);
    n
}

async fn timeout(n: usize) -> usize {
    let mut total = 0;
    for i in 0..n {
        total += tokio::time::timeout(Duration::from_secs(10), yield_value(i as u64)).await.unwrap();
    }
    assert_eq!(total, tri(n));
    n
}

async fn cancel(n: usize) -> usize {
    let mut caught = 0;
    for _ in (0..n).step_by(BATCH) {
        let tasks: Vec<JoinHandle<()>> = (0..BATCH).map(|_| tokio::spawn(std::future::pending::<()>())).collect();
        yield_now().await;
        for t in &tasks {
            t.abort();
        }
        for t in tasks {
            if t.await.unwrap_err().is_cancelled() {
                caught += 1;
            }
        }
    }
    assert_eq!(caught, n);
    n
}

async fn memory(peer: &str, name: &str, n: usize, sleeping: bool) {
    let mut keep = Vec::with_capacity(n);
    let mut senders = Vec::new();
    tokio::spawn(value(1)).await.unwrap();
    let before = status_kb("VmRSS");
    let t0 = Instant::now();
    for _ in 0..n {
        if sleeping {
            keep.push(tokio::spawn(async {
                tokio::time::sleep(Duration::from_secs(1000)).await;
            }));
        } else {
            let (tx, rx) = oneshot::channel::<u32>();
            senders.push(tx);
            keep.push(tokio::spawn(async move {
                let _ = rx.await;
            }));
        }
    }
    yield_now().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let secs = t0.elapsed().as_secs_f64();
    let after = status_kb("VmRSS");
    println!(
        "workload={name} peer={peer} n={n} seconds={secs:.3} bytes_task={:.0} rss_before_kb={before} rss_kb={after} hwm_kb={}",
        (after - before) as f64 * 1024.0 / n as f64,
        status_kb("VmHWM")
    );
    std::process::exit(0);
}

async fn threadsafe_cb(n: usize) -> usize {
    let h = tokio::runtime::Handle::current();
    let (tx, rx) = oneshot::channel::<()>();
    let tx = Arc::new(std::sync::Mutex::new(Some(tx)));
    let seen = Arc::new(AtomicU64::new(0));
    let s2 = seen.clone();
    let th = std::thread::spawn(move || {
        for _ in 0..n {
            let (s, t) = (s2.clone(), tx.clone());
            h.spawn(async move {
                if s.fetch_add(1, Relaxed) + 1 == n as u64 {
                    let _ = t.lock().unwrap().take().unwrap().send(());
                }
            });
        }
    });
    rx.await.unwrap();
    th.join().unwrap();
    assert_eq!(seen.load(Relaxed), n as u64);
    n
}

async fn threadsafe_rt(n: usize) -> usize {
    let h = tokio::runtime::Handle::current();
    let (tx, rx) = oneshot::channel::<usize>();
    let th = std::thread::spawn(move || {
        let mut good = 0;
        for i in 0..n {
            let (rtx, rrx) = oneshot::channel::<usize>();
            h.spawn(async move {
                let _ = rtx.send(i + 1);
            });
            if rrx.blocking_recv().unwrap() == i + 1 {
                good += 1;
            }
        }
        let _ = tx.send(good);
    });
    assert_eq!(rx.await.unwrap(), n);
    th.join().unwrap();
    n
}

async fn echo() {
    let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("LISTENING {}", l.local_addr().unwrap().port());
    loop {
        let (mut s, _) = l.accept().await.unwrap();
        s.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let mut buf = [0u8; 4096];
            loop {
                match s.read(&mut buf).await {
                    Ok(n) if n > 0 => {
                        if s.write_all(&buf[..n]).await.is_err() {
                            return;
                        }
                    }
                    _ => return,
                }
            }
        });
    }
}

async fn pick(w: &str, n: usize) -> usize {
    match w {
        "spawn_join" => spawn_join(n).await,
        "yield_1" => yield_1(n).await,
        "yield_1000" => yield_1000(n).await,
        "await_chain" => await_chain(n).await,
        "await_chain_static" => await_chain_static(n).await,
        "deep_yield" => deep_yield(n).await,
        "gather" => gather(n).await,
        "gather_bare" => gather_bare(n).await,
        "ping_pong_future" => ping_pong_future(n).await,
        "ping_pong_queue" => ping_pong_queue(n).await,
        "timers" => timers(n).await,
        "timeout" => timeout(n).await,
        "cancel" => cancel(n).await,
        "threadsafe_cb" => threadsafe_cb(n).await,
        "threadsafe_rt" => threadsafe_rt(n).await,
        _ => std::process::exit(77), // no such workload
    }
}

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (peer, w, n) = (&a[1], a[2].clone(), a[3].parse::<usize>().unwrap());
    let reps: usize = std::env::var("REPS").ok().and_then(|v| v.parse().ok()).unwrap_or(5);
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if w == "echo" {
        return rt.block_on(echo());
    }
    if w.starts_with("memory") {
        return rt.block_on(memory(peer, &w, n, w == "memory_sleep"));
    }
    let (mut wall, mut cpu, mut flt, mut ops) = (vec![], vec![], vec![], 0);
    for r in 0..=reps {
        let ((c0, f0), t0) = (usage(), Instant::now());
        ops = rt.block_on(pick(&w, n));
        let (t, (c1, f1)) = (t0.elapsed().as_secs_f64(), usage());
        if r > 0 {
            wall.push(t);
            cpu.push(c1 - c0);
            flt.push(f1 - f0);
        }
    }
    wall.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    flt.sort();
    let (m, o) = (reps / 2, ops as f64);
    println!(
        "workload={w} peer={peer} n={ops} reps={reps} best_s={:.4} med_s={:.4} best_ns={:.1} med_ns={:.1} med_cpu_s={:.4} med_cpu_ns={:.1} med_faults={}",
        wall[0], wall[m], wall[0] * 1e9 / o, wall[m] * 1e9 / o, cpu[m], cpu[m] * 1e9 / o, flt[m]
    );
}
