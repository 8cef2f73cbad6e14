/*
 * The texts of /proc that tell of the kernel's own memory: slabinfo and buddyinfo in Linux's
 * formats, and kmalloc, which is mv6's. sys/debug.c prints the same texts on the console.
 */
#include "fs/procfs.h"

#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/page.h"
#include "vm/site.h"

static void put_slab(void *arg, const struct kmem_cache_stats *s)
{
	seq_print(arg,
		"%-17s %6zu %6zu %6zu %4zu %4zu : tunables %4u %4u %4u : slabdata %6zu %6zu %6u\n",
		s->name, s->live, s->total, s->size, s->per_slab, s->slab_pages, 0, 0, 0, s->slabs,
		s->slabs, 0);
}

int make_slabinfo(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "slabinfo - version: 2.1\n");
	seq_print(s,
		"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> "
		": tunables <limit> <batchcount> "
		"<sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	kmem_for_each(put_slab, s);
	return 0;
}

int make_buddyinfo(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	ulong blocks[PAGE_ORDERS];

	page_free_blocks(blocks);
	seq_print(s, "Node 0, zone %8s", "Normal");
	for (unsigned i = 0; i < PAGE_ORDERS; i++)
		seq_print(s, " %6lu", blocks[i]);
	seq_print(s, "\n");
	return 0;
}

/* --- kmalloc --- */

/* What the live bytes of all places add up to. */
static ulong accounted_bytes(void)
{
	ulong sum = 0;

	for (const struct alloc_site *a = __start_alloc_sites; a < __stop_alloc_sites; a++)
		sum += __atomic_load_n(&a->bytes, __ATOMIC_RELAXED);
	return sum;
}

static void put_totals(struct seq *s)
{
	struct kmem_stats total;
	ulong accounted;

	if (CHECKED)
		kmem_check();
	/* Both before the text needs memory. */
	kmem_get_stats(&total);
	accounted = accounted_bytes();
	seq_print(s, "blocks:     %10zu\n", total.blocks);
	seq_print(s, "bytes:      %10zu\n", total.bytes);
	seq_print(s, "large:      %10zu\n", total.big_bytes);
	seq_print(s, "pages:      %10zu\n", total.pages);
	if (!CHECKED)
		return;
	seq_print(s, "accounted:  %10lu\n", accounted);
	seq_print(s, "damaged:    %10lu\n\n", kmem_damaged());
	seq_print(s, "  live      bytes      calls failed forced  kind    site\n");
}

static void put_site(struct seq *s, const struct alloc_site *a)
{
	static const char *const kinds[] = {
		[SITE_KMALLOC] = "kmalloc", [SITE_CACHE] = "cache", [SITE_PAGE] = "page"};

	seq_print(s, "%6lu %10lu %10lu %6lu %6u  %-7s %s:%d\n",
		__atomic_load_n(&a->live, __ATOMIC_RELAXED),
		__atomic_load_n(&a->bytes, __ATOMIC_RELAXED),
		__atomic_load_n(&a->calls, __ATOMIC_RELAXED),
		__atomic_load_n(&a->failed, __ATOMIC_RELAXED),
		__atomic_load_n(&a->forced, __ATOMIC_RELAXED), kinds[a->kind], a->at.file,
		a->at.line);
}

/* The totals, then a line for each place that allocates. The cookie counts what was made. */
int make_kmalloc(struct seq *s, void *subject UNUSED, u64 *cookie)
{
	if (*cookie == 0)
		put_totals(s);
	else
		put_site(s, __start_alloc_sites + (*cookie - 1));
	++*cookie;
	return CHECKED && *cookie <= (u64)(__stop_alloc_sites - __start_alloc_sites);
}
