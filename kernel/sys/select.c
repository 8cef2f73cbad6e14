/*
 * select: sets of descriptors turned into what poll asks, and its answers into sets.
 *
 * A set is an array of longs. Of descriptors beyond those the table has room for nothing is read or
 * written, as on Linux.
 */
#include "sys/parts.h"

#include "fs/path.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "sys/syscalls.h"
#include "vm/kmalloc.h"
#include "vm/uaccess.h"

#define SETS 3u
#define LONG_BITS (8 * sizeof(ulong))
#define SIGSET_SIZE 8u

/* What makes a descriptor ready for reading, for writing, and exceptional. */
static const uint set_events[SETS] = {
	POLLIN | POLLRDNORM | POLLHUP | POLLERR,
	POLLOUT | POLLWRNORM | POLLERR,
	POLLPRI,
};

struct select {
	uint n;		/* descriptors below this */
	size_t longs;	/* of one set */
	ulong *sets;	/* of all three, one after the other */
	struct pollfd *fds;
	uint nfds;	/* those in any set */
};

static ulong *word_of(const struct select *s, unsigned set, uint fd)
{
	return &s->sets[set * s->longs + fd / LONG_BITS];
}

static ulong bit_of(uint fd)
{
	return 1ul << fd % LONG_BITS;
}

/* The last word's bits beyond the number stand for nothing: they are 0 in the answer. */
static int copyin_sets(struct select *s, const ulong *at)
{
	size_t bytes = s->longs * sizeof(ulong);

	for (unsigned set = 0; set < SETS; set++) {
		if (at[set] && copyin(s->sets + set * s->longs, at[set], bytes))
			return -EFAULT;
		if (s->n % LONG_BITS)
			*word_of(s, set, s->n) &= bit_of(s->n) - 1;
	}
	return 0;
}

static int copyout_sets(const struct select *s, const ulong *at)
{
	size_t bytes = s->longs * sizeof(ulong);

	for (unsigned set = 0; set < SETS; set++)
		if (at[set] && copyout(at[set], s->sets + set * s->longs, bytes))
			return -EFAULT;
	return 0;
}

/* The events to wait for on fd: 0 if it is in no set. */
static uint events_of(const struct select *s, uint fd)
{
	uint events = 0;

	for (unsigned set = 0; set < SETS; set++)
		if (*word_of(s, set, fd) & bit_of(fd))
			events |= set_events[set];
	return events;
}

/* Count the descriptors in the sets; -EBADF if one of them is not open. */
static int count_members(struct select *s)
{
	for (uint fd = 0; fd < s->n; fd++) {
		if (!events_of(s, fd))
			continue;
		if (files_get_cloexec(current_thread()->files, (int)fd) < 0)
			return -EBADF;
		s->nfds++;
	}
	return 0;
}

static void fill_members(struct select *s)
{
	uint i = 0;

	for (uint fd = 0; fd < s->n; fd++) {
		uint events = events_of(s, fd);

		if (events)
			s->fds[i++] = (struct pollfd){.fd = (s32)fd, .events = (s16)events};
	}
}

/* Leave in the sets what is ready. How many bits that are. */
static long keep_ready(struct select *s)
{
	long ready = 0;

	for (uint i = 0; i < s->nfds; i++) {
		uint fd = (uint)s->fds[i].fd, got = (u16)s->fds[i].revents;

		for (unsigned set = 0; set < SETS; set++) {
			ulong *word = word_of(s, set, fd);

			if (!(*word & bit_of(fd)))
				continue;
			if (got & (set_events[set] | POLLNVAL))
				ready++;
			else
				*word &= ~bit_of(fd);
		}
	}
	return ready;
}

/* With the sets in memory: poll, and leave the answer in them. */
static long select_members(struct select *s, u64 deadline)
{
	long n = count_members(s);

	if (n)
		return n;
	s->fds = kcalloc(MAX(s->nfds, 1u), sizeof(*s->fds), ALLOC_WAIT);
	if (!s->fds)
		return -ENOMEM;
	fill_members(s);
	n = fs_poll(s->fds, s->nfds, deadline, true);
	if (n >= 0)
		n = keep_ready(s);
	kmfree(s->fds);
	return n;
}

long sys_select_until(const ulong *args, u64 deadline)
{
	struct select s = {0};
	long n;

	if ((int)args[0] < 0)
		return -EINVAL;
	s.n = MIN((uint)args[0], files_room(current_thread()->files));
	s.longs = (s.n + LONG_BITS - 1) / LONG_BITS;
	s.sets = kcalloc(MAX(SETS * s.longs, (size_t)1), sizeof(ulong), ALLOC_WAIT);
	if (!s.sets)
		return -ENOMEM;
	n = copyin_sets(&s, args + 1);
	if (!n)
		n = select_members(&s, deadline);
	if (n >= 0 && copyout_sets(&s, args + 1))
		n = -EFAULT;
	kmfree(s.sets);
	return n == -EINTR ? -ERESTARTNOHAND : n;
}

/* The sixth argument: where the mask is, and its size. */
struct mask_arg {
	ulong at, size;
};

long sys_pselect6_in(const ulong *args, enum time_form form)
{
	struct mask_arg arg = {0, 0};
	u64 deadline, mask;
	long n;

	if (args[5] && COPYIN(&arg, args[5]))
		return -EFAULT;
	n = sys_poll_deadline(args[4], form, &deadline);
	if (n)
		return n;
	if (arg.at) {
		if (arg.size != SIGSET_SIZE)
			return -EINVAL;
		if (COPYIN(&mask, arg.at))
			return -EFAULT;
		signal_set_temporary_mask(mask);
	}
	n = sys_select_until(args, deadline);
	return sys_poll_left(args[4], form, deadline, n);
}

SYSCALL(pselect6)
{
	return sys_pselect6_in(args, TIME_LONG);
}
