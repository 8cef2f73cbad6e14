/*
 * Waiting for several files at once.
 *
 * Each file tells its state and, in the first round, the queues on which a change of it would be
 * announced. The caller enters all of them, so that no change is missed, and sleeps only if no file
 * was ready then. After a wake everything is asked again.
 */
#include "fs/path.h"

#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"

#define INLINE_WAITS 8u
#define CHUNK_WAITS 60u

struct poll_wait {
	struct waitq *q;
	struct waiter waiter;
};

struct poll_chunk {
	struct poll_chunk *next;
	struct poll_wait wait[CHUNK_WAITS];
};

struct poll_table {
	bool collecting; /* the queues are being told, or only states */
	bool no_memory;
	uint always; /* events told of though nobody asked for them */
	unsigned n; /* waits in use */
	struct waiter *last; /* the waiter entered last; all are chained by `also` */
	struct poll_chunk *chunks; /* the newest first */
	struct poll_wait wait[INLINE_WAITS];
};

/* Room for one more wait. */
static struct poll_wait *next_wait(struct poll_table *pt)
{
	struct poll_chunk *c;
	unsigned n = pt->n;

	if (n < INLINE_WAITS)
		return &pt->wait[n];
	n = (n - INLINE_WAITS) % CHUNK_WAITS;
	if (n == 0) {
		c = kmalloc(sizeof(*c), ALLOC_WAIT);
		if (!c)
			return NULL;
		c->next = pt->chunks;
		pt->chunks = c;
	}
	return &pt->chunks->wait[n];
}

void poll_wait(struct poll_table *pt, struct waitq *q)
{
	struct poll_wait *w;

	if (!pt->collecting || pt->no_memory)
		return;
	w = next_wait(pt);
	if (!w) {
		pt->no_memory = true;
		return;
	}
	w->q = q;
	waitq_enter(q, &w->waiter);
	w->waiter.also = pt->last;
	pt->last = &w->waiter;
	pt->n++;
}

static void leave_all(struct poll_table *pt)
{
	struct poll_chunk *c;
	unsigned n = pt->n > INLINE_WAITS ? (pt->n - INLINE_WAITS - 1) % CHUNK_WAITS + 1 : 0;

	for (unsigned i = 0; i < MIN(pt->n, INLINE_WAITS); i++)
		waitq_leave(pt->wait[i].q, &pt->wait[i].waiter);
	while ((c = pt->chunks)) {
		for (unsigned i = 0; i < n; i++)
			waitq_leave(c->wait[i].q, &c->wait[i].waiter);
		n = CHUNK_WAITS;
		pt->chunks = c->next;
		kmfree(c);
	}
	pt->n = 0;
	pt->last = NULL;
}

static uint file_poll(struct file *f, struct poll_table *pt)
{
	if (!f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f, pt);
}

/* The open file to ask, or NULL: one that stands for a name alone counts as a bad descriptor. */
static struct file *get_pollable(int fd)
{
	struct file *f = fd < 0 ? NULL : files_get_own(fd);

	if (f && (f->flags & O_PATH)) {
		file_drop(f);
		f = NULL;
	}
	return f;
}

/*
 * Ask every file. How many have something to tell. files[] holds the open files, NULL for a bad
 * descriptor.
 */
static int ask_all(struct pollfd *fds, struct file **files, uint n, struct poll_table *pt)
{
	int ready = 0;

	for (uint i = 0; i < n; i++) {
		uint events = 0;

		if (files[i])
			events = file_poll(files[i], pt) &
				((uint)(u16)fds[i].events | pt->always);
		else if (fds[i].fd >= 0)
			events = POLLNVAL;
		fds[i].revents = (s16)events;
		if (events) {
			ready++;
			pt->collecting = false;
		}
	}
	return ready;
}

static int poll_loop(struct pollfd *fds, struct file **files, uint n, u64 deadline, uint always)
{
	struct poll_table pt = {.always = always};
	int ready, err;

	for (;;) {
		pt.collecting = deadline != 0;
		ready = ask_all(fds, files, n, &pt);
		err = 0;
		if (!ready && pt.no_memory)
			err = -ENOMEM;
		else if (!ready && deadline)
			err = waitq_sleep_any(pt.last, WAIT_INTERRUPTIBLE, deadline);
		leave_all(&pt);
		if (ready || err || !deadline)
			break;
	}
	return ready ? ready : err == -ETIMEDOUT ? 0 : err;
}

int fs_poll(struct pollfd *fds, uint n, u64 deadline, bool exact)
{
	struct file *few[INLINE_WAITS], **files = few;
	int ready;

	if (n > INLINE_WAITS)
		files = kcalloc(n, sizeof(*files), ALLOC_WAIT);
	if (!files)
		return -ENOMEM;
	for (uint i = 0; i < n; i++)
		files[i] = get_pollable(fds[i].fd);
	ready = poll_loop(fds, files, n, deadline, exact ? 0 : POLLERR | POLLHUP);
	for (uint i = 0; i < n; i++)
		if (files[i])
			file_drop(files[i]);
	if (files != few)
		kmfree(files);
	return ready;
}
