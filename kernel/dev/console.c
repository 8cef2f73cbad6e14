/*
 * The console: one serial port, two streams out.
 *
 * The kernel's log and the programs' output wait in a ring each. The port's interrupt takes bytes
 * from them, the log's first: messages are put into its ring whole, so they stay whole. A
 * terminal gets both as they are (the log with CR LF); with the link on, link.c frames them.
 *
 * The log is sent polled until the first interrupt has come: before that nobody would send it. A
 * log that comes faster than the port takes it loses whole messages, and says so.
 *
 * In a panic nothing is locked: the other CPUs have stopped, and this one may have held the lock.
 * Lock: console.lock, (l), RANK_LOG.
 */
#include "dev/console.h"

#include "lib/errno.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/boot.h"
#include "proc/timer.h"

#define LOG_SIZE 16384u /* powers of two */
#define OUT_SIZE 8192u
#define IDLE_POLL (NSEC / 1000) /* how often console_drain looks whether the port is idle */

struct ring {
	u8 *bytes;
	u32 size;
	u32 head, tail; /* count bytes put and taken, modulo 2^32 */
};

static u8 log_bytes[LOG_SIZE], out_bytes[OUT_SIZE];

static struct {
	struct spinlock lock;
	struct serial *port;	/* NULL until one is attached */
	bool live;		/* an interrupt has come: buffering works */
	bool panic;
	bool hold;		/* (l) keep programs' output back */
	bool log_cr;		/* the terminal was sent a CR, its LF is next; the sender's own */
	u32 lost;		/* (l) messages dropped since the last one that fit */
	struct ring log, out;	/* (l) */
} console = {
	.lock = SPINLOCK_INIT("console", RANK_LOG),
	.log = { .bytes = log_bytes, .size = LOG_SIZE },
	.out = { .bytes = out_bytes, .size = OUT_SIZE },
};

struct waitq console_out_wait = {
	.lock = SPINLOCK_INIT("console output", RANK_WAITQ),
	.waiters = LIST_INIT(console_out_wait.waiters),
};

static ulong lock(void)
{
	return console.panic ? 0 : spin_lock_irq(&console.lock);
}

static void unlock(ulong flags)
{
	if (!console.panic)
		spin_unlock_irq(&console.lock, flags);
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
	int c = console.hold ? -1 : ring_take(&console.out);
	u32 count = ring_count(&console.out);

	unlock(flags);
	if (c >= 0 && (count == 0 || count == OUT_SIZE / 2) && !console.panic)
		waitq_wake_all(&console_out_wait);
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

void console_write(const char *s, size_t n)
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

void console_panic_mode(void)
{
	int c;

	console.panic = true;
	send_polled();
	if (link_active())
		return;
	while ((c = console_take_out()) >= 0)
		put_polled((u8)c);
	put_polled('\r');
	put_polled('\n');
}

/* --- programs' output --- */

size_t console_out(const u8 *bytes, size_t n, bool whole)
{
	ulong flags = lock();
	u32 room = ring_room(&console.out);
	size_t take = MIN(n, room);

	if (whole && take < n)
		take = 0;
	ring_put(&console.out, bytes, (u32)take);
	unlock(flags);
	if (take)
		kick();
	return take;
}

size_t console_out_room(void)
{
	ulong flags = lock();
	size_t room = ring_room(&console.out);

	unlock(flags);
	return room;
}

size_t console_out_count(void)
{
	return OUT_SIZE - console_out_room();
}

void console_out_flush(void)
{
	ulong flags = lock();

	console.out.tail = console.out.head;
	unlock(flags);
	waitq_wake_all(&console_out_wait);
}

void console_out_hold(bool hold)
{
	ulong flags = lock();

	console.hold = hold;
	unlock(flags);
	if (!hold)
		kick();
}

static bool all_taken(void)
{
	ulong flags = lock();
	bool empty = !ring_count(&console.out) && !ring_count(&console.log);

	unlock(flags);
	return empty && !(link_active() && link_tx_pending());
}

int console_drain(enum wait_how how)
{
	int err = WAIT_EVENT(&console_out_wait, console_out_count() == 0, how, WAIT_FOREVER);

	/* The rest is in the port, or the log's: it has no event of its own, but is over soon. */
	while (!err && console.port && !(all_taken() && console.port->tx_idle(console.port))) {
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
