/*
 * User memory, seen from the kernel: range checks around the machine's copy functions, which
 * survive faults; and scatter lists.
 */
#include "vm/uaccess.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "arch/uaccess.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "machine/cpu.h"
#include "vm/fault.h"
#include "vm/page.h"
#include "vm/pmap.h"

size_t copyin_some(void *dst, ulong src, size_t n)
{
	return uaccess_ok(src, n) ? copy_user(dst, (const void *)src, n) : n;
}

size_t copyout_some(ulong dst, const void *src, size_t n)
{
	return uaccess_ok(dst, n) ? copy_user((void *)dst, src, n) : n;
}

size_t clearout_some(ulong dst, size_t n)
{
	return uaccess_ok(dst, n) ? clear_user((void *)dst, n) : n;
}

int copyin(void *dst, ulong src, size_t n)
{
	return copyin_some(dst, src, n) ? -EFAULT : 0;
}

int copyout(ulong dst, const void *src, size_t n)
{
	return copyout_some(dst, src, n) ? -EFAULT : 0;
}

ssize_t copyin_str(char *dst, ulong src, size_t size)
{
	size_t room;
	ssize_t n;

	if (src >= USER_TOP)
		return -EFAULT;
	room = MIN(size, (size_t)(USER_TOP - src));
	n = copy_user_str(dst, (const char *)src, room);
	if (n < 0 || (size_t)n < room)
		return n;
	return room < size ? -EFAULT : -ENAMETOOLONG;
}

int uaccess_prefault(ulong va, size_t n, unsigned access)
{
	if (n == 0)
		return 0;
	if (!uaccess_ok(va, n))
		return -EFAULT;
	for (ulong at = ALIGN_DOWN(va, PAGE_SIZE); at < va + n; at += PAGE_SIZE) {
		enum fault_result result = FAULT_BUS;

		if (!signal_fatal_pending())
			result = vm_fault(current_thread()->mm, at, access);
		if (result != FAULT_OK)
			return result == FAULT_OOM ? -ENOMEM : -EFAULT;
		sched_point();
	}
	return 0;
}

void uaccess_nofault_begin(void)
{
	current_thread()->nofault++;
}

void uaccess_nofault_end(void)
{
	current_thread()->nofault--;
}

enum uio_way { UIO_PUT, UIO_GET, UIO_ZERO };

/* Bytes of one element NOT copied. */
static size_t copy_element(const struct uio *u, ulong base, char *mem, size_t n, enum uio_way way)
{
	switch (way) {
	case UIO_PUT:
		if (!u->kernel)
			return copyout_some(base, mem, n);
		memcpy((void *)base, mem, n);
		return 0;
	case UIO_GET:
		if (!u->kernel)
			return copyin_some(mem, base, n);
		memcpy(mem, (const void *)base, n);
		return 0;
	default:
		if (!u->kernel)
			return clearout_some(base, n);
		memset((void *)base, 0, n);
		return 0;
	}
}

/*
 * Copy up to n bytes of the current element, and advance. False if a bad address ended that. (Here
 * and below mem may be NULL, where only zeros are moved.)
 */
static inline bool move_part(struct uio *u, char *mem, size_t n, enum uio_way way)
{
	size_t part = MIN(n, u->iov->len - u->done);
	size_t missed = copy_element(u, u->iov->base + u->done, mem, part, way);

	part -= missed;
	u->done += part;
	u->left -= part;
	if (u->done == u->iov->len) {
		u->iov++;
		u->done = 0;
	}
	return !missed;
}

/* Copy on through the elements until u->left is down to `rest`. */
static NOINLINE void move_rest(struct uio *u, char *mem, size_t rest, enum uio_way way)
{
	size_t first = u->left;

	while (u->left > rest)
		if (!move_part(u, mem ? mem + (first - u->left) : NULL, u->left - rest, way))
			return;
}

/* Most often one element has it all; the rest is out of line, to keep that short. */
static inline size_t uio_move(struct uio *u, char *mem, size_t n, enum uio_way way)
{
	size_t first = u->left;
	bool good;

	n = MIN(n, first);
	if (!n)
		return 0;
	good = move_part(u, mem, n, way);
	if (UNLIKELY(first - u->left < n) && good)
		move_rest(u, mem ? mem + (first - u->left) : NULL, first - n, way);
	return first - u->left;
}

size_t uio_put(struct uio *u, const void *src, size_t n)
{
	return uio_move(u, (char *)src, n, UIO_PUT);
}

size_t uio_get(struct uio *u, void *dst, size_t n)
{
	return uio_move(u, dst, n, UIO_GET);
}

size_t uio_put_zero(struct uio *u, size_t n)
{
	return uio_move(u, NULL, n, UIO_ZERO);
}

int uio_prefault(const struct uio *u, size_t n, unsigned access)
{
	if (u->kernel || u->left == 0)
		return 0;
	return uaccess_prefault(u->iov->base + u->done, MIN(n, u->iov->len - u->done), access);
}
