/*
 * What a program of the comparison knows of its own window: what each page was mapped from, and what
 * follows from that. It never decides what a call must answer, Linux does; it tells where the contract
 * leaves the answer open, so that the program does not ask there:
 *
 * - bytes past the end of a file in its last page may or may not be seen by other mappings;
 * - mincore is defined for anonymous memory only, and there not for pages that were just read and then
 *   inherited, moved or given other rights, nor after MADV_FREE;
 * - whether neighbours are one mapping shows in mremap. Pages of one `piece` certainly are: they were
 *   mapped by one call, and no call since has cut there. Pages that differ in what maps shows are
 *   certainly not.
 *
 * The shadow is ordinary memory: a fork copies it with what it describes, threads share it. Two lanes at
 * a time change different halves.
 */
#pragma once

#include "base.h"

#define FILES 4
#define SLOTS 8
#define SLOT_FD 40   /* descriptor of slot 0 */
#define KEEPER_FD 60 /* of file 0, always open for reading and writing */
#define MEMFD 3	     /* the file that is a memfd: its sizes are whole pages */
#define ZERO 4	     /* /dev/zero, which has no size: anonymous memory when it is mapped */

enum content { HOLE, PRIVATE, SHARED, FILED };
enum resident { ANY, NO, JUST_READ, YES };

struct shade {
	uint8_t content, resident, prot;
	int8_t file;
	bool shared, maywrite, dontfork, wipe, zero;
	uint32_t index, object, piece;
};

static struct shade shadow[PAGES];
static struct {
	int8_t file; /* -1: closed */
	int mode;    /* O_ flags */
} slots[SLOTS];
static uint32_t file_object[FILES];
static bool any_locks, all_locked, future_locks, future_loads, limited, data_limited, paired;

/* A range of bytes in the window as pages; what lies outside is cut off. */
struct span {
	int from, to;
};

DIFF_FN struct span span_of(long page, long len)
{
	struct span s = {(int)page, (int)(page + (len + PS - 1) / PS)};

	if (page < 0)
		s.from = s.to = 0;
	if (s.to > PAGES)
		s.to = PAGES;
	return s;
}

DIFF_FN long file_size(int file)
{
	struct stat st;

	return fstat(KEEPER_FD + file, &st) < 0 ? -1 : (long)st.st_size;
}

DIFF_FN bool has_size(int file)
{
	return file >= 0 && file < FILES;
}

/* Against stores that are to come. */
DIFF_FN bool is_sealed(int file)
{
	int seals = file == MEMFD ? fcntl(KEEPER_FD + MEMFD, F_GET_SEALS) : 0;

	return seals > 0 && seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}

/* Bytes of a file that lie in its page `index`. */
DIFF_FN long bytes_in_page(int file, uint32_t index)
{
	long size = file_size(file), before = (long)index;

	if (before >= (size + PS - 1) / PS)
		return 0;
	return size - before * PS > PS ? PS : size - before * PS;
}

/* Whether [offset, offset + len) of a page that may be stored to touches bytes past a file's end. */
DIFF_FN bool in_tail(int page, long offset, long len)
{
	const struct shade *s = &shadow[page];
	long bytes;

	if (s->content != FILED || !s->shared)
		return false;
	bytes = bytes_in_page(s->file, s->index);
	return bytes > 0 && offset + len > bytes;
}

/* What another lane might change or see at this moment. */
DIFF_FN bool contended(int page)
{
	const struct shade *s = &shadow[page];

	if (!paired)
		return false;
	if (s->content == SHARED)
		return s->object % LANES != (uint32_t)lane_number();
	return s->content == FILED && s->file % 2 != lane_number() % 2;
}

DIFF_FN bool any_contended(struct span s)
{
	for (int i = s.from; i < s.to; i++)
		if (contended(i))
			return true;
	return false;
}

/* The pages get pieces of their own, so does what is right of them. Calls that fail may have cut there as well. */
DIFF_FN void shadow_cut(struct span s)
{
	uint32_t old = 0, new = 0;
	int end = s.to;

	while (end < PAGES && end > 0 && shadow[end].piece == shadow[end - 1].piece && shadow[end].content)
		end++;
	for (int i = s.from; i < end; i++) {
		if (i == s.from || i == s.to || shadow[i].piece != old)
			new = new_number();
		old = shadow[i].piece;
		shadow[i].piece = new;
	}
}

DIFF_FN void shadow_unmap(struct span s)
{
	for (int i = s.from; i < s.to; i++)
		memset(&shadow[i], 0, sizeof shadow[i]);
}

/* The pages were loaded or stored to. */
DIFF_FN void shadow_touch(struct span s, bool stored)
{
	for (int i = s.from; i < s.to; i++) {
		struct shade *p = &shadow[i];

		if (p->content == SHARED || (p->content == PRIVATE && stored))
			p->resident = YES;
		else if (p->content == PRIVATE && p->resident != YES)
			p->resident = JUST_READ;
	}
}

/* What may be touched is in memory, as mlock leaves it: private memory that may be stored to has its own pages. */
DIFF_FN void shadow_load(struct span s)
{
	for (int i = s.from; i < s.to; i++)
		if (shadow[i].prot)
			shadow_touch((struct span){i, i + 1}, shadow[i].prot & PROT_WRITE);
}

DIFF_FN void shadow_map(struct span s, int prot, int flags, int slot, long index)
{
	struct shade new = {.prot = prot & 7, .maywrite = true, .shared = (flags & MAP_TYPE) != MAP_PRIVATE};

	new.piece = new.object = new_number();
	new.zero = !(flags & MAP_ANONYMOUS) && slots[slot].file == ZERO;
	new.content = !(flags & MAP_ANONYMOUS) && !new.zero ? FILED : new.shared ? SHARED : PRIVATE;
	new.resident = NO;
	if (new.content == FILED) {
		new.file = slots[slot].file;
		new.object = file_object[new.file];
		new.maywrite = !new.shared || ((slots[slot].mode & O_ACCMODE) == O_RDWR && !is_sealed(new.file));
	} else if (new.zero) {
		new.maywrite = !new.shared || (slots[slot].mode & O_ACCMODE) == O_RDWR;
	}
	for (int i = s.from; i < s.to; i++) {
		new.index = (uint32_t)(new.content == PRIVATE ? 0 : (new.content == FILED ? index : 0) + i - s.from);
		shadow[i] = new;
	}
	/* MCL_ONFAULT holds also against flags that ask for pages. */
	if (future_locks ? future_loads : flags & MAP_LOCKED || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		shadow_load(s);
}

/* Whether a range may have locked pages in it: what the other lane of a pair locks by now is not known. */
DIFF_FN bool locks_possible(void)
{
	return any_locks || paired;
}

/* mprotect answered r: up to where it may have come. */
DIFF_FN void shadow_protect(struct span s, int prot, long r)
{
	shadow_cut(s);
	for (int i = s.from; i < s.to; i++) {
		if (r == -ENOMEM && !shadow[i].content)
			return;
		if (r == -EACCES && !shadow[i].maywrite)
			return;
		shadow[i].prot = prot & 7;
		if (shadow[i].resident == JUST_READ || (shadow[i].resident == NO && locks_possible()))
			shadow[i].resident = ANY;
	}
}

DIFF_FN void shadow_resident(struct span s, enum resident value)
{
	for (int i = s.from; i < s.to; i++)
		if (shadow[i].content == PRIVATE)
			shadow[i].resident = value;
}

/* Somebody may make pages present, or not: what is surely there stays so. */
DIFF_FN void shadow_maybe_resident(struct span s)
{
	for (int i = s.from; i < s.to; i++)
		if (shadow[i].resident != YES)
			shadow[i].resident = ANY;
}

/* Two neighbours that can be no single mapping, whatever a kernel joins. */
DIFF_FN bool surely_apart(const struct shade *a, const struct shade *b)
{
	return a->content != b->content || a->shared != b->shared || a->prot != b->prot ||
	       (a->content != PRIVATE && (a->object != b->object || b->index != a->index + 1));
}

/* How many mappings a range has: 0 if it begins with a hole, 1, 2 for more, -1 if that is open. */
DIFF_FN int mappings_in(struct span s)
{
	if (s.from >= s.to || !shadow[s.from].content)
		return 0;
	for (int i = s.from + 1; i < s.to; i++) {
		if (surely_apart(&shadow[i - 1], &shadow[i]))
			return 2;
		if (shadow[i].piece != shadow[s.from].piece)
			return -1;
	}
	return 1;
}

/* The pages are as if just mapped. */
DIFF_FN void shadow_empty(struct span s)
{
	shadow_resident(s, NO);
	shadow_cut(s);
}

/* Moves `old` to page `to`, with `pages` pages there then. copies: it is a second view. stays: the old range stays
   mapped. */
DIFF_FN void shadow_move(struct span old, int to, int pages, bool copies, bool stays)
{
	struct shade copy[PAGES];
	int count = old.to - old.from;

	memcpy(copy, &shadow[old.from], sizeof copy[0] * (size_t)count);
	if (!stays)
		shadow_unmap(old);
	else if (!copies)
		shadow_empty(old);
	for (int i = 0; i < pages && to + i < PAGES; i++) {
		struct shade *new = &shadow[to + i];

		*new = copy[i < count ? i : 0];
		if (new->resident == JUST_READ)
			new->resident = ANY;
		if (i >= count || copies)
			new->resident = new->content == PRIVATE && !locks_possible() ? NO : ANY;
		new->index = new->content == PRIVATE ? 0 : copy[0].index + (uint32_t)i;
	}
	shadow_cut((struct span){to, to + pages > PAGES ? PAGES : to + pages});
}

/* In a child: what it has not inherited. In both: what the other may do from now on. */
DIFF_FN void shadow_forked(bool child)
{
	for (int i = 0; i < PAGES; i++) {
		struct shade *s = &shadow[i];

		if (s->content == SHARED && s->resident == NO)
			s->resident = ANY;
		if (!child)
			continue;
		if (s->dontfork)
			shadow_unmap((struct span){i, i + 1});
		else if (s->wipe || s->resident == JUST_READ)
			s->resident = s->wipe ? NO : ANY;
	}
}
