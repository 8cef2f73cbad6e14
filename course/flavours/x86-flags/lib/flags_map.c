/*
 * mmap of x86-flags. Mappings lie between MAP_FIRST and MAP_END; one without an address goes to the first
 * place with room for it.
 *
 * What mv6 has not is MAP_GROWSUP: the library notes those mappings in a list and catches faults. A fault
 * in the page above such a mapping adds that page to it, as long as one more page above stays free; any
 * other fault kills as if it had not been caught. A call to the kernel that is given an address in that
 * page fails instead.
 */
#include "map.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/* The names are the flavour's; the C library's sys/mman.h has them with other values. */
#include "../mmap.h"

#define MAP_FIRST 0x60000000ul
#define MAP_END 0x80000000ul

/* From MAP_FIRST up to here nothing is free. */
static uintptr_t lowest_free = MAP_FIRST;

/* A mapping that grows; `end` is where it ends now. */
struct growing {
	struct growing *next;
	uintptr_t start, end;
	struct map_request rq; /* as it was asked for */
};

static struct growing *growing;

/* Adds the page at g's end. */
static bool grow_by_page(struct growing *g)
{
	struct map_request page = g->rq;

	if (is_mapped((void *)(g->end + PAGE), 1))
		return false;
	page.addr = (void *)g->end;
	page.fixed = true;
	page.length = PAGE;
	page.offset = (long)(DOWN(g->rq.offset) + (g->end - g->start));
	if (map(&page) == MAP_FAILED)
		return false;
	g->end += PAGE;
	return true;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = DOWN(info->si_addr);

	(void)context;
	for (struct growing *g = growing; g; g = g->next)
		if (g->end == at && grow_by_page(g))
			return;
	/* The instruction is tried again, and now nobody catches it. */
	signal(sig, SIG_DFL);
}

/* Notes a mapping as growing, with a descriptor of its own for the file; false if it cannot be. */
static bool note(const struct map_request *rq, char *p)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	struct growing *g = malloc(sizeof(*g));

	if (!g)
		return false;
	*g = (struct growing){growing, DOWN(p), UP(p + rq->length), *rq};
	if (rq->kind != MAP_ZEROS) {
		g->rq.fd = xv6_dup(rq->fd);
		if (g->rq.fd < 0) {
			free(g);
			return false;
		}
	}
	growing = g;
	sigaction(SIGSEGV, &action, NULL);
	return true;
}

/* Forgets mappings whose end is unmapped: they cannot grow any more. */
static void forget(uintptr_t start, uintptr_t end)
{
	for (struct growing **at = &growing; *at;) {
		struct growing *g = *at;

		if (g->end <= start || g->end > end) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		if (g->rq.kind != MAP_ZEROS)
			xv6_close(g->rq.fd);
		free(g);
	}
}

/* Would a mapping there take the page that a growing one may add next? */
static bool is_in_the_way(uintptr_t at, size_t length)
{
	for (const struct growing *g = growing; g; g = g->next)
		if (g->end >= at && g->end < at + length)
			return true;
	return false;
}

/* Maps at the first place from `at` on where there is room. */
static char *map_from(struct map_request *rq, uintptr_t at)
{
	size_t length = UP((size_t)rq->offset % PAGE + rq->length);

	rq->fixed = true;
	for (; at <= MAP_END - length; at += PAGE) {
		char *p;

		if (is_in_the_way(at, length))
			continue;
		rq->addr = (void *)at;
		errno = 0;
		p = map(rq);
		if (p != MAP_FAILED || errno != EEXIST)
			return p;
	}
	return MAP_FAILED;
}

/* Maps at the address asked for, or where there is room if it is but a hint. */
static char *map_asked(struct map_request *rq)
{
	uintptr_t at = (uintptr_t)rq->addr;
	bool inside = at >= MAP_FIRST && at < MAP_END;
	char *p = MAP_FAILED;

	if (rq->length > MAP_END - MAP_FIRST - PAGE)
		return MAP_FAILED;
	if (rq->fixed)
		return inside ? map(rq) : MAP_FAILED;
	if (inside)
		p = map_from(rq, DOWN(at));
	if (p == MAP_FAILED)
		p = map_from(rq, lowest_free);
	if (p != MAP_FAILED && DOWN(p) == lowest_free)
		lowest_free = UP(p + rq->length);
	return p;
}

int xv6_munmap(void *addr, unsigned length)
{
	uintptr_t start = DOWN(addr), end = UP((uintptr_t)addr + length);

	if (unmap(addr, length) < 0)
		return -1;
	forget(start, end);
	if (start >= MAP_FIRST && start < lowest_free)
		lowest_free = start;
	return 0;
}

void *xv6_mmap(void *addr, unsigned length, int prot, int flags, int fd, int offset)
{
	struct map_request rq = {.addr = addr,
		.fixed = flags & MAP_FIXED,
		.length = length,
		.fd = fd,
		.none = prot == PROT_NONE,
		.write = prot & PROT_WRITE,
		.shared = flags & MAP_SHARED,
		.kind = flags & MAP_ANONYMOUS ? MAP_ZEROS
			: flags & MAP_SHARED  ? MAP_THE_FILE
					      : MAP_OWN_COPY,
		.offset = flags & MAP_ANONYMOUS ? 0 : offset,
		.extend = (flags & MAP_SHARED) && (prot & PROT_WRITE)};
	char *p;

	if ((flags & MAP_PRIVATE) && (flags & MAP_SHARED))
		return MAP_FAILED;
	/* What is stored in its last page is still there when the file grows with it. */
	if ((flags & MAP_GROWSUP) && length > 0)
		rq.length = UP((size_t)rq.offset % PAGE + length) - (size_t)rq.offset % PAGE;
	p = map_asked(&rq);
	if (p != MAP_FAILED && (flags & MAP_GROWSUP) && !note(&rq, p)) {
		xv6_munmap(p, length);
		return MAP_FAILED;
	}
	return p;
}
