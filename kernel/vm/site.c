/*
 * The accounts of the places that allocate: see vm/site.h. No locks: the figures are atomic, each
 * for itself.
 */
#include "vm/site.h"

/* What a block belongs to whose record of its place was overwritten. */
static struct alloc_site elsewhere __attribute__((section("alloc_sites"), used)) = {
	{ "unknown", 0 }, SITE_KMALLOC, 0, 0, 0, 0, 0, 0,
};

static void add(ulong *figure, ulong n)
{
	__atomic_fetch_add(figure, n, __ATOMIC_RELAXED);
}

void site_allocated(struct alloc_site *site, size_t bytes)
{
	add(&site->calls, 1);
	if (site->kind == SITE_PAGE)
		return;
	add(&site->live, 1);
	add(&site->bytes, bytes);
}

void site_freed(struct alloc_site *site, size_t bytes)
{
	add(&site->live, -1ul);
	add(&site->bytes, -(ulong)bytes);
}

void site_failed(struct alloc_site *site, bool on_purpose)
{
	add(&site->calls, 1);
	add(&site->failed, 1);
	if (on_purpose)
		__atomic_fetch_add(&site->forced, 1, __ATOMIC_RELAXED);
}

void sites_mark(void)
{
	for (struct alloc_site *a = __start_alloc_sites; a < __stop_alloc_sites; a++)
		a->mark = __atomic_load_n(&a->live, __ATOMIC_RELAXED);
}

void sites_grown(void (*fn)(const struct alloc_site *site, ulong blocks))
{
	for (const struct alloc_site *a = __start_alloc_sites; a < __stop_alloc_sites; a++) {
		ulong live = __atomic_load_n(&a->live, __ATOMIC_RELAXED);

		if (live > a->mark)
			fn(a, live - a->mark);
	}
}

struct alloc_site *site_checked(struct alloc_site *p)
{
	ulong offset = (ulong)p - (ulong)__start_alloc_sites;

	if (offset >= (ulong)__stop_alloc_sites - (ulong)__start_alloc_sites ||
		offset % sizeof(*p) != 0)
		return &elsewhere;
	return p;
}
