/*
 * The console: a serial port, a screen, or both; two streams out.
 *
 * The kernel's log and the programs' output wait in a ring each. The port's interrupt takes bytes
 * from them, the log's first: messages are put into its ring whole, so they stay whole. A
 * terminal gets both as they are (the log with CR LF); with the link on, link.c frames them.
 *
 * The log is sent polled until the first interrupt has come: before that nobody would send it. A
 * log that comes faster than the port takes it loses whole messages, and says so.
 *
 * The screen reads the programs' output beside the port, at its own pace: the ring has a second
 * tail, and room once both have moved. A screen has no interrupt, so a thread does it, a chunk at a
 * time. The log is shown where it is written: whoever writes it may hold any lock, so it cannot
 * wake a thread, and what it says may be that threads do not run.
 *
 * In a panic nothing is locked: the other CPUs have stopped, and this one may have held the lock.
 * Locks: console.lock, (l), and console.screen_lock, held while the screen is written to, (s). Both
 * RANK_LOG, never together.
 */
#include "dev/console.h"

#include "lib/errno.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/boot.h"
#include "proc/thread.h"
#include "proc/timer.h"

#define LOG_SIZE 16384u /* powers of two */
#define OUT_SIZE 8192u
#define SCREEN_CHUNK 128u /* bytes shown with interrupts off */
#define IDLE_POLL (NSEC / 1000) /* how often console_drain looks whether the port is idle */

struct ring {
	u8 *bytes;
	u32 size;
	u32 head, tail; /* count bytes put and taken, modulo 2^32 */
};

static u8 log_bytes[LOG_SIZE], out_bytes[OUT_SIZE];

static struct {
	struct spinlock lock;
	struct spinlock screen_lock;
	struct serial *port;	/* NULL until one is attached */
	const struct screen *screen; /* the same */
	bool live;		/* an interrupt has come: buffering works */
	bool panic;
	bool hold;		/* (l) keep programs' output back */
	bool log_cr;		/* the terminal was sent a CR, its LF is next; the sender's own */
	u32 lost;		/* (l) messages dropped since the last one that fit */
	struct ring log, out;	/* (l) with the port's tails */
	u32 screen_tail;	/* (l) the screen's tail of `out` */
	bool showing;		/* (l) what the screen's thread took is not all shown yet */
} console = {
	.lock = SPINLOCK_INIT("console", RANK_LOG),
	.screen_lock = SPINLOCK_INIT("screen", RANK_LOG),
	.log = { .bytes = log_bytes, .size = LOG_SIZE },
	.out = { .bytes = out_bytes, .size = OUT_SIZE },
};

struct waitq console_out_wait = {
	.lock = SPINLOCK_INIT("console output", RANK_WAITQ),
	.waiters = LIST_INIT(console_out_wait.waiters),
};

/* What the screen's thread waits for. */
static struct waitq screen_wait = {
	.lock = SPINLOCK_INIT("screen", RANK_WAITQ),
	.waiters = LIST_INIT(screen_wait.waiters),
};

static ulong lock_unless_panic(struct spinlock *l)
{
	return console.panic ? 0 : spin_lock_irq(l);
}

static void unlock_unless_panic(struct spinlock *l, ulong flags)
{
	if (!console.panic)
		spin_unlock_irq(l, flags);
}

static ulong lock(void)
{
	return lock_unless_panic(&console.lock);
}

static void unlock(ulong flags)
{
	unlock_unless_panic(&console.lock, flags);
}

static u32 ring_count(const struct ring *r)
{
	return r->head - r->tail;
}

static u32 ring_room(const struct ring *r)
{
	return r->size - ring_count(r);
}

static void ring_put(struct ring *r, const void *bytes, u32 n)
{
	u32 at = r->head & (r->size - 1), part = MIN(n, r->size - at);

	memcpy(r->bytes + at, bytes, part);
	memcpy(r->bytes, (const u8 *)bytes + part, n - part);
	r->head += n;
}

static int ring_take(struct ring *r)
{
	return ring_count(r) ? r->bytes[r->tail++ & (r->size - 1)] : -1;
}

/* --- who takes programs' output --- */

static bool screen_takes_out(void)
{
	return console.screen && !link_active();
}

/* How much of it the screen has still to take. (l) */
static u32 screen_count(void)
{
	return screen_takes_out() ? console.out.head - console.screen_tail : 0;
}

/* How much somebody has still to take. (l) */
static u32 out_count(void)
{
	return MAX(console.port ? ring_count(&console.out) : 0, screen_count());
}

/* Writers wait for room; out_count() was `before`, and is `after` now. */
static void out_taken(u32 before, u32 after)
{
	if (console.panic || before == after)
		return;
	if (after == 0 || (before > OUT_SIZE / 2 && after <= OUT_SIZE / 2))
		waitq_wake_all(&console_out_wait);
}

/* --- the port's side --- */

int console_take_log(void)
{
	ulong flags = lock();
	int c = ring_take(&console.log);

	unlock(flags);
	return c;
}

int console_take_out(void)
{
	ulong flags = lock();
	u32 before = out_count(), after;
	int c = console.hold ? -1 : ring_take(&console.out);

	after = out_count();
	unlock(flags);
	out_taken(before, after);
	return c;
}

/* The log for a terminal: LF becomes CR LF. */
static int take_log_text(void)
{
	int c;

	if (console.log_cr) {
		console.log_cr = false;
		return '\n';
	}
	c = console_take_log();
	if (c == '\n') {
		console.log_cr = true;
		return '\r';
	}
	return c;
}

static int next_tx(void)
{
	int c;

	__atomic_store_n(&console.live, true, __ATOMIC_RELAXED);
	if (link_active())
		return link_next_tx();
	c = take_log_text();
	return c >= 0 ? c : console_take_out();
}

static bool rx(u8 c)
{
	return link_active() ? link_rx(c) : tty_rx(c);
}

bool console_attached(void)
{
	return console.port;
}

void console_attach(struct serial *s)
{
	ASSERT(!console.port);
	s->next_tx = next_tx;
	s->rx = rx;
	console.port = s;
	s->kick(s);
}

void console_resume(void)
{
	if (console.port)
		console.port->resume(console.port);
}

static void kick(void)
{
	if (console.port)
		console.port->kick(console.port);
}

/* --- the screen's side --- */

/* Take at most n bytes for the screen. */
static u32 screen_take(u8 *bytes, u32 n)
{
	ulong flags = lock();
	u32 before = out_count(), after;

	n = console.hold ? 0 : MIN(n, screen_count());
	for (u32 i = 0; i < n; i++)
		bytes[i] = console.out.bytes[console.screen_tail++ & (OUT_SIZE - 1)];
	console.showing = n;
	after = out_count();
	unlock(flags);
	out_taken(before, after);
	return n;
}

/* Show n bytes; what the screen answers to them goes to `answer`. How long that is. */
static size_t show(const u8 *bytes, size_t n, u8 *answer, size_t max)
{
	ulong flags = lock_unless_panic(&console.screen_lock);

	console.screen->write(bytes, n);
	n = console.screen->answer(answer, max);
	unlock_unless_panic(&console.screen_lock, flags);
	return n;
}

/* Show what there is of programs' output, at most a chunk. False if there was none. */
static bool show_some(void)
{
	u8 bytes[SCREEN_CHUNK], answer[SCREEN_CHUNK];
	u32 n = screen_take(bytes, sizeof(bytes));
	size_t answered = n ? show(bytes, n, answer, sizeof(answer)) : 0;

	if (answered && !console.panic && console_sole_screen())
		console_input(answer, answered);
	return n;
}

static bool screen_ready(void)
{
	ulong flags = lock();
	bool ready = !console.hold && screen_count();

	unlock(flags);
	return ready;
}

static void screen_thread(void *arg UNUSED)
{
	for (;;) {
		WAIT_EVENT(&screen_wait, screen_ready(), WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
		while (show_some())
			sched_point();
	}
}

int console_attach_screen(const struct screen *s)
{
	ASSERT(!console.screen);
	console.screen_tail = console.out.head;
	console.screen = s;
	if (thread_create_kernel("screen", screen_thread, NULL))
		return 0;
	console.screen = NULL;
	return -ENOMEM;
}

const struct screen *console_sole_screen(void)
{
	return console.port ? NULL : console.screen;
}

/* --- the keyboard's --- */

void console_input(const u8 *bytes, size_t n)
{
	ulong flags = intr_save();

	for (size_t i = 0; i < n && !link_active(); i++)
		tty_rx(bytes[i]);
	intr_restore(flags);
}

/* --- log --- */

static void put_polled(u8 c)
{
	if (console.port)
		console.port->putc_polled(console.port, c);
	else
		machine_early_putc((char)c);
}

/* Send what the rings hold, and the log's new text, now. */
static void send_polled(void)
{
	int c;

	while ((c = link_active() ? link_next_tx() : take_log_text()) >= 0)
		put_polled((u8)c);
}

/* Put a message into the ring, whole or not at all. */
static void log_put(const char *s, size_t n)
{
	char note[48];

	if (console.lost) {
		u32 length = (u32)fmt(note, sizeof(note), "mv6: %u messages lost\n", console.lost);

		if (ring_room(&console.log) < n + length) {
			console.lost++;
			return;
		}
		console.lost = 0;
		ring_put(&console.log, note, length);
	}
	if (n <= ring_room(&console.log))
		ring_put(&console.log, s, (u32)n);
	else
		console.lost++;
}

static void log_send(const char *s, size_t n)
{
	ulong flags = lock();

	n = MIN(n, LOG_SIZE / 2);
	log_put(s, n);
	unlock(flags);
	if (console.panic || !__atomic_load_n(&console.live, __ATOMIC_RELAXED))
		send_polled();
	else
		kick();
}

/* Show a message, in one piece. */
static void log_show(const char *s, size_t n)
{
	ulong flags = lock_unless_panic(&console.screen_lock);

	for (size_t start = 0, i = 0; i < n; i++) {
		if (s[i] != '\n' && i + 1 < n)
			continue;
		console.screen->write((const u8 *)s + start, i + (s[i] != '\n') - start);
		if (s[i] == '\n')
			console.screen->write((const u8 *)"\r\n", 2);
		start = i + 1;
	}
	unlock_unless_panic(&console.screen_lock, flags);
}

/* Without port and screen the machine has the last word (put_polled). */
static bool log_has_port(void)
{
	return console.port || !console.screen;
}

void console_write(const char *s, size_t n)
{
	if (log_has_port())
		log_send(s, n);
	if (console.screen)
		log_show(s, n);
}

static void flush_port(void)
{
	int c;

	send_polled();
	if (link_active())
		return;
	while ((c = console_take_out()) >= 0)
		put_polled((u8)c);
	put_polled('\r');
	put_polled('\n');
}

static void flush_screen(void)
{
	static const u8 line[] = "\x18\r\n"; /* CAN: an unfinished sequence is over */

	while (show_some())
		;
	console.screen->write(line, sizeof(line) - 1);
}

void console_panic_mode(void)
{
	console.panic = true;
	if (log_has_port())
		flush_port();
	if (console.screen)
		flush_screen();
}

/* --- programs' output --- */

size_t console_out(const u8 *bytes, size_t n, bool whole)
{
	ulong flags = lock();
	size_t take = MIN(n, (size_t)(OUT_SIZE - out_count()));
	bool wake;

	if (whole && take < n)
		take = 0;
	wake = take && screen_takes_out() && screen_count() == 0;
	ring_put(&console.out, bytes, (u32)take);
	unlock(flags);
	if (take)
		kick();
	if (wake)
		waitq_wake_all(&screen_wait);
	return take;
}

size_t console_out_room(void)
{
	return OUT_SIZE - console_out_count();
}

size_t console_out_count(void)
{
	ulong flags = lock();
	u32 count = out_count();

	unlock(flags);
	return count;
}

void console_out_flush(void)
{
	ulong flags = lock();

	console.out.tail = console.screen_tail = console.out.head;
	unlock(flags);
	waitq_wake_all(&console_out_wait);
}

void console_out_hold(bool hold)
{
	ulong flags = lock();

	console.hold = hold;
	unlock(flags);
	if (hold)
		return;
	kick();
	waitq_wake_all(&screen_wait);
}

static bool all_taken(void)
{
	ulong flags = lock();
	bool empty = !out_count() && !console.showing && !ring_count(&console.log);

	unlock(flags);
	return empty && !(link_active() && link_tx_pending());
}

static bool idle(void)
{
	return all_taken() && !(console.port && !console.port->tx_idle(console.port));
}

int console_drain(enum wait_how how)
{
	int err = WAIT_EVENT(&console_out_wait, console_out_count() == 0, how, WAIT_FOREVER);

	/*
	 * The rest is in the port, in the thread's hands, or the log's: it has no event of its own,
	 * but is over soon.
	 */
	while (!err && !idle()) {
		struct waitq nobody;
		struct waiter w;

		waitq_init(&nobody);
		waitq_enter(&nobody, &w);
		err = waitq_sleep(&nobody, &w, how, clock_now() + IDLE_POLL);
		if (err == -ETIMEDOUT)
			err = 0;
	}
	return err;
}
