/*
 * The link: in job mode the serial line carries one program's input and output to a program on
 * the host (tools/link), the kernel's messages beside them, and the exit status.
 *
 * Byte 0x10 (DLE) announces what is no plain byte. To the host: DLE 1 "mv6\n" begins the link;
 * DLE DLE is one 0x10; DLE K and DLE U begin and end kernel text; DLE X and two hex digits are
 * the status; DLE P says that the kernel panicked, its text follows. From the host: DLE DLE, and
 * DLE 4 for the end of the input.
 *
 * Sending: `frame` holds the rest of an announcement or escape that is on its way; the port's
 * interrupt (or the panicking CPU) is the only one to touch it. Receiving: a ring, filled by the
 * port's interrupt and emptied by readers, one at a time. A full ring stops the port, and so the
 * host.
 *
 * Letters: (l) lock, RANK_TTY; (t) the sender's own; (m) reading.
 */
#include "dev/console.h"

#include "fs/file.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/thread.h"
#include "vm/uaccess.h"

#define DLE 0x10
#define DLE_BEGIN 0x01
#define DLE_EOF 0x04
#define IN_SIZE 4096u /* a power of two */
#define CHUNK 256u

/* ioctl numbers, asm-generic/ioctls.h of Linux's user API */
#define FIONREAD 0x541b

enum stream { STREAM_OUT, STREAM_LOG };

static struct {
	bool active;
	u8 frame[8];		/* (t) bytes to send next */
	u8 frame_at, frame_len; /* (t) */
	enum stream stream;	/* (t) what the host takes plain bytes for */
	bool begun;		/* (t) */
	int status;		/* to report once all else is sent; -1: none */
	bool status_sent;	/* (t) */

	struct spinlock lock;
	u8 in[IN_SIZE];		/* (l) */
	u32 head, tail;		/* (l) counts of bytes put and taken */
	bool escape;		/* (l) a DLE has come, what it means has not */
	bool eof;		/* (l) */
	struct waitq readers;
	struct mutex reading;
} link;

bool link_active(void)
{
	return __atomic_load_n(&link.active, __ATOMIC_ACQUIRE);
}

/* --- to the host --- */

/* Send these n bytes next; the first is returned at once. */
static int send_frame(const char *bytes, unsigned n)
{
	memcpy(link.frame, bytes, n);
	link.frame_len = (u8)n;
	link.frame_at = 1;
	return link.frame[0];
}

static int send_announced(enum stream stream, int c)
{
	char f[5];
	unsigned n = 0;

	if (link.stream != stream) {
		link.stream = stream;
		f[n++] = DLE;
		f[n++] = stream == STREAM_LOG ? 'K' : 'U';
	}
	if (c == DLE)
		f[n++] = DLE;
	f[n++] = (char)c;
	return send_frame(f, n);
}

static int send_status(void)
{
	char f[8];
	int n = fmt(f, sizeof(f), "%cX%02x", DLE, (unsigned)link.status);

	__atomic_store_n(&link.status_sent, true, __ATOMIC_RELAXED);
	return send_frame(f, (unsigned)n);
}

static int next_of_frame(void)
{
	u8 c = link.frame[link.frame_at];

	__atomic_store_n(&link.frame_at, link.frame_at + 1, __ATOMIC_RELEASE);
	return c;
}

int link_next_tx(void)
{
	int c;

	if (link.frame_at < link.frame_len)
		return next_of_frame();
	if (!link.begun) {
		link.begun = true;
		return send_frame("\x10\x01mv6\n", 6);
	}
	c = console_take_log();
	if (c >= 0)
		return send_announced(STREAM_LOG, c);
	c = console_take_out();
	if (c >= 0)
		return send_announced(STREAM_OUT, c);
	if (__atomic_load_n(&link.status, __ATOMIC_ACQUIRE) >= 0 && !link.status_sent)
		return send_status();
	return -1;
}

bool link_tx_pending(void)
{
	return __atomic_load_n(&link.frame_at, __ATOMIC_ACQUIRE) < link.frame_len || !link.begun ||
		(link.status >= 0 && !link.status_sent);
}

void link_start(void)
{
	spin_init(&link.lock, "link", RANK_TTY);
	waitq_init(&link.readers);
	mutex_init(&link.reading, "link reader", RANK_NONE);
	link.status = -1;
	__atomic_store_n(&link.active, true, __ATOMIC_RELEASE);
	console_out_hold(false);
}

void link_report_exit(int status)
{
	console_drain(WAIT_UNINTERRUPTIBLE);
	__atomic_store_n(&link.status, status & 0xff, __ATOMIC_RELEASE);
	console_out_hold(false);
	console_drain(WAIT_UNINTERRUPTIBLE);
}

void link_report_panic(void)
{
	link.stream = STREAM_LOG;
	send_frame("\x10P", 2);
	link.frame_at = 0;
}

static ssize_t link_write(struct file *f, struct uio *u, off_t *pos UNUSED)
{
	u8 chunk[CHUNK];
	size_t total = 0;

	while (u->left) {
		size_t got = uio_get(u, chunk, MIN(u->left, sizeof(chunk))), put = 0;

		if (got == 0)
			return total ? (ssize_t)total : -EFAULT;
		while (put < got) {
			put += console_out(chunk + put, got - put, false);
			if (put == got)
				break;
			if (f->flags & O_NONBLOCK)
				return total + put ? (ssize_t)(total + put) : -EAGAIN;
			if (WAIT_EVENT(&console_out_wait, console_out_room() > 0,
				    WAIT_INTERRUPTIBLE, WAIT_FOREVER))
				return total + put ? (ssize_t)(total + put) : -ERESTARTSYS;
		}
		total += put;
	}
	return (ssize_t)total;
}

/* --- from the host --- */

static bool in_put(u8 c)
{
	if (link.head - link.tail == IN_SIZE)
		return false;
	link.in[link.head++ & (IN_SIZE - 1)] = c;
	return true;
}

/* Take in one byte of the stream; false if there is no room for it. */
static bool in_byte(u8 c)
{
	if (link.eof)
		return true;
	if (!link.escape) {
		if (c != DLE)
			return in_put(c);
		link.escape = true;
		return true;
	}
	if (c == DLE && !in_put(c))
		return false;
	link.escape = false;
	link.eof = c == DLE_EOF;
	return true;
}

bool link_rx(u8 c)
{
	bool taken;

	spin_lock(&link.lock);
	taken = in_byte(c);
	spin_unlock(&link.lock);
	waitq_wake_all(&link.readers);
	return taken;
}

static u32 in_count(void)
{
	return __atomic_load_n(&link.head, __ATOMIC_ACQUIRE) - link.tail;
}

static bool in_ready(void)
{
	return in_count() || __atomic_load_n(&link.eof, __ATOMIC_ACQUIRE);
}

/*
 * Copy what is there, at most u->left bytes. link.reading is held, so only the port changes the
 * ring meanwhile.
 */
static ssize_t read_available(struct uio *u)
{
	size_t total = 0;

	while (u->left && in_count()) {
		u32 at = link.tail & (IN_SIZE - 1);
		size_t n = MIN(MIN((size_t)in_count(), (size_t)IN_SIZE - at), u->left);
		size_t done = uio_put(u, link.in + at, n);
		ulong flags = spin_lock_irq(&link.lock);

		link.tail += (u32)done;
		spin_unlock_irq(&link.lock, flags);
		total += done;
		if (done < n)
			return total ? (ssize_t)total : -EFAULT;
	}
	return (ssize_t)total;
}

static ssize_t link_read(struct file *f, struct uio *u, off_t *pos UNUSED)
{
	ssize_t n = 0;

	if (u->left == 0)
		return 0;
	while (n == 0) {
		if (!in_ready()) {
			if (f->flags & O_NONBLOCK)
				return -EAGAIN;
			if (WAIT_EVENT(&link.readers, in_ready(), WAIT_INTERRUPTIBLE, WAIT_FOREVER))
				return -ERESTARTSYS;
		}
		mutex_lock(&link.reading);
		if (in_count())
			n = read_available(u);
		else if (in_ready())
			n = -ENOENT; /* the end: no byte will come any more */
		mutex_unlock(&link.reading);
	}
	console_resume();
	return n == -ENOENT ? 0 : n;
}

static uint link_poll(struct file *f UNUSED, struct poll_table *pt)
{
	uint events = 0;

	poll_wait(pt, &link.readers);
	poll_wait(pt, &console_out_wait);
	if (in_ready())
		events |= POLLIN | POLLRDNORM;
	if (console_out_room() > 0)
		events |= POLLOUT | POLLWRNORM;
	return events;
}

static long link_ioctl(struct file *f UNUSED, uint cmd, ulong arg)
{
	s32 n = (s32)in_count();

	if (cmd != FIONREAD)
		return -ENOTTY;
	return COPYOUT(arg, &n);
}

const struct file_ops link_file_ops = {
	.read = link_read,
	.write = link_write,
	.ioctl = link_ioctl,
	.poll = link_poll,
};
