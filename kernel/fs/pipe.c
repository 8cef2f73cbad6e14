/*
 * Pipes and FIFOs.
 *
 * A pipe is a ring of pages, allocated when bytes first reach them and freed when the last byte has
 * left. head and tail count bytes since the pipe was last empty: an empty pipe starts again at its
 * first page, which stays, so that small messages back and forth allocate nothing.
 *
 * A read or write first copies and then moves tail or head, so a bad buffer leaves the pipe as it
 * was. A write of at most PIPE_BUF bytes goes in whole; a larger one is let in piece by piece,
 * after its whole buffer was found readable.
 *
 * The lock is held over copies to and from user memory; it ranks like an inode's. Waiters enter a
 * queue while they hold it.
 */
#include "fs/dentry.h"

#include "fs/modules.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/kmalloc.h"
#include "vm/page.h"
#include "vm/uaccess.h"

#define PIPE_BUF 4096u
#define PIPE_PAGES 16u /* 64 KiB: the usual capacity */
#define PROT_READ 1

struct pipe {
	struct mutex lock; /* RANK_INODE */
	struct waitq read_wait; /* for bytes, or the last writer's end; a FIFO's openers too */
	struct waitq write_wait; /* for room, or the last reader's end */
	struct page **ring; /* (l) [pages] */
	u32 pages; /* (l) slots of the ring, a power of two */
	u32 filled; /* (l) slots that have a page */
	u32 head, tail; /* (l) bytes ever written and read since it was last empty */
	u32 readers, writers; /* (l) open files */
	u32 reader_opens, writer_opens; /* (l) how many ever came: FIFO openers wait for them */
	struct inode inode; /* of a pipe without a name */
};

static struct kmem_cache *pipe_cache;
static u64 next_ino = 1;

void pipe_module_init(void)
{
	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 0);
}

static struct pipe *pipe_alloc(void)
{
	struct pipe *p = kmem_alloc(pipe_cache, ALLOC_WAIT | ALLOC_ZERO);

	if (!p)
		return NULL;
	p->ring = kcalloc(PIPE_PAGES, sizeof(*p->ring), ALLOC_WAIT);
	if (!p->ring) {
		kmem_free(pipe_cache, p);
		return NULL;
	}
	p->pages = PIPE_PAGES;
	mutex_init(&p->lock, "pipe", RANK_INODE);
	waitq_init(&p->read_wait);
	waitq_init(&p->write_wait);
	return p;
}

static void pipe_free(struct pipe *p)
{
	for (u32 i = 0; i < p->pages; i++)
		if (p->ring[i])
			page_free(p->ring[i], 0);
	kmfree(p->ring);
	kmem_free(pipe_cache, p);
}

static u32 pipe_used(const struct pipe *p)
{
	return p->head - p->tail;
}

static u32 pipe_room(const struct pipe *p)
{
	return (p->pages << PAGE_SHIFT) - pipe_used(p);
}

/* The slot of the ring that byte number pos lies in. */
static struct page **ring_slot(struct pipe *p, u32 pos)
{
	return &p->ring[(pos >> PAGE_SHIFT) & (p->pages - 1)];
}

/* --- bytes in and out; lock held --- */

/* Allocate the pages for the next n bytes. */
static int ring_prepare(struct pipe *p, u32 n)
{
	u32 pages = ((p->head & PAGE_MASK) + n + PAGE_MASK) >> PAGE_SHIFT;

	for (u32 i = 0; i < pages; i++) {
		struct page **slot = ring_slot(p, p->head + (i << PAGE_SHIFT));

		if (*slot)
			continue;
		*slot = page_alloc(0, ALLOC_WAIT);
		if (!*slot)
			return -ENOMEM;
		p->filled++;
	}
	return 0;
}

static void ring_free_page(struct pipe *p, struct page **slot)
{
	if (*slot) {
		page_free(*slot, 0);
		*slot = NULL;
		p->filled--;
	}
}

/* Where byte number pos lies; *n bytes are wanted, and that many are there. */
static char *ring_at(struct pipe *p, u32 pos, u32 *n)
{
	u32 in = pos & PAGE_MASK;

	*n = MIN(*n, (u32)PAGE_SIZE - in);
	return (char *)page_addr(*ring_slot(p, pos)) + in;
}

/* Copy n bytes from u to the ring's head, which does not move yet. False if a buffer is bad. */
static bool ring_put(struct pipe *p, u32 n, struct uio *u)
{
	for (u32 done = 0, step; done < n; done += step) {
		char *at;

		step = n - done;
		at = ring_at(p, p->head + done, &step);
		if (uio_get(u, at, step) < step)
			return false;
	}
	return true;
}

/* The same from the ring's tail to u. */
static bool ring_get(struct pipe *p, u32 n, struct uio *u)
{
	for (u32 done = 0, step; done < n; done += step) {
		char *at;

		step = n - done;
		at = ring_at(p, p->tail + done, &step);
		if (uio_put(u, at, step) < step)
			return false;
	}
	return true;
}

/* Nothing is left: start again at the first slot, which gets the one page that stays. */
static void ring_reset(struct pipe *p)
{
	struct page **first = &p->ring[0];

	p->head = p->tail = 0;
	if (p->filled == 1 && *first)
		return;
	for (u32 i = 1; i < p->pages; i++) {
		if (!*first) {
			*first = p->ring[i];
			p->ring[i] = NULL;
		}
		ring_free_page(p, &p->ring[i]);
	}
}

/*
 * n bytes were read: free the pages they leave, but for the one that the newest bytes may have come
 * round to.
 */
static void ring_consume(struct pipe *p, u32 n)
{
	u32 start = p->tail & ~(u32)PAGE_MASK, left;

	p->tail += n;
	if (p->tail == p->head) {
		ring_reset(p);
		return;
	}
	left = (p->tail - start) >> PAGE_SHIFT;
	for (u32 i = 0; i < left; i++, start += PAGE_SIZE)
		if (p->head - start <= p->pages << PAGE_SHIFT)
			ring_free_page(p, ring_slot(p, start));
}

/* Sleep for a change; the lock is given up meanwhile. */
static int pipe_sleep(struct pipe *p, struct waitq *q)
{
	struct waiter w;
	int err;

	waitq_enter(q, &w);
	mutex_unlock(&p->lock);
	err = waitq_sleep(q, &w, WAIT_INTERRUPTIBLE, WAIT_FOREVER);
	mutex_lock(&p->lock);
	return err ? -ERESTARTSYS : 0;
}

static struct pipe *pipe_of(struct file *f)
{
	return f->private;
}

static ssize_t read_locked(struct pipe *p, struct file *f, struct uio *u)
{
	u32 n;
	int err;

	while (!pipe_used(p)) {
		if (!p->writers)
			return 0;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = pipe_sleep(p, &p->read_wait);
		if (err)
			return err;
	}
	n = (u32)MIN((size_t)pipe_used(p), u->left);
	if (!ring_get(p, n, u))
		return -EFAULT;
	ring_consume(p, n);
	return n;
}

static ssize_t pipe_read(struct file *f, struct uio *u, off_t *pos UNUSED)
{
	struct pipe *p = pipe_of(f);
	bool more;
	ssize_t n;

	if (!u->left)
		return 0;
	mutex_lock(&p->lock);
	n = read_locked(p, f, u);
	more = pipe_used(p) && n > 0;
	mutex_unlock(&p->lock);
	if (n > 0)
		waitq_wake_all(&p->write_wait);
	if (more)
		waitq_wake_all(&p->read_wait);
	return n;
}

/*
 * Put as much in as there is room for, at least `least` bytes; -EAGAIN if there is not that much.
 */
static ssize_t write_some(struct pipe *p, struct uio *u, u32 least)
{
	u32 n = (u32)MIN((size_t)pipe_room(p), u->left);
	int err;

	if (n < least || !n)
		return -EAGAIN;
	err = ring_prepare(p, n);
	if (err)
		return err;
	if (!ring_put(p, n, u))
		return -EFAULT;
	p->head += n;
	return n;
}

static ssize_t write_locked(struct pipe *p, struct file *f, struct uio *u)
{
	u32 least = u->left <= PIPE_BUF ? (u32)u->left : 1;
	ssize_t done = 0, n;

	while (u->left) {
		if (!p->readers) {
			if (!done)
				signal_kernel(current_proc(), SIGPIPE);
			return done ? done : -EPIPE;
		}
		n = write_some(p, u, least);
		if (n == -EAGAIN && !(f->flags & O_NONBLOCK)) {
			if (done)
				waitq_wake_all(&p->read_wait);
			n = pipe_sleep(p, &p->write_wait);
			if (!n)
				continue;
		}
		if (n < 0)
			return done ? done : n;
		done += n;
	}
	return done;
}

/* Look at the whole buffer before the first byte of a large write goes in. */
static int prefault_all(const struct uio *u)
{
	const struct iovec *iov = u->iov;
	size_t left = u->left, skip = u->done;
	int err = 0;

	while (left && !err && !u->kernel) {
		size_t n = MIN(iov->len - skip, left);

		err = n ? uaccess_prefault(iov->base + skip, n, PROT_READ) : 0;
		left -= n;
		skip = 0;
		iov++;
	}
	return err;
}

static ssize_t pipe_write(struct file *f, struct uio *u, off_t *pos UNUSED)
{
	struct pipe *p = pipe_of(f);
	ssize_t n;
	int err;

	if (!u->left)
		return 0;
	if (u->left > PIPE_BUF) {
		err = prefault_all(u);
		if (err)
			return err;
	}
	mutex_lock(&p->lock);
	n = write_locked(p, f, u);
	mutex_unlock(&p->lock);
	if (n > 0)
		waitq_wake_all(&p->read_wait);
	return n;
}

static uint pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = pipe_of(f);
	uint events = 0;

	if (file_readable(f)) {
		poll_wait(pt, &p->read_wait);
		if (pipe_used(p))
			events |= POLLIN | POLLRDNORM;
		if (!p->writers && p->writer_opens != f->writers_before)
			events |= POLLHUP;
	}
	if (file_writable(f)) {
		poll_wait(pt, &p->write_wait);
		if (pipe_room(p) >= PIPE_BUF)
			events |= POLLOUT | POLLWRNORM;
		if (!p->readers)
			events |= POLLERR;
	}
	return events;
}

#define FIONREAD 0x541b

static long pipe_ioctl(struct file *f, uint cmd, ulong arg)
{
	struct pipe *p = pipe_of(f);
	int used;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	used = (int)pipe_used(p);
	mutex_unlock(&p->lock);
	return COPYOUT(arg, &used);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = pipe_of(f);
	struct inode *inode = f->inode;
	bool named = inode->fs, last;

	if (named)
		rwlock_write(&inode->lock);
	mutex_lock(&p->lock);
	p->readers -= file_readable(f);
	p->writers -= file_writable(f);
	last = named && !p->readers && !p->writers;
	if (last)
		inode->fifo = NULL;
	/* Still locked: once it is not, another end may go and take the FIFO's pipe with it. */
	waitq_wake_all(&p->read_wait);
	waitq_wake_all(&p->write_wait);
	mutex_unlock(&p->lock);
	if (named)
		rwlock_write_unlock(&inode->lock);
	if (last)
		pipe_free(p);
}

static int pipe_sync(struct file *f UNUSED, bool data_only UNUSED)
{
	return -EINVAL;
}

static const struct file_ops pipe_file_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.sync = pipe_sync,
	.release = pipe_release,
};

/* --- capacity: F_GETPIPE_SZ, F_SETPIPE_SZ --- */

long pipe_get_size(struct file *f)
{
	return f->ops == &pipe_file_ops ? (long)(pipe_of(f)->pages << PAGE_SHIFT) : -EBADF;
}

/* The newest bytes have come round to the oldest one's page: a page of their own. NULL: no memory */
static struct page *copy_newest(struct pipe *p)
{
	struct page *page = page_alloc(0, ALLOC_WAIT);

	if (page) {
		memcpy(page_addr(page), page_addr(*ring_slot(p, p->head)), PAGE_SIZE);
		p->filled++;
	}
	return page;
}

/*
 * Move the pages in use to a ring of another size; lock held. Frees the ring that is not needed any
 * more. -EBUSY, -ENOMEM.
 */
static int ring_resize(struct pipe *p, struct page **ring, u32 pages)
{
	u32 start = p->tail & ~(u32)PAGE_MASK;
	u32 n = (p->head - start + PAGE_MASK) >> PAGE_SHIFT, moved = MIN(n, p->pages);
	int err = 0;

	if (pages == p->pages) {
		kmfree(ring);
		return 0;
	}
	if (n > pages)
		err = -EBUSY;
	else if (n > moved && !(ring[moved] = copy_newest(p)))
		err = -ENOMEM;
	if (err) {
		kmfree(ring);
		return err;
	}
	for (u32 i = 0; i < moved; i++) {
		struct page **slot = ring_slot(p, start + (i << PAGE_SHIFT));

		ring[i] = *slot;
		*slot = NULL;
	}
	for (u32 i = 0; i < p->pages; i++)
		ring_free_page(p, &p->ring[i]);
	kmfree(p->ring);
	p->ring = ring;
	p->pages = pages;
	p->head -= start;
	p->tail -= start;
	return 0;
}

long pipe_set_size(struct file *f, ulong bytes)
{
	struct page **ring;
	u32 pages = 1;
	struct pipe *p;
	int err;

	if (f->ops != &pipe_file_ops)
		return -EBADF;
	if (bytes > PIPE_SIZE_MAX)
		return bytes > 1ul << 31 ? -EINVAL : -EPERM;
	while (pages << PAGE_SHIFT < bytes)
		pages *= 2;
	ring = kcalloc(pages, sizeof(*ring), ALLOC_WAIT);
	if (!ring)
		return -ENOMEM;
	p = pipe_of(f);
	mutex_lock(&p->lock);
	err = ring_resize(p, ring, pages);
	mutex_unlock(&p->lock);
	waitq_wake_all(&p->write_wait);
	return err ? err : (long)(pages << PAGE_SHIFT);
}

/* --- pipes without a name --- */

static void pipe_evict(struct inode *inode)
{
	pipe_free(CONTAINER_OF(inode, struct pipe, inode));
}

/* One more end; lock held. */
static void count_end(struct pipe *p, const struct file *f)
{
	p->readers += file_readable(f);
	p->writers += file_writable(f);
	p->reader_opens += file_readable(f);
	p->writer_opens += file_writable(f);
}

/* Through /proc/PID/fd a pipe can be opened once more. */
static int pipe_open(struct inode *inode, struct file *f)
{
	struct pipe *p = CONTAINER_OF(inode, struct pipe, inode);

	if (!file_readable(f) && !file_writable(f))
		return -EINVAL;
	mutex_lock(&p->lock);
	count_end(p, f);
	mutex_unlock(&p->lock);
	f->private = p;
	return 0;
}

static const struct inode_ops pipe_inode_ops = {
	.open = pipe_open,
	.evict = pipe_evict,
};

/* One end: flags say which. Takes its own references. */
static struct file *pipe_end(struct pipe *p, struct dentry *d, u32 flags)
{
	struct file *f;

	inode_hold(&p->inode);
	f = file_new(&pipe_file_ops, flags, &p->inode, dentry_hold(d), p);
	if (f)
		pipe_open(&p->inode, f);
	return f;
}

int pipe_create(u32 flags, struct file *ends[2])
{
	struct pipe *p = pipe_alloc();
	struct dentry *d;

	if (!p)
		return -ENOMEM;
	inode_init(&p->inode, &pipe_inode_ops, &pipe_file_ops, NULL,
		__atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED), S_IFIFO | 0600);
	d = dentry_root(&p->inode);
	if (!d) {
		inode_put(&p->inode);
		return -ENOMEM;
	}
	ends[0] = pipe_end(p, d, O_RDONLY | (flags & O_NONBLOCK));
	ends[1] = ends[0] ? pipe_end(p, d, O_WRONLY | (flags & O_NONBLOCK)) : NULL;
	if (!ends[1] && ends[0])
		file_drop(ends[0]);
	dentry_put(d);
	return ends[1] ? 0 : -ENOMEM;
}

/* --- FIFOs --- */

/*
 * The pipe of a FIFO, made if this is the first opener, with one more end; its lock is held on
 * success. -ENOMEM, or -ENXIO for a writer that does not wait, and finds no reader: it was never
 * there. (Ends come and go with the inode's lock held, too.)
 */
static int fifo_pipe(struct inode *inode, struct file *f, struct pipe **out)
{
	bool waits = file_readable(f) || !(f->flags & O_NONBLOCK);
	int err = 0;
	struct pipe *p;

	rwlock_write(&inode->lock);
	p = inode->fifo;
	if (!waits && !(p && p->readers))
		err = -ENXIO;
	else if (!p && !(p = inode->fifo = pipe_alloc()))
		err = -ENOMEM;
	if (!err) {
		mutex_lock(&p->lock);
		count_end(p, f);
	}
	rwlock_write_unlock(&inode->lock);
	*out = p;
	return err;
}

/* Wait until the other side has come: count is its number of opens, which grows. */
static int await_opener(struct pipe *p, const u32 *present, const u32 *opens)
{
	u32 seen = *opens;
	int err = 0;

	while (!*present && *opens == seen && !err)
		err = pipe_sleep(p, &p->read_wait);
	return err;
}

int fifo_open(struct inode *inode, struct file *f)
{
	bool reads = file_readable(f), writes = file_writable(f);
	struct pipe *p;
	int err;

	if (!reads && !writes)
		return -EINVAL;
	err = fifo_pipe(inode, f, &p);
	if (err)
		return err;
	f->private = p;
	waitq_wake_all(&p->read_wait);
	/* Who does not wait for a first writer is not told of an end before one came. */
	if (reads && !p->writers)
		f->writers_before = p->writer_opens;
	if (reads && !writes && !(f->flags & O_NONBLOCK))
		err = await_opener(p, &p->writers, &p->writer_opens);
	else if (writes && !reads && !p->readers)
		err = await_opener(p, &p->readers, &p->reader_opens);
	mutex_unlock(&p->lock);
	if (err)
		pipe_release(f);
	else
		f->ops = &pipe_file_ops;
	return err;
}
