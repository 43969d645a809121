// Go workloads; docs/performance.md says what each one does. GOMAXPROCS is set by run.sh.
// usage: peergo PEER WORKLOAD N
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const batch = 10000

func usage() (float64, int64) {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9, r.Minflt
}

func statusKB(key string) int64 {
	b, _ := os.ReadFile("/proc/self/status")
	for _, l := range strings.Split(string(b), "\n") {
		if f := strings.Fields(l); len(f) > 1 && f[0] == key+":" {
			v, _ := strconv.ParseInt(f[1], 10, 64)
			return v
		}
	}
	return 0
}

func check(ok bool) {
	if !ok {
		panic("wrong result")
	}
}

func tri(n int) int { return n * (n - 1) / 2 }

// A goroutine has no result and no join; a channel of one slot is the usual stand-in.
func spawn(i int) chan int {
	ch := make(chan int, 1)
	go func() { ch <- i }()
	return ch
}

func spawnJoin(n int) int {
	total := 0
	chs := make([]chan int, batch)
	for base := 0; base < n; base += batch {
		for k := range chs {
			chs[k] = spawn(base + k)
		}
		for _, c := range chs {
			total += <-c
		}
	}
	check(total == tri(n))
	return n
}

// One WaitGroup and a slice of results instead of a channel each.
func spawnJoinWG(n int) int {
	total := 0
	res := make([]int, batch)
	for base := 0; base < n; base += batch {
		var wg sync.WaitGroup
		wg.Add(batch)
		for k := range res {
			go func(k, v int) { res[k] = v; wg.Done() }(k, base+k)
		}
		wg.Wait()
		for _, v := range res {
			total += v
		}
	}
	check(total == tri(n))
	return n
}

func yielder(n int, ch chan int) {
	for i := 0; i < n; i++ {
		runtime.Gosched()
	}
	ch <- n
}

func yield1(n int) int {
	ch := make(chan int, 1)
	go yielder(n, ch)
	return <-ch
}

func yield1000(n int) int {
	per, total := n/1000, 0
	ch := make(chan int, 1000)
	for i := 0; i < 1000; i++ {
		go yielder(per, ch)
	}
	for i := 0; i < 1000; i++ {
		total += <-ch
	}
	return total
}

//go:noinline
func chain(d, y int) int {
	if d == 1 {
		for i := 0; i < y; i++ {
			runtime.Gosched()
		}
		return 1
	}
	return 1 + chain(d-1, y)
}

func awaitChain(n int) int {
	rounds, total := n/100, 0
	if rounds == 0 {
		rounds = 1
	}
	for i := 0; i < rounds; i++ {
		total += chain(100, 1)
	}
	check(total == rounds*100)
	return rounds * 100
}

func deepYield(n int) int {
	rounds, total := n/100, 0
	if rounds == 0 {
		rounds = 1
	}
	for i := 0; i < rounds; i++ {
		total += chain(100, 100)
	}
	check(total == rounds*100)
	return rounds * 100
}

func gather(n int) int {
	rounds, total := n/batch, 0
	if rounds == 0 {
		rounds = 1
	}
	for r := 0; r < rounds; r++ {
		res := make([]int, batch)
		var wg sync.WaitGroup
		wg.Add(batch)
		for k := range res {
			go func(k int) { runtime.Gosched(); res[k] = k; wg.Done() }(k)
		}
		wg.Wait()
		for _, v := range res {
			total += v
		}
	}
	check(total == rounds*tri(batch))
	return rounds * batch
}

type req struct {
	v     int
	reply chan rep
}
type rep struct {
	v    int
	next chan req
}

func pingPongFuture(n int) int {
	first := make(chan req, 1)
	go func() {
		in := first
		for i := 0; i < n; i++ {
			r := <-in
			in = make(chan req, 1)
			r.reply <- rep{r.v + 1, in}
		}
	}()
	done := make(chan int, 1)
	go func() {
		out, total := first, 0
		for i := 0; i < n; i++ {
			back := make(chan rep, 1)
			out <- req{i, back}
			r := <-back
			out = r.next
			total += r.v
		}
		done <- total
	}()
	check(<-done == tri(n+1))
	return n
}

func pingPongQueue(n int) int {
	there, back := make(chan int, 1), make(chan int, 1)
	go func() {
		for i := 0; i < n; i++ {
			back <- <-there + 1
		}
	}()
	done := make(chan int, 1)
	go func() {
		total := 0
		for i := 0; i < n; i++ {
			there <- i
			total += <-back
		}
		done <- total
	}()
	check(<-done == tri(n+1))
	return n
}

func timers(n int) int {
	x := uint32(12345)
	ch := make(chan int, n)
	for i := 0; i < n; i++ {
		x = x*1664525 + 1013904223
		d := time.Duration((x>>8)%500001) * time.Microsecond
		go func() { time.Sleep(d); ch <- 1 }()
	}
	total := 0
	for i := 0; i < n; i++ {
		total += <-ch
	}
	check(total == n)
	return n
}

func timeout(n int) int {
	total := 0
	for i := 0; i < n; i++ {
		v := i
		ch := make(chan int, 1)
		go func() { runtime.Gosched(); ch <- v }()
		t := time.NewTimer(10 * time.Second)
		select {
		case r := <-ch:
			total += r
		case <-t.C:
		}
		t.Stop()
	}
	check(total == tri(n))
	return n
}

func cancelAll(n int) int {
	caught := 0
	cancels := make([]context.CancelFunc, batch)
	errs := make([]chan error, batch)
	for base := 0; base < n; base += batch {
		for k := range cancels {
			ctx, stop := context.WithCancel(context.Background())
			ch := make(chan error, 1)
			cancels[k], errs[k] = stop, ch
			go func() { <-ctx.Done(); ch <- ctx.Err() }()
		}
		runtime.Gosched()
		for _, stop := range cancels {
			stop()
		}
		for _, ch := range errs {
			if <-ch == context.Canceled {
				caught++
			}
		}
	}
	check(caught == n)
	return n
}

func memory(peer, w string, n int) {
	runtime.GC()
	debug.FreeOSMemory()
	before := statusKB("VmRSS")
	t0 := time.Now()
	never := make(chan int)
	for i := 0; i < n; i++ {
		if w == "memory_sleep" {
			go func() { time.Sleep(1000 * time.Second) }()
		} else {
			go func() { <-never }()
		}
	}
	runtime.Gosched()
	time.Sleep(200 * time.Millisecond)
	secs := time.Since(t0).Seconds()
	after := statusKB("VmRSS")
	runtime.GC()
	debug.FreeOSMemory()
	gced := statusKB("VmRSS")
	fmt.Printf("workload=%s peer=%s n=%d seconds=%.3f bytes_task=%.0f bytes_task_after_gc=%.0f rss_before_kb=%d rss_kb=%d hwm_kb=%d\n",
		w, peer, n, secs, float64(after-before)*1024/float64(n), float64(gced-before)*1024/float64(n), before, after, statusKB("VmHWM"))
	os.Exit(0)
}

// The "loop" is one goroutine locked to its OS thread that runs functions from a channel;
// the foreign thread is another locked goroutine.
func threadsafeCB(n int) int {
	inbox := make(chan func(), 1024)
	go func() {
		runtime.LockOSThread()
		seen := 0
		cb := func() { seen++ }
		for i := 0; i < n; i++ {
			inbox <- cb
		}
		inbox <- func() { check(seen == n) }
		close(inbox)
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for f := range inbox {
		f()
	}
	return n
}

func threadsafeRT(n int) int {
	inbox := make(chan func(), 1024)
	go func() {
		runtime.LockOSThread()
		good := 0
		for i := 0; i < n; i++ {
			back := make(chan int, 1)
			v := i
			inbox <- func() { back <- v + 1 }
			if <-back == i+1 {
				good++
			}
		}
		check(good == n)
		close(inbox)
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for f := range inbox {
		f()
	}
	return n
}

func echo() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil)
	fmt.Printf("LISTENING %d\n", l.Addr().(*net.TCPAddr).Port)
	for {
		c, err := l.Accept()
		check(err == nil)
		go func() {
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				if _, err = c.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
	}
}

func main() {
	peer, w := os.Args[1], os.Args[2]
	n, _ := strconv.Atoi(os.Args[3])
	if w == "echo" {
		echo()
	}
	if strings.HasPrefix(w, "memory") {
		memory(peer, w, n)
	}
	fn := map[string]func(int) int{
		"spawn_join": spawnJoin, "spawn_join_wg": spawnJoinWG, "yield_1": yield1, "yield_1000": yield1000,
		"await_chain": awaitChain, "deep_yield": deepYield, "gather": gather, "ping_pong_future": pingPongFuture,
		"ping_pong_queue": pingPongQueue, "timers": timers, "timeout": timeout, "cancel": cancelAll,
		"threadsafe_cb": threadsafeCB, "threadsafe_rt": threadsafeRT,
	}[w]
	if fn == nil {
		os.Exit(77) // no such workload
	}
	reps := 5
	if v, err := strconv.Atoi(os.Getenv("REPS")); err == nil {
		reps = v
	}
	var wall, cpu []float64
	var flt []int64
	ops := 0
	for r := 0; r <= reps; r++ {
		c0, f0 := usage()
		t0 := time.Now()
		ops = fn(n)
		t := time.Since(t0).Seconds()
		c1, f1 := usage()
		if r > 0 {
			wall, cpu, flt = append(wall, t), append(cpu, c1-c0), append(flt, f1-f0)
		}
	}
	sort.Float64s(wall)
	sort.Float64s(cpu)
	sort.Slice(flt, func(a, b int) bool { return flt[a] < flt[b] })
	m, o := reps/2, float64(ops)
	fmt.Printf("workload=%s peer=%s n=%d reps=%d best_s=%.4f med_s=%.4f best_ns=%.1f med_ns=%.1f med_cpu_s=%.4f med_cpu_ns=%.1f med_faults=%d\n",
		w, peer, ops, reps, wall[0], wall[m], wall[0]*1e9/o, wall[m]*1e9/o, cpu[m], cpu[m]*1e9/o, flt[m])
}
