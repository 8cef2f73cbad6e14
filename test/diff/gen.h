/*
 * Random programs: the same operations for the same seed, on every machine. Nothing here looks at what a
 * kernel answers.
 */
#pragma once

#include "ops.h"

#define OPS 1000 /* of a program */

static uint64_t random_state;

DIFF_FN uint32_t rnd(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 24) % below;
}

DIFF_FN bool one_in(uint32_t n)
{
	return rnd(n) == 0;
}

#define PICK(array) array[rnd(sizeof array / sizeof array[0])]

/* --- groups of calls that are switched off --- */

#define OP_GROUP(name, group) #group,
static const char *const op_groups[] = {OP_KINDS(OP_GROUP)};
static bool off[OP_COUNT];

/* Leaves only the groups of a list ("mmap,munmap"), or with '-' before it all but those. Accesses and digests
   stay. False: there is no such group. */
DIFF_FN bool choose_calls(const char *list)
{
	bool without = *list == '-', found;
	size_t len;

	list += without;
	for (int i = 0; i < OP_COUNT; i++)
		off[i] = !without && i < OP_LOAD;
	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		found = false;
		for (int i = 0; i < OP_COUNT; i++)
			if (strlen(op_groups[i]) == len && !strncmp(op_groups[i], list, len)) {
				found = true;
				off[i] = without;
			}
		if (!found)
			return false;
	}
	return true;
}

/* --- pieces of operations --- */

/* Left and right half for the sides of a pair, else the whole window; most places are near its middle,
   where tables of the machine meet. */
struct room {
	int from, to, side;
};

DIFF_FN int random_page(const struct room *room)
{
	int middle = room->side == 0 ? PAGES / 2 : room->side == 1 ? room->to : room->from;
	int page = middle - 16 + (int)rnd(32);

	if (one_in(4))
		page = room->from + (int)rnd((uint32_t)(room->to - room->from));
	return page < room->from ? room->from : page >= room->to ? room->to - 1 : page;
}

/* Pages from `page` on, few as a rule, inside the room. */
DIFF_FN int random_count(const struct room *room, int page)
{
	int count = 1 + (int)(one_in(20) ? rnd(PAGES) : one_in(4) ? rnd(16) : rnd(5));

	return count > room->to - page ? room->to - page : count;
}

DIFF_FN long random_bytes(int pages)
{
	return pages * PS - (one_in(4) ? (long)rnd(PS) : 0);
}

static const int shifts[] = {1, 100, 2048, PS - 1};

static const int protections[] = {PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
	PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, PROT_WRITE | PROT_EXEC,
	PROT_READ | PROT_WRITE | PROT_EXEC};

static void place(struct op *op, const struct room *room)
{
	op->page = random_page(room);
	op->len = random_bytes(random_count(room, op->page));
	op->shift = one_in(60) ? PICK(shifts) : 0;
	if (one_in(80))
		op->len = 0;
}

static int random_slot(void)
{
	return one_in(30) ? -1 : (int)rnd(SLOTS);
}

/* --- operations --- */

DIFF_FN void random_mmap(struct op *op, const struct room *room)
{
	static const int harmless[] = {MAP_STACK, MAP_NORESERVE, MAP_POPULATE, MAP_NONBLOCK, MAP_DENYWRITE,
		MAP_EXECUTABLE, MAP_LOCKED, MAP_POPULATE | MAP_NONBLOCK, 0x200000};
	static const int odd_types[] = {0, 3, 3, 4, 5, 6, 7, 15};
	static const long odd_lengths[] = {0, -1, -PS};

	place(op, room);
	op->prot = PICK(protections) | (one_in(60) ? 0x70 : 0);
	op->flags = one_in(3) ? MAP_SHARED : MAP_PRIVATE;
	if (one_in(50))
		op->flags = PICK(odd_types);
	op->slot = random_slot();
	if (one_in(2))
		op->flags |= MAP_ANONYMOUS;
	op->off = op->flags & MAP_ANONYMOUS ? 0 : rnd(one_in(5) ? 30 : 6);
	if (one_in(100))
		op->off = 1 << 20;
	op->flags |= one_in(8) ? MAP_FIXED_NOREPLACE : one_in(8) ? 0 : MAP_FIXED;
	if (one_in(10))
		op->flags |= PICK(harmless);
	if ((op->flags & MAP_TYPE) == MAP_SHARED_VALIDATE && one_in(4))
		op->flags |= 0x200000;
	if (op->flags & MAP_LOCKED && off[OP_MLOCK])
		op->flags &= ~MAP_LOCKED;
	if (one_in(100) && (op->flags & MAP_TYPE) == MAP_SHARED)
		op->flags |= MAP_GROWSDOWN;
	if (one_in(60))
		op->page = one_in(3) ? KERNEL_PAGE : NULL_PAGE;
	if (one_in(50))
		op->len = PICK(odd_lengths);
}

DIFF_FN void random_mremap(struct op *op, const struct room *room)
{
	static const int odd_flags[] = {MREMAP_FIXED, 8, 9, 0x100, MREMAP_DONTUNMAP, MREMAP_MAYMOVE | MREMAP_DONTUNMAP};
	int pages, target = random_page(room);

	place(op, room);
	if (one_in(12))
		op->len = 0;
	pages = random_count(room, op->page > target ? op->page : target);
	op->len2 = one_in(3) && op->len / PS < room->to - target ? op->len : random_bytes(pages);
	op->page2 = target;
	op->flags = one_in(3) ? MREMAP_MAYMOVE | MREMAP_FIXED : rnd(2);
	if (one_in(40))
		op->flags = PICK(odd_flags);
	if (one_in(60))
		op->len2 = 0;
	if (one_in(8)) {
		op->flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
		op->len2 = one_in(20) ? op->len2 : op->len;
		pages = (int)((op->len2 + PS - 1) / PS);
		op->page2 = pages > room->to - target ? room->to - pages : target;
	}
}

DIFF_FN void random_madvise(struct op *op, const struct room *room)
{
	static const int advices[] = {MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_NORMAL, MADV_RANDOM,
		MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, MADV_REMOVE, MADV_REMOVE, MADV_DONTDUMP,
		MADV_DODUMP, MADV_COLD, MADV_PAGEOUT, 5, 6, 7, 99, -1};

	place(op, room);
	op->flags = PICK(advices);
}

DIFF_FN void random_lock(struct op *op, const struct room *room)
{
	static const int all_flags[] = {MCL_CURRENT, MCL_FUTURE, MCL_CURRENT | MCL_FUTURE,
		MCL_CURRENT | MCL_ONFAULT, MCL_FUTURE | MCL_ONFAULT, 0, 8, MCL_ONFAULT};

	place(op, room);
	if (op->kind == OP_MLOCKALL)
		op->flags = PICK(all_flags);
	if (op->kind == OP_MLOCK2)
		op->flags = one_in(10) ? 2 : rnd(2);
	if (op->kind == OP_MLOCK && one_in(2))
		op->shift = PICK(shifts);
	if (op->page + (op->shift + op->len + PS - 1) / PS > room->to)
		op->shift = 0;
}

DIFF_FN void random_file_op(struct op *op, const struct room *room)
{
	static const int seals[] = {0, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE,
		F_SEAL_SHRINK | F_SEAL_GROW, 0x100};
	static const int allocations[] = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE};
	static const int modes[] = {O_RDWR, O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_APPEND, O_RDWR | O_TRUNC, O_PATH};

	op->slot = one_in(3) ? random_slot() : (int)rnd(3) * 2;
	op->page = random_page(room);
	op->value = rnd(1 << 30);
	switch (op->kind) {
	case OP_TRUNCATE:
		op->page = (int)rnd(MEMFD);
		/* fall through */
	case OP_FTRUNCATE:
		op->len = one_in(40) ? -1 : (long)rnd(FILE_PAGES * PS);
		if (op->len > 0 && one_in(3))
			op->len = op->len / PS * PS;
		break;
	case OP_PREAD:
	case OP_PWRITE:
		op->shift = (int)rnd(8) * 512;
		op->len = one_in(40) ? 0 : 512;
		op->off = (long)rnd(FILE_PAGES * 8 - 1) * 512;
		break;
	case OP_READV:
	case OP_WRITEV:
		op->page2 = random_page(room);
		op->shift = (int)rnd(8) * 512;
		break;
	case OP_LSEEK:
		op->off = one_in(20) ? -1 : (long)rnd(20 * PS);
		op->flags = SEEK_SET;
		break;
	case OP_OPEN:
		op->slot = (int)rnd(SLOTS);
		op->page = (int)rnd(ZERO + 1);
		op->flags = PICK(modes);
		break;
	case OP_MEMFD:
		op->flags = one_in(10) ? 0x100 : rnd(4);
		break;
	case OP_SEAL:
		op->slot = one_in(8) ? op->slot : 6;
		op->flags = PICK(seals);
		break;
	case OP_FALLOCATE:
		op->slot = one_in(8) ? op->slot : 6;
		op->flags = PICK(allocations);
		op->off = (long)rnd(16) * PS;
		op->len = (long)rnd(8) * PS;
		if (op->flags & FALLOC_FL_PUNCH_HOLE)
			op->off += (long)rnd(PS), op->len += (long)rnd(PS);
		break;
	default:
		op->len = rnd(one_in(4) ? 3 * PS : 700);
	}
}

DIFF_FN void random_access(struct op *op, const struct room *room)
{
	op->page = random_page(room);
	op->flags = one_in(2) ? 1 : 4;
	op->shift = (int)rnd(PS / 4) * 4;
	op->value = rnd(256);
	if (op->kind == OP_FILL)
		op->len = random_count(room, op->page) * PS;
	if (op->kind == OP_DIE) {
		op->flags = rnd(2);
		op->len = rnd(4);
		op->page2 = random_page(room);
	}
	if (op->kind == OP_LOAD && op->flags == 4 && one_in(8) && op->page + 1 < room->to)
		op->shift = PS - 1 - (int)rnd(3);
}

DIFF_FN void random_rest(struct op *op)
{
	static const long distances[] = {0, 0, 300, 400, 2000};

	op->off = rnd(1 << 30) % (HEAP_PAGES * PS);
	op->value = rnd(256);
	if (op->kind == OP_BRK && one_in(3))
		op->off = op->off / PS * PS;
	if (op->kind == OP_BRK && one_in(30))
		op->off = -PS * (long)rnd(100000);
	if (op->kind == OP_GROW) {
		op->len = PICK(distances);
		op->prot = PICK(protections);
		op->off = 1 + rnd((op->len ? (uint32_t)op->len + 20 : 1000) * PS);
		op->flags = rnd(2);
		op->len2 = one_in(3) ? 1 + rnd(1000) : 0;
		op->page2 = one_in(3) ? one_in(4) ? PROT_GROWSUP : PROT_GROWSDOWN : 0;
	}
	if (op->kind == OP_RLIMIT) {
		op->flags = rnd(3);
		op->off = rnd(12);
	}
}

/* How often each kind comes, and in pairs, where only calls are made whose answers two lanes do not
   change for each other. */
static const struct {
	enum op_kind kind;
	int weight;
	bool in_pairs;
} weights[] = {
	{OP_MMAP, 140, true}, {OP_MUNMAP, 24, true}, {OP_MPROTECT, 60, true}, {OP_MREMAP, 60, true},
	{OP_MSYNC, 20, true}, {OP_MADVISE, 60, true}, {OP_MINCORE, 40, true}, {OP_MLOCK, 14, false},
	{OP_MLOCK2, 5, false}, {OP_MUNLOCK, 14, false}, {OP_MLOCKALL, 2, false}, {OP_MUNLOCKALL, 4, false},
	{OP_BRK, 15, false}, {OP_HEAP_LOAD, 15, false}, {OP_HEAP_STORE, 15, false}, {OP_MEMFD, 3, false}, {OP_SEAL, 4, false}, {OP_FALLOCATE, 6, false},
	{OP_FTRUNCATE, 16, true}, {OP_TRUNCATE, 4, false}, {OP_READV, 8, false}, {OP_WRITEV, 8, false},
	{OP_PREAD, 30, true}, {OP_PWRITE, 30, true}, {OP_READ, 10, false},
	{OP_WRITE, 12, false}, {OP_LSEEK, 10, false}, {OP_OPEN, 14, false}, {OP_CLOSE, 3, false},
	{OP_LOAD, 100, true}, {OP_STORE, 140, true}, {OP_FILL, 50, true}, {OP_DIE, 4, false}, {OP_GROW, 3, false},
	{OP_RLIMIT, 3, false}, {OP_FORK, 12, false}, {OP_VMCHILD, 4, false}, {OP_VFORK, 3, false}, {OP_THREAD, 4, false},
	{OP_VMPAIR, 4, false}, {OP_PAIR, 4, false}, {OP_MAPS, 15, false}, {OP_SMAPS, 8, false}, {OP_DIGEST, 8, false},
};
#define KINDS (sizeof weights / sizeof weights[0])

DIFF_FN enum op_kind random_kind(bool in_pair)
{
	uint32_t sum = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < KINDS; k++)
		sum += off[weights[k].kind] || (in_pair && !weights[k].in_pairs) ? 0 : (uint32_t)weights[k].weight;
	at = rnd(sum);
	for (;; i++) {
		uint32_t weight = off[weights[i].kind] || (in_pair && !weights[i].in_pairs) ? 0 : (uint32_t)weights[i].weight;

		if (at < weight)
			return weights[i].kind;
		at -= weight;
	}
}

DIFF_FN void random_op(struct op *op, const struct room *room)
{
	static const int sync_flags[] = {MS_ASYNC, MS_SYNC, MS_SYNC, MS_INVALIDATE, MS_ASYNC | MS_SYNC, 0, 16};

	op->side = room->side;
	op->kind = random_kind(room->side != 0);
	switch (op->kind) {
	case OP_MMAP: random_mmap(op, room); break;
	case OP_MREMAP: random_mremap(op, room); break;
	case OP_MADVISE: random_madvise(op, room); break;
	case OP_MLOCK:
	case OP_MLOCK2:
	case OP_MUNLOCK:
	case OP_MLOCKALL: random_lock(op, room); break;
	case OP_LOAD:
	case OP_STORE:
	case OP_FILL:
	case OP_DIE: random_access(op, room); break;
	case OP_MPROTECT:
		place(op, room);
		op->prot = PICK(protections) | (one_in(30) ? 1 << (3 + rnd(3)) : 0);
		break;
	case OP_MSYNC:
		place(op, room);
		op->flags = PICK(sync_flags);
		break;
	case OP_MUNMAP:
	case OP_MINCORE: place(op, room); break;
	case OP_MEMFD:
	case OP_SEAL:
	case OP_FALLOCATE:
	case OP_FTRUNCATE:
	case OP_TRUNCATE:
	case OP_PREAD:
	case OP_PWRITE:
	case OP_READV:
	case OP_WRITEV:
	case OP_READ:
	case OP_WRITE:
	case OP_LSEEK:
	case OP_OPEN:
	case OP_CLOSE: random_file_op(op, room); break;
	default: random_rest(op);
	}
}

/* Fills ops[at..to), children and theirs included; a limit does not outlast a few operations. */
DIFF_FN void generate_part(struct op *ops, int at, int to, int depth)
{
	static const struct room all = {0, PAGES, 0}, sides[] = {{0, PAGES / 2, 1}, {PAGES / 2, PAGES, 2}};

	while (at < to) {
		struct op *op = &ops[at++];
		bool pair;

		random_op(op, &all);
		if (op->kind == OP_RLIMIT && to - at > 20) {
			int after = at + 3 + (int)rnd(15);

			generate_part(ops, at, after, 3);
			ops[after] = (struct op){.kind = OP_RLIMIT, .off = -1};
			at = after + 1;
			continue;
		}
		if (performers[op->kind])
			continue;
		op->n = 3 + (int)rnd(30);
		if (depth >= 2 || op->n + 1 >= to - at) {
			*op = (struct op){.kind = OP_MAPS};
			continue;
		}
		pair = op->kind == OP_PAIR || op->kind == OP_VMPAIR;
		for (int i = at; pair && i < at + op->n; i++)
			random_op(&ops[i], &sides[rnd(2)]);
		if (!pair) {
			generate_part(ops, at, at + op->n - 1, depth + 1);
			ops[at + op->n - 1] = (struct op){.kind = one_in(3) ? OP_DIGEST : OP_MAPS};
		}
		at += op->n;
	}
}

/* The program of a seed: `count` operations. */
DIFF_FN void generate(uint32_t seed, struct op *ops, int count)
{
	random_state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	for (int i = 0; i < 8; i++)
		rnd(2);
	memset(ops, 0, sizeof *ops * (size_t)count);
	ops[0] = (struct op){.kind = OP_MMAP, .page = PAGES / 2 - 20, .len = 40 * PS, .prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, .slot = -1};
	if (!off[OP_MEMFD]) {
		ops[1] = (struct op){.kind = OP_MEMFD, .flags = rnd(2) * 2};
		ops[2] = (struct op){.kind = OP_OPEN, .slot = 6, .page = MEMFD};
		ops[3] = (struct op){.kind = OP_FTRUNCATE, .slot = 6, .len = 9 * PS};
	}
	generate_part(ops, off[OP_MEMFD] ? 1 : 4, count - 1, 0);
	ops[count - 1].kind = OP_DIGEST;
	for (int i = 0; i < count; i++)
		ops[i].id = i;
}
