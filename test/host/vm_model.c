/*
 * The model, see vm_model.h.
 *
 * Of each page SPOTS bytes are kept track of. An address space's record says of each page of the
 * window whether it is mapped, how, onto which page of which object, and, if it has a private copy,
 * what is in it. An object's record has its size and contents. A shared anonymous mapping has an
 * object that exists as long as some page of some address space shows it.
 *
 * What lies between an object's size and the end of its last page is zero for a program that looks,
 * until it stores there; how long such a store is seen is nobody's promise (MMAP of POSIX). So
 * shared stores go to bytes inside the size only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "lib/printf.h"
#include "machine/host.h"
#include "machine/pte.h"
#include "vm/check.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/figures.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/uaccess.h"
#include "vm_model.h"

enum {
	MMS = 4,
	FILES = 3,
	ANONS = 40, /* shared anonymous objects at once */
	OBJECTS = FILES + ANONS,
	OBJ_PAGES = 48,
	WINDOW = 160, /* pages */
	CPUS = 3,
	SPOTS = 3,
	NONE = -1,
};

/*
 * The window straddles boundaries of level 0 and level 1 tables and of private-page nodes, and has
 * room for mappings that are worth parking their table for.
 */
#define WINDOW_START ((3ul << 30) - 70 * PAGE_SIZE)
#define WINDOW_END (WINDOW_START + WINDOW * PAGE_SIZE)

static const unsigned spot_offset[SPOTS] = { 0, 1717, 4095 };

struct page_model {
	bool mapped, shared, copied, locked;
	bool not_forked, wiped; /* what madvise keeps from children */
	u8 prot, max_prot;
	s16 obj; /* or NONE */
	u16 index;
	u8 copy[SPOTS];
};

struct obj_model {
	bool live;
	u64 size;
	u8 page[OBJ_PAGES][SPOTS];
};

/* An object with a store: what a file system would make of it. */
struct store {
	struct obj obj;
	struct file *file;
	u8 disk[OBJ_PAGES][4096];
	bool reserved[OBJ_PAGES];
	bool needs_reserve;
};

struct model {
	const u8 *data;
	size_t left;
	u32 seed;
	bool fail, trace;
	struct mm *mm[MMS];
	struct page_model page[MMS][WINDOW];
	struct obj_model obj[OBJECTS];
	struct store *store[FILES];
	int on_cpu[CPUS]; /* which address space */
	struct page_stats pages_before;
	struct kmem_stats kmem_before;
};

#define CHECK(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort(); \
		} \
	} while (0)

/* --- choices --- */

static u32 pick(struct model *m, u32 n)
{
	u32 r;

	if (m->left >= 2) {
		r = m->data[0] | (u32)m->data[1] << 8;
		m->data += 2;
		m->left -= 2;
		return r % n;
	}
	m->left = 0;
	m->seed = m->seed * 1664525u + 1013904223u;
	return (m->seed >> 8) % n;
}

static bool chance(struct model *m, u32 percent)
{
	return pick(m, 100) < percent;
}

static u8 pick_value(struct model *m)
{
	return (u8)(1 + pick(m, 255));
}

static unsigned pick_prot(struct model *m)
{
	static const u8 prots[] = { 3, 3, 3, 3, 1, 1, 0, 2, 5, 7, 4 };

	return prots[pick(m, ARRAY_SIZE(prots))];
}

static ulong va_of(unsigned page)
{
	return WINDOW_START + page * PAGE_SIZE;
}

/* --- the store of an object with one --- */

static struct store *store_of(struct obj *o)
{
	return CONTAINER_OF(o, struct store, obj);
}

static int store_read(struct obj *o, struct page *p)
{
	CHECK(p->index < OBJ_PAGES);
	memcpy(page_addr(p), store_of(o)->disk[p->index], PAGE_SIZE);
	return 0;
}

static int store_write(struct obj *o, struct page **pages, unsigned n)
{
	struct store *s = store_of(o);

	for (unsigned i = 0; i < n; i++) {
		CHECK(pages[i]->flags & PAGE_BUSY);
		CHECK(pages[i]->index < OBJ_PAGES);
		CHECK(i == 0 || pages[i]->index > pages[i - 1]->index);
		CHECK(!s->needs_reserve || s->reserved[pages[i]->index]);
		memcpy(s->disk[pages[i]->index], page_addr(pages[i]), PAGE_SIZE);
	}
	return 0;
}

static int store_reserve(struct obj *o, ulong index)
{
	CHECK(index < OBJ_PAGES);
	store_of(o)->reserved[index] = true;
	return 0;
}

static const struct obj_ops plain_ops = { .read = store_read, .write = store_write };
static const struct obj_ops reserving_ops = {
	.read = store_read, .write = store_write, .reserve = store_reserve
};

static void make_store(struct model *m, unsigned n)
{
	struct store *s = calloc(1, sizeof(*s));
	struct obj_model *o = &m->obj[n];

	CHECK(s);
	m->store[n] = s;
	o->live = true;
	o->size = (OBJ_PAGES / 2) * PAGE_SIZE - n * 1000;
	for (unsigned i = 0; i < OBJ_PAGES; i++)
		for (unsigned k = 0; k < SPOTS; k++)
			if (i * PAGE_SIZE + spot_offset[k] < o->size)
				s->disk[i][spot_offset[k]] = o->page[i][k] =
					(u8)(1 + (n * 50 + i * 3 + k) % 255);
	s->needs_reserve = n > 0;
	s->file = host_file_new(&s->obj);
	obj_init(&s->obj, n > 0 ? &reserving_ops : &plain_ops, o->size);
}

/* --- what an access means --- */

static unsigned rights(const struct page_model *p)
{
	return p->mapped ? pte_effective(p->prot) : 0;
}

static bool inside(const struct model *m, const struct page_model *p)
{
	return p->index < (m->obj[p->obj].size + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* What the program gets for an access to the page. */
static enum fault_result expected_result(
	const struct model *m, const struct page_model *p, unsigned access)
{
	if (!p->mapped)
		return FAULT_MAPERR;
	if (!(rights(p) & access))
		return FAULT_ACCERR;
	if (!p->copied && p->obj != NONE && !inside(m, p))
		return FAULT_BUS;
	return FAULT_OK;
}

static u8 expected_value(const struct model *m, const struct page_model *p, unsigned spot)
{
	if (p->copied)
		return p->copy[spot];
	return p->obj == NONE ? 0 : m->obj[p->obj].page[p->index][spot];
}

static void model_store(struct model *m, struct page_model *p, unsigned spot, u8 value)
{
	if (p->shared) {
		m->obj[p->obj].page[p->index][spot] = value;
		return;
	}
	if (!p->copied)
		for (unsigned k = 0; k < SPOTS; k++)
			p->copy[k] = expected_value(m, p, k);
	p->copied = true;
	p->copy[spot] = value;
}

/* Objects of shared anonymous memory that nobody shows any more are gone. */
static void forget_unmapped(struct model *m)
{
	bool seen[OBJECTS] = { false };

	for (unsigned i = 0; i < MMS; i++)
		for (unsigned k = 0; m->mm[i] && k < WINDOW; k++)
			if (m->page[i][k].mapped && m->page[i][k].obj != NONE)
				seen[m->page[i][k].obj] = true;
	for (unsigned i = FILES; i < OBJECTS; i++)
		if (!seen[i])
			m->obj[i].live = false;
}

static int free_anon(const struct model *m)
{
	for (int i = FILES; i < OBJECTS; i++)
		if (!m->obj[i].live)
			return i;
	return NONE;
}

/* --- comparing --- */

/* Got and want differ: say all about the page, and end. */
static void disagree(const struct model *m, const char *what, unsigned n, unsigned i, unsigned spot,
	int got, int want, u8 value)
{
	const struct page_model *p = &m->page[n][i];

	fprintf(stderr, "%s: mm %u page %u spot %u: result %d, want %d; value %u", what, n, i, spot,
		got, want, value);
	if (p->mapped)
		fprintf(stderr, ", want %u; the page is %s, prot %u, object %d page %u, %s\n",
			expected_result(m, p, PROT_NONE) == FAULT_BUS ? 0
								      : expected_value(m, p, spot),
			p->shared ? "shared" : "private", p->prot, p->obj, p->index,
			p->copied ? "copied" : "not copied");
	else
		fprintf(stderr, "; the page is not mapped\n");
	abort();
}

static void compare_mapping(const struct model *m, unsigned n, unsigned i, const struct vma_info *v)
{
	const struct page_model *p = &m->page[n][i];
	bool mapped = v && v->start <= va_of(i);

	CHECK(mapped == p->mapped);
	if (!mapped)
		return;
	CHECK((v->prot & PROT_ALL) == p->prot);
	CHECK(!!(v->flags & VMA_SHARED) == p->shared);
	CHECK(!!v->file == (p->obj != NONE && p->obj < FILES));
	CHECK(v->shared_anon == (p->obj >= FILES));
	CHECK(!!(v->flags & VMA_LOCKED) == p->locked);
	CHECK(!!(v->flags & VMA_DONTFORK) == p->not_forked);
	CHECK(!!(v->flags & VMA_WIPEONFORK) == p->wiped);
	if (p->obj != NONE)
		CHECK((v->offset + va_of(i) - v->start) / PAGE_SIZE == p->index);
	if (v->file)
		CHECK(v->file == m->store[p->obj]->file);
}

/* The mappings of address space n, page by page. */
static void compare_mappings(const struct model *m, unsigned n)
{
	struct vma_info info;
	bool any = false;

	info.end = 0;
	for (unsigned i = 0; i < WINDOW; i++) {
		if (info.end <= va_of(i)) {
			if (any && info.file)
				file_drop(info.file);
			any = mm_describe(m->mm[n], va_of(i), false, &info);
			if (!any) {
				info.end = WINDOW_END;
				info.file = NULL;
			}
		}
		compare_mapping(m, n, i, any ? &info : NULL);
	}
	if (any && info.file)
		file_drop(info.file);
}

static void compare_spot(struct model *m, unsigned n, unsigned i, unsigned spot)
{
	const struct page_model *p = &m->page[n][i];
	enum fault_result want = expected_result(m, p, PROT_READ), got;
	u8 value = 0;

	got = host_load(va_of(i) + spot_offset[spot], &value);
	if (got != want || (got == FAULT_OK && value != expected_value(m, p, spot)))
		disagree(m, "comparing", n, i, spot, got, want, value);
}

static void compare_locked(struct model *m, unsigned n)
{
	ulong locked = 0;

	for (unsigned i = 0; i < WINDOW; i++)
		locked += m->page[n][i].mapped && m->page[n][i].locked;
	CHECK(m->mm[n]->nr_locked == locked);
}

/* Only what holds at any time: mappings, invariants, TLBs. */
static void check_structure(struct model *m)
{
	for (unsigned n = 0; n < MMS; n++) {
		if (!m->mm[n])
			continue;
		compare_mappings(m, n);
		compare_locked(m, n);
		mm_check(m->mm[n]);
		CHECK(!host_tlb_stale(m->mm[n], WINDOW_START, WINDOW_END));
	}
}

void model_check(struct model *m)
{
	check_structure(m);
	for (unsigned n = 0; n < MMS; n++) {
		if (!m->mm[n])
			continue;
		host_cpu(CPUS);
		host_run(m->mm[n]);
		for (unsigned i = 0; i < WINDOW; i++)
			for (unsigned k = 0; k < SPOTS; k++)
				compare_spot(m, n, i, k);
		host_run(NULL);
		host_cpu(0);
	}
	check_structure(m);
}

/* --- operations ---
 *
 * Each comes in two halves: the call, of which `struct op` has all arguments, so that it can be
 * tried again; and what it means.
 */

struct op {
	unsigned mm;
	unsigned first, pages;
	struct map_request rq;
	int obj;
	unsigned access, spot;
	u8 value;
	enum fault_result fault;
	unsigned prot;
	unsigned child;
	unsigned to, new_pages, flags; /* mremap */
	int advice;
	u64 size, off;
	size_t len;
	long result;
};

/* A call that may be short of memory. Its result goes to op->result; true if it is -ENOMEM. */
typedef bool (*call_fn)(struct model *m, struct op *op);

/*
 * Make the call, in a failing run first with the first allocation failing, then the second, and so
 * on until it needs fewer. After a call that failed everything must be as it was.
 */
static void make_call(struct model *m, struct op *op, call_fn call)
{
	for (ulong n = 1; m->fail; n++) {
		bool short_of_memory;

		alloc_fail(n, 0);
		short_of_memory = call(m, op);
		CHECK(!short_of_memory || alloc_fail_failed());
		if (!short_of_memory && !alloc_fail_failed()) {
			alloc_fail(0, 0);
			return;
		}
		alloc_fail(0, 0);
		if (!short_of_memory)
			return; /* it managed without */
		check_structure(m);
	}
	CHECK(!call(m, op));
}

static void pick_range(struct model *m, struct op *op)
{
	op->first = pick(m, WINDOW);
	op->pages = 1 + pick(m, chance(m, 20) ? WINDOW : 20);
	op->pages = MIN(op->pages, WINDOW - op->first);
}

static struct page_model *pages_of(struct model *m, const struct op *op)
{
	return &m->page[op->mm][op->first];
}

/* load, store, fetch */

static bool call_access(struct model *m UNUSED, struct op *op)
{
	ulong va = va_of(op->first) + spot_offset[op->spot];

	if (op->access == PROT_WRITE)
		op->fault = host_store(va, op->value);
	else if (op->access == PROT_READ)
		op->fault = host_load(va, &op->value);
	else
		op->fault = host_fetch(va, &op->value);
	return op->fault == FAULT_OOM;
}

static void do_access(struct model *m, struct op *op)
{
	struct page_model *p;
	enum fault_result want;

	op->first = pick(m, chance(m, 70) ? 40 : WINDOW);
	op->spot = pick(m, SPOTS);
	op->access = chance(m, 50) ? PROT_WRITE : chance(m, 90) ? PROT_READ : PROT_EXEC;
	op->value = pick_value(m);
	p = pages_of(m, op);
	if (op->access == PROT_WRITE && p->mapped && p->shared &&
		p->index * PAGE_SIZE + spot_offset[op->spot] >= m->obj[p->obj].size && inside(m, p))
		return;
	want = expected_result(m, p, op->access);
	make_call(m, op, call_access);
	if (op->fault != want ||
		(want == FAULT_OK && op->access != PROT_WRITE &&
			op->value != expected_value(m, p, op->spot)))
		disagree(m, "access", op->mm, op->first, op->spot, (int)op->fault, (int)want,
			op->value);
	if (want == FAULT_OK && op->access == PROT_WRITE)
		model_store(m, p, op->spot, op->value);
}

/* mmap */

static bool call_map(struct model *m, struct op *op)
{
	op->result = mm_map(m->mm[op->mm], &op->rq);
	return op->result == -ENOMEM;
}

static void pick_mapping(struct model *m, struct op *op)
{
	bool shared = chance(m, 40);

	op->obj = chance(m, 60) ? (int)pick(m, FILES) : NONE;
	if (shared || op->obj != NONE)
		op->pages = MIN(op->pages, (unsigned)OBJ_PAGES);
	op->rq = (struct map_request){
		.addr = va_of(op->first),
		.len = op->pages * PAGE_SIZE - pick(m, PAGE_SIZE),
		.prot = pick_prot(m),
		.max_prot = PROT_ALL,
		.flags = (shared ? MAP_SHARED : MAP_PRIVATE) |
			(chance(m, 80) ? MAP_FIXED : MAP_FIXED_NOREPLACE) |
			(chance(m, 10) && !m->fail ? MAP_POPULATE : 0),
	};
	if (op->obj == NONE) {
		op->rq.flags |= MAP_ANONYMOUS;
		if (shared)
			op->obj = free_anon(m);
		return;
	}
	op->rq.pgoff = pick(m, OBJ_PAGES - 4);
	op->pages = MIN(op->pages, OBJ_PAGES - (unsigned)op->rq.pgoff);
	op->rq.len = MIN(op->rq.len, op->pages * PAGE_SIZE);
	op->rq.obj = &m->store[op->obj]->obj;
	op->rq.file = m->store[op->obj]->file;
	if (shared && !(op->rq.prot & PROT_WRITE) && chance(m, 50))
		op->rq.max_prot = PROT_READ | PROT_EXEC;
}

/*
 * A private writable mapping is filled as if it were stored to: with copies, as far as the object
 * goes.
 */
static void model_populate(struct model *m, const struct op *op)
{
	for (unsigned i = 0; i < op->pages; i++) {
		struct page_model *p = &pages_of(m, op)[i];

		if (expected_result(m, p, PROT_WRITE) != FAULT_OK)
			break;
		model_store(m, p, 0, expected_value(m, p, 0));
	}
}

static void model_map(struct model *m, const struct op *op)
{
	bool shared = (op->rq.flags & MAP_TYPE) == MAP_SHARED;

	if (op->obj >= FILES) {
		m->obj[op->obj] = (struct obj_model){ .live = true, .size = op->pages * PAGE_SIZE };
	}
	for (unsigned i = 0; i < op->pages; i++)
		pages_of(m, op)[i] = (struct page_model){
			.mapped = true,
			.shared = shared,
			.prot = (u8)op->rq.prot,
			.max_prot = (u8)op->rq.max_prot,
			.obj = (s16)op->obj,
			.index = (u16)(op->obj == NONE ? 0 : op->rq.pgoff + i),
		};
	if (!shared && op->rq.flags & MAP_POPULATE && op->rq.prot & PROT_WRITE)
		model_populate(m, op);
}

static void do_map(struct model *m, struct op *op)
{
	bool taken = false;

	pick_range(m, op);
	pick_mapping(m, op);
	if ((op->rq.flags & MAP_SHARED) && op->obj == NONE)
		return; /* too many of them for the model */
	for (unsigned i = 0; i < op->pages; i++)
		taken |= pages_of(m, op)[i].mapped;
	make_call(m, op, call_map);
	if (taken && (op->rq.flags & MAP_FIXED_NOREPLACE)) {
		CHECK(op->result == -EEXIST);
		return;
	}
	CHECK(op->result == (long)op->rq.addr);
	model_map(m, op);
	forget_unmapped(m);
}

/* munmap */

static bool call_unmap(struct model *m, struct op *op)
{
	op->result = mm_unmap(m->mm[op->mm], va_of(op->first), op->pages * PAGE_SIZE);
	return op->result == -ENOMEM;
}

static void do_unmap(struct model *m, struct op *op)
{
	pick_range(m, op);
	make_call(m, op, call_unmap);
	CHECK(op->result == 0);
	memset(pages_of(m, op), 0, op->pages * sizeof(struct page_model));
	forget_unmapped(m);
}

/* mprotect: what lies before a hole or a mapping that refuses is changed */

static long model_protect(struct model *m, const struct op *op)
{
	for (unsigned i = 0; i < op->pages; i++) {
		struct page_model *p = &pages_of(m, op)[i];

		if (!p->mapped)
			return -ENOMEM;
		if (op->prot & ~p->max_prot)
			return -EACCES;
		p->prot = (u8)op->prot;
	}
	return 0;
}

/*
 * Would it end at a hole? Then -ENOMEM is the right answer and its effect partial, so it is no use
 * to let it fail.
 */
static bool meets_hole(struct model *m, const struct op *op)
{
	for (unsigned i = 0; i < op->pages; i++)
		if (!pages_of(m, op)[i].mapped)
			return true;
	return false;
}

static bool call_protect(struct model *m, struct op *op)
{
	op->result = mm_protect(m->mm[op->mm], va_of(op->first), op->pages * PAGE_SIZE, op->prot);
	return op->result == -ENOMEM;
}

static void do_protect(struct model *m, struct op *op)
{
	pick_range(m, op);
	op->prot = pick_prot(m);
	if (meets_hole(m, op))
		call_protect(m, op);
	else
		make_call(m, op, call_protect);
	CHECK(op->result == model_protect(m, op));
}

/* fork, exit, and which CPU runs what */

static bool call_fork(struct model *m, struct op *op)
{
	m->mm[op->child] = mm_fork(m->mm[op->mm]);
	return !m->mm[op->child];
}

static void do_fork(struct model *m, struct op *op)
{
	for (op->child = 0; op->child < MMS && m->mm[op->child]; op->child++)
		;
	if (op->child == MMS)
		return;
	make_call(m, op, call_fork);
	for (unsigned i = 0; i < WINDOW; i++) {
		struct page_model *p = &m->page[op->child][i];

		*p = m->page[op->mm][i];
		p->locked = false;
		if (p->wiped)
			p->copied = false;
		if (p->not_forked)
			*p = (struct page_model){ 0 };
	}
}

/* mlock and munlock: nothing is loaded, so only mappings change; up to a hole, as mprotect does */

static bool call_lock(struct model *m, struct op *op)
{
	ulong start = va_of(op->first), size = op->pages * PAGE_SIZE;

	op->result = op->value ? mm_lock(m->mm[op->mm], start, size, true)
			       : mm_unlock(m->mm[op->mm], start, size);
	return op->result == -ENOMEM;
}

static void do_lock(struct model *m, struct op *op)
{
	bool hole;

	pick_range(m, op);
	op->value = chance(m, 60);
	hole = meets_hole(m, op);
	if (hole)
		call_lock(m, op);
	else
		make_call(m, op, call_lock);
	CHECK(op->result == (hole ? -ENOMEM : 0));
	for (unsigned i = 0; i < op->pages && pages_of(m, op)[i].mapped; i++)
		pages_of(m, op)[i].locked = op->value;
}

/* mremap */

static bool call_remap(struct model *m, struct op *op)
{
	op->result = mm_remap(m->mm[op->mm], va_of(op->first), op->pages * PAGE_SIZE,
		op->new_pages * PAGE_SIZE, op->flags, va_of(op->to));
	return op->result == -ENOMEM;
}

/* Where the mapping that holds page `first` begins and ends; both are `first` if there is none. */
static void find_mapping(struct model *m, const struct op *op, unsigned *from, unsigned *to)
{
	struct vma_info info;

	*from = *to = op->first;
	if (!pages_of(m, op)->mapped)
		return;
	CHECK(mm_describe(m->mm[op->mm], va_of(op->first), false, &info));
	if (info.file)
		file_drop(info.file);
	*from = (unsigned)((info.start - WINDOW_START) / PAGE_SIZE);
	*to = (unsigned)((info.end - WINDOW_START) / PAGE_SIZE);
}

/* How many pages of the mapping that holds page `first` lie from there on, in all. */
static unsigned pages_of_mapping(struct model *m, const struct op *op)
{
	unsigned from, to;

	find_mapping(m, op, &from, &to);
	return to - op->first;
}

/*
 * New places are said, since the window must not be left: with MREMAP_FIXED, or by staying in
 * place.
 */
static void pick_remap(struct model *m, struct op *op)
{
	static const unsigned flags[] = { 0, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP };
	unsigned there;

	pick_range(m, op);
	there = pages_of_mapping(m, op);
	if (there && chance(m, 80))
		op->pages = MIN(op->pages, there);
	if (chance(m, 5))
		op->pages = 0;
	op->flags = flags[pick(m, ARRAY_SIZE(flags))];
	op->new_pages = op->pages;
	if (!op->pages || (chance(m, 50) && !(op->flags & MREMAP_DONTUNMAP)))
		op->new_pages = 1 + pick(m, 2 * op->pages + 2);
	op->to = pick(m, WINDOW);
	op->new_pages = MIN(op->new_pages, WINDOW - (op->flags ? op->to : op->first));
	if (op->flags & MREMAP_DONTUNMAP)
		op->pages = op->new_pages;
}

static bool room_to_grow(struct model *m, const struct op *op)
{
	for (unsigned i = op->pages; i < op->new_pages; i++)
		if (pages_of(m, op)[i].mapped)
			return false;
	return pages_of_mapping(m, op) == op->pages;
}

/* What mremap must answer: 0 stands for an address. */
static long expected_remap(struct model *m, const struct op *op)
{
	const struct page_model *p = pages_of(m, op);

	if (op->flags && (op->to < op->first ? op->first - op->to < op->new_pages
					     : op->to - op->first < op->pages))
		return -EINVAL;
	if (!p->mapped)
		return -EFAULT;
	if (!op->flags && op->pages && op->new_pages <= op->pages)
		return 0;
	if (!op->pages && !p->shared)
		return -EINVAL;
	if (MIN(op->pages, op->new_pages) > pages_of_mapping(m, op))
		return -EFAULT;
	return op->flags || (op->pages && room_to_grow(m, op)) ? 0 : -ENOMEM;
}

/* MREMAP_DONTUNMAP leaves nothing locked of the mapping [from, to), but what the new place has cut off. */
static void model_unlock(struct model *m, const struct op *op, unsigned from, unsigned to)
{
	if (op->to < op->first)
		from = MAX(from, op->to + op->new_pages);
	else
		to = MIN(to, op->to);
	for (; from < to; from++)
		m->page[op->mm][from].locked = false;
}

static void model_remap(struct model *m, const struct op *op)
{
	struct page_model made[WINDOW], *old = pages_of(m, op);
	unsigned kept = MIN(op->pages, op->new_pages), to = op->flags ? op->to : op->first;

	for (unsigned i = 0; i < op->new_pages; i++) {
		made[i] = old[i < kept ? i : 0];
		if (i >= kept)
			made[i].copied = false;
		if (old->obj != NONE)
			made[i].index = (u16)(old->index + i);
	}
	for (unsigned i = 0; i < op->pages; i++)
		if (!(op->flags & MREMAP_DONTUNMAP))
			old[i] = (struct page_model){ 0 };
		else
			old[i].copied = false;
	memcpy(&m->page[op->mm][to], made, op->new_pages * sizeof(made[0]));
	forget_unmapped(m);
}

/* Without a new place a range that keeps its size may be anything that begins in a mapping. */
static void do_remap(struct model *m, struct op *op)
{
	unsigned from, to;
	long want;

	pick_remap(m, op);
	find_mapping(m, op, &from, &to);
	want = expected_remap(m, op);
	if (want)
		call_remap(m, op);
	else
		make_call(m, op, call_remap);
	CHECK(op->result == (want ? want : (long)va_of(op->flags ? op->to : op->first)));
	if (want || (!op->flags && op->pages == op->new_pages))
		return;
	if (!op->flags && op->new_pages < op->pages)
		memset(pages_of(m, op) + op->new_pages, 0,
			(op->pages - op->new_pages) * sizeof(struct page_model));
	else
		model_remap(m, op);
	if (op->flags & MREMAP_DONTUNMAP)
		model_unlock(m, op, from, to);
	forget_unmapped(m);
}

/* madvise */

static bool call_advise(struct model *m, struct op *op)
{
	op->result = mm_advise(
		m->mm[op->mm], va_of(op->first), op->pages * PAGE_SIZE, op->advice);
	return op->result == -ENOMEM || op->result == -EAGAIN;
}

static long model_drop(struct page_model *p, int advice)
{
	if ((p->locked && advice != MADV_DONTNEED_LOCKED) || (advice == MADV_FREE && p->obj != NONE))
		return -EINVAL;
	p->copied = false;
	return 0;
}

static long model_zero(struct model *m, const struct page_model *p)
{
	if (p->locked || p->obj == NONE)
		return -EINVAL;
	if (!p->shared || !(p->max_prot & PROT_WRITE))
		return -EACCES;
	if (inside(m, p))
		memset(m->obj[p->obj].page[p->index], 0, SPOTS);
	return 0;
}

static long model_populate_page(struct model *m, struct page_model *p, unsigned access)
{
	if (!(p->prot & access))
		return -EINVAL;
	if (expected_result(m, p, access) != FAULT_OK)
		return -EFAULT;
	if (access == PROT_WRITE)
		model_store(m, p, 0, expected_value(m, p, 0));
	return 0;
}

static long model_advise_page(struct model *m, struct page_model *p, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE: return model_drop(p, advice);
	case MADV_REMOVE: return model_zero(m, p);
	case MADV_DONTFORK: p->not_forked = true; return 0;
	case MADV_DOFORK: p->not_forked = false; return 0;
	case MADV_KEEPONFORK: p->wiped = false; return 0;
	case MADV_POPULATE_READ: return model_populate_page(m, p, PROT_READ);
	case MADV_POPULATE_WRITE: return model_populate_page(m, p, PROT_WRITE);
	case MADV_WIPEONFORK:
		if (p->obj != NONE)
			return -EINVAL;
		p->wiped = true;
		return 0;
	default: return 0;
	}
}

/* A hole does not end it, but for MADV_POPULATE; an error does. */
static long model_advise(struct model *m, const struct op *op)
{
	bool populate = op->advice == MADV_POPULATE_READ || op->advice == MADV_POPULATE_WRITE;
	bool hole = false;
	long err = 0;

	for (unsigned i = 0; i < op->pages && !err && !(hole && populate); i++) {
		struct page_model *p = &pages_of(m, op)[i];

		if (p->mapped)
			err = model_advise_page(m, p, op->advice);
		else
			hole = true;
	}
	return err ? err : hole ? -ENOMEM : 0;
}

static void do_advise(struct model *m, struct op *op)
{
	static const int advices[] = { MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE,
		MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_WILLNEED, MADV_NORMAL };

	pick_range(m, op);
	op->advice = advices[pick(m, ARRAY_SIZE(advices))];
	if (meets_hole(m, op))
		call_advise(m, op);
	else
		make_call(m, op, call_advise);
	CHECK(op->result == model_advise(m, op));
}

/* mincore: a byte in its place for each page of a vector that lies beside the spots */

static void do_mincore(struct model *m, struct op *op)
{
	unsigned at = pick(m, WINDOW), offset = 100;
	struct page_model *vec = &m->page[op->mm][at], *p;
	bool hole = false;
	u8 there = 0;

	pick_range(m, op);
	if (expected_result(m, vec, PROT_WRITE) != FAULT_OK || (vec->shared && inside(m, vec) &&
			vec->index * PAGE_SIZE + offset + WINDOW > m->obj[vec->obj].size))
		return;
	op->result = mm_mincore(m->mm[op->mm], va_of(op->first), op->pages * PAGE_SIZE,
		va_of(at) + offset);
	CHECK(op->result == (meets_hole(m, op) ? -ENOMEM : 0));
	for (unsigned i = 0; i < op->pages && !hole; i++) {
		p = &pages_of(m, op)[i];
		hole = !p->mapped;
		if (i == 0 && !hole)
			model_store(m, vec, 0, expected_value(m, vec, 0));
		if (hole || p == vec)
			continue;
		CHECK(copyin(&there, va_of(at) + offset + i, 1) == 0 || !(rights(vec) & PROT_READ));
		if (rights(vec) & PROT_READ && p->copied)
			CHECK(there == 1);
		else if (rights(vec) & PROT_READ && p->obj != NONE && !inside(m, p))
			CHECK(there == 0);
	}
}

static void cpu_leave(struct model *m, unsigned cpu)
{
	host_cpu(cpu);
	host_run(NULL);
	host_cpu(0);
	m->on_cpu[cpu] = NONE;
}

static void cpu_enter(struct model *m, unsigned cpu, unsigned n)
{
	host_cpu(cpu);
	host_run(m->mm[n]);
	host_cpu(0);
	m->on_cpu[cpu] = (int)n;
}

static void end_mm(struct model *m, unsigned n)
{
	for (unsigned c = 0; c < CPUS; c++)
		if (m->on_cpu[c] == (int)n)
			cpu_leave(m, c);
	mm_put(m->mm[n]);
	m->mm[n] = NULL;
	memset(m->page[n], 0, sizeof(m->page[n]));
	forget_unmapped(m);
}

static void do_exit(struct model *m, struct op *op)
{
	unsigned live = 0;

	for (unsigned n = 0; n < MMS; n++)
		live += !!m->mm[n];
	if (live > 1)
		end_mm(m, op->mm);
}

/* truncate */

static bool call_truncate(struct model *m, struct op *op)
{
	op->result = obj_truncate(&m->store[op->obj]->obj, op->size);
	return op->result == -ENOMEM;
}

/* Private copies of what is cut off go too. */
static void model_cut(struct model *m, int obj, u64 pages)
{
	for (unsigned n = 0; n < MMS; n++)
		for (unsigned i = 0; i < WINDOW; i++) {
			struct page_model *p = &m->page[n][i];

			if (p->mapped && p->obj == obj && p->index >= pages)
				p->copied = false;
		}
}

static void do_truncate(struct model *m, struct op *op)
{
	struct obj_model *o;
	struct store *s;

	op->obj = (int)pick(m, FILES);
	op->size = pick(m, OBJ_PAGES) * PAGE_SIZE + (chance(m, 50) ? pick(m, PAGE_SIZE) : 0);
	make_call(m, op, call_truncate);
	CHECK(op->result == 0);
	o = &m->obj[op->obj];
	s = m->store[op->obj];
	for (unsigned i = 0; i < OBJ_PAGES; i++) {
		for (unsigned k = 0; k < SPOTS; k++)
			if (i * PAGE_SIZE + spot_offset[k] >= MIN(op->size, o->size))
				o->page[i][k] = 0;
		/* What the file system does: blocks beyond the end are given back. */
		if (i * PAGE_SIZE >= op->size) {
			memset(s->disk[i], 0, PAGE_SIZE);
			s->reserved[i] = false;
		}
	}
	if (op->size < o->size)
		model_cut(m, op->obj, (op->size + PAGE_SIZE - 1) / PAGE_SIZE);
	o->size = op->size;
}

/* read and write */

static void do_write(struct model *m, struct op *op)
{
	static u8 buf[5 * 4096];
	struct obj_model *o;
	struct iovec iov;
	struct uio u;

	op->obj = (int)pick(m, FILES);
	o = &m->obj[op->obj];
	op->off = pick(m, (OBJ_PAGES - 5) * PAGE_SIZE);
	op->len = 1 + pick(m, sizeof(buf));
	op->value = pick_value(m);
	memset(buf, op->value, op->len);
	uio_init(&u, &iov, (ulong)buf, op->len, true);
	CHECK(obj_write(&m->store[op->obj]->obj, (off_t)op->off, &u) == (ssize_t)op->len);
	for (unsigned i = 0; i < OBJ_PAGES; i++)
		for (unsigned k = 0; k < SPOTS; k++) {
			u64 at = i * PAGE_SIZE + spot_offset[k];

			if (at >= op->off && at < op->off + op->len)
				o->page[i][k] = op->value;
		}
	o->size = MAX(o->size, op->off + op->len);
	CHECK(m->store[op->obj]->obj.size == o->size);
}

static void do_read(struct model *m, struct op *op)
{
	static u8 buf[5 * 4096];
	const struct obj_model *o;
	struct iovec iov;
	struct uio u;
	u64 want;

	op->obj = (int)pick(m, FILES);
	o = &m->obj[op->obj];
	op->off = pick(m, OBJ_PAGES * PAGE_SIZE);
	op->len = 1 + pick(m, sizeof(buf));
	uio_init(&u, &iov, (ulong)buf, op->len, true);
	want = op->off < o->size ? MIN(op->len, o->size - op->off) : 0;
	CHECK(obj_read(&m->store[op->obj]->obj, (off_t)op->off, &u) == (ssize_t)want);
	for (unsigned i = 0; i < OBJ_PAGES; i++)
		for (unsigned k = 0; k < SPOTS; k++) {
			u64 at = i * PAGE_SIZE + spot_offset[k];

			if (at >= op->off && at < op->off + want)
				CHECK(buf[at - op->off] == o->page[i][k]);
		}
}

/* A copy by the kernel from one user address to another, through every check that copies have. */
static void do_copy(struct model *m, struct op *op)
{
	struct page_model *from, *to;
	unsigned spot = pick(m, SPOTS), target = pick(m, WINDOW);
	u8 byte = 0;

	op->first = pick(m, WINDOW);
	from = pages_of(m, op);
	to = &m->page[op->mm][target];
	if (copyin(&byte, va_of(op->first) + spot_offset[spot], 1) < 0) {
		CHECK(expected_result(m, from, PROT_READ) != FAULT_OK);
		return;
	}
	CHECK(expected_result(m, from, PROT_READ) == FAULT_OK &&
		byte == expected_value(m, from, spot));
	if (to->mapped && to->shared &&
		to->index * PAGE_SIZE + spot_offset[spot] >= m->obj[to->obj].size && inside(m, to))
		return;
	if (copyout(va_of(target) + spot_offset[spot], &byte, 1) < 0)
		CHECK(expected_result(m, to, PROT_WRITE) != FAULT_OK);
	else
		model_store(m, to, spot, byte);
}

/* The page table is only a cache: entries may go at any time. */
static void do_drop_entries(struct model *m, struct op *op)
{
	struct batch b;

	pick_range(m, op);
	batch_init(&b);
	rwlock_write(&m->mm[op->mm]->lock);
	pmap_remove(&m->mm[op->mm]->pmap, va_of(op->first), va_of(op->first + op->pages), &b);
	batch_finish(&b);
	rwlock_write_unlock(&m->mm[op->mm]->lock);
}

static void do_housekeeping(struct model *m, struct op *op)
{
	switch (pick(m, 4)) {
	case 0: CHECK(obj_sync(&m->store[pick(m, FILES)]->obj, 0, RADIX_NONE) == 0); break;
	case 1: obj_reclaim(1 + pick(m, 40), true); break;
	case 2:
		pick_range(m, op);
		CHECK(mm_sync(m->mm[op->mm], va_of(op->first), op->pages * PAGE_SIZE, MS_SYNC) ==
			(meets_hole(m, op) ? -ENOMEM : 0));
		break;
	default: host_tlb_forget(va_of(pick(m, WINDOW)));
	}
}

/* --- the whole --- */

/* Choose a CPU and see that it runs something. Its number. */
static unsigned choose_cpu(struct model *m)
{
	unsigned cpu = pick(m, CPUS), n;

	if (m->on_cpu[cpu] == NONE || chance(m, 4)) {
		n = pick(m, MMS);
		while (!m->mm[n])
			n = (n + 1) % MMS;
		cpu_enter(m, cpu, n);
	}
	return cpu;
}

/* With VM_TRACE in the environment: each operation on a line, to see how a run came to its end. */
static void trace(struct model *m, const struct op *op, const char *name)
{
	if (m->trace)
		fprintf(stderr,
			"cpu %u mm %u %s: pages %u+%u spot %u access %u value %u prot %u/%u flags "
			"%x obj %d pgoff %lu off %lu len %zu size %lu child %u to %u+%u/%x "
			"advice %d = %ld\n",
			cpu_id(), op->mm, name, op->first, op->pages, op->spot, op->access,
			op->value, op->rq.prot, op->prot, op->rq.flags, op->obj,
			(ulong)op->rq.pgoff, (ulong)op->off, op->len, (ulong)op->size, op->child,
			op->to, op->new_pages, op->flags, op->advice, op->result);
}

void model_step(struct model *m, bool fail)
{
	static const struct {
		u32 weight;
		void (*fn)(struct model *m, struct op *op);
		const char *name;
	} ops[] = {
		{ 600, do_access, "access" },
		{ 60, do_map, "map" },
		{ 20, do_unmap, "unmap" },
		{ 40, do_protect, "protect" },
		{ 12, do_lock, "lock" },
		{ 40, do_remap, "remap" },
		{ 40, do_advise, "advise" },
		{ 8, do_mincore, "mincore" },
		{ 12, do_fork, "fork" },
		{ 8, do_exit, "exit" },
		{ 12, do_truncate, "truncate" },
		{ 15, do_write, "write" },
		{ 15, do_read, "read" },
		{ 20, do_drop_entries, "drop" },
		{ 20, do_housekeeping, "housekeeping" },
		{ 40, do_copy, "copy" },
	};
	u32 total = 0, at;
	struct op op = { 0 };
	unsigned cpu = choose_cpu(m);

	m->fail = fail;
	op.mm = (unsigned)m->on_cpu[cpu];
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	at = pick(m, total);
	host_cpu(cpu);
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
		if (at < ops[i].weight) {
			ops[i].fn(m, &op);
			trace(m, &op, ops[i].name);
			break;
		}
		at -= ops[i].weight;
	}
	host_cpu(0);
	if (pick(m, 16) == 0)
		check_structure(m);
}

bool model_done(const struct model *m)
{
	return m->left == 0;
}

struct model *model_create(const u8 *data, size_t size, u32 seed)
{
	struct model *m = calloc(1, sizeof(*m));

	CHECK(m);
	m->data = data;
	m->left = size;
	m->seed = seed;
	m->trace = getenv("VM_TRACE");
	kmem_drain();
	page_get_stats(&m->pages_before);
	kmem_get_stats(&m->kmem_before);
	for (unsigned i = 0; i < CPUS; i++)
		m->on_cpu[i] = NONE;
	for (unsigned i = 0; i < FILES; i++)
		make_store(m, i);
	m->mm[0] = mm_create();
	CHECK(m->mm[0]);
	return m;
}

void model_destroy(struct model *m)
{
	struct page_stats pages;
	struct kmem_stats kmem;

	for (unsigned n = 0; n < MMS; n++)
		if (m->mm[n])
			end_mm(m, n);
	for (unsigned i = 0; i < FILES; i++) {
		struct store *s = m->store[i];

		CHECK(obj_sync(&s->obj, 0, RADIX_NONE) == 0);
		for (unsigned p = 0; p < OBJ_PAGES; p++)
			for (unsigned k = 0; k < SPOTS; k++)
				if (p * PAGE_SIZE + spot_offset[k] < m->obj[i].size)
					CHECK(s->disk[p][spot_offset[k]] == m->obj[i].page[p][k]);
		CHECK(s->obj.ref == 1);
		obj_put(&s->obj);
		host_file_free(s->file);
		free(s);
	}
	page_get_stats(&pages);
	kmem_get_stats(&kmem);
	CHECK(pages.anon == m->pages_before.anon && pages.obj == m->pages_before.obj);
	CHECK(pages.ptable == m->pages_before.ptable && pages.kernel == m->pages_before.kernel);
	CHECK(kmem.bytes == m->kmem_before.bytes && kmem.blocks == m->kmem_before.blocks);
	free(m);
}
