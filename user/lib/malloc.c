/*
 * The heap: boundary tags, bins by size, immediate coalescing.
 *
 * Memory comes from the kernel in segments (at least SEGMENT_MIN bytes, by brk while nobody else
 * moves the break, else by mmap). A segment is a row of chunks. A chunk starts with its header
 * word: size (a multiple of ALIGN) and two flags, "in use" and "the chunk before is in use". A free
 * chunk has list links after the header and repeats its size in its last word, where the next chunk
 * finds it. The last header of a segment is a sentinel of size 0, in use.
 *
 *	+------+--------------------------+------+------------+----+---- - -
 *	| size | bytes of the caller      | size | prev  next | .. |size| next chunk
 *	|  UP  | ^                        |   P  |            |    |    |
 *	+------+-|------------------------+------+------------+----+---- - -
 *	         aligned to ALIGN          a free chunk
 *
 * Invariants: no two free chunks are neighbours; every free chunk is on exactly one list,
 * bin_of(its size); bit b of bin_map is set exactly when list b is not empty.
 *
 * Bins up to SMALL_MAX hold one size each; above, each power of two is cut in four. malloc takes
 * the first chunk of its own bin if that fits, else the first of the next bin that has one, where
 * all fit; only when there is none it searches its own bin.
 *
 * A request of MAP_MIN bytes or more is a mapping of its own, given back by free. Its header has
 * the flag MAPPED and the length of the mapping.
 *
 * free looks at the header and its neighbour before it believes a pointer: a double free or an
 * overwritten header ends the program with a message.
 */
#include "internal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGN 16u
#define WORD sizeof(size_t)
#define IN_USE 1u
#define PREV_IN_USE 2u
#define MAPPED 4u
#define FLAGS 7u

#define SEGMENT_MIN (64u * 1024)
#define MAP_MIN (256u * 1024)
#define PAGE 4096u
#define SIZE_LIMIT ((size_t)PTRDIFF_MAX - 2 * PAGE)

#define SMALL_MAX 512u
#define SMALL_BINS (SMALL_MAX / ALIGN + 1)
#define BINS (SMALL_BINS + 4 * 8 * sizeof(size_t))
#define MAP_BITS (8 * sizeof(unsigned long))

struct chunk {
	size_t head;
	struct chunk *next;	/* the links exist only in a free chunk */
	struct chunk *prev;
};

/* Header, two links and the size at the end, rounded up. */
#define CHUNK_MIN ((sizeof(struct chunk) + WORD + ALIGN - 1) / ALIGN * ALIGN)

static struct chunk *bins[BINS];
static unsigned long bin_map[(BINS + MAP_BITS - 1) / MAP_BITS];
/* The end of the newest segment got by brk, where the next one may continue it. */
static char *break_end;

static size_t size_of(const struct chunk *c)
{
	return c->head & ~(size_t)FLAGS;
}

static struct chunk *chunk_at(struct chunk *c, size_t offset)
{
	return (struct chunk *)((char *)c + offset);
}

static size_t *last_word(struct chunk *c, size_t size)
{
	return (size_t *)((char *)c + size) - 1;
}

static void *chunk_bytes(struct chunk *c)
{
	return (char *)c + WORD;
}

static struct chunk *bytes_chunk(void *p)
{
	return (struct chunk *)((char *)p - WORD);
}

/* The bin that holds free chunks of this size. */
static unsigned bin_of(size_t size)
{
	unsigned log;

	if (size <= SMALL_MAX)
		return size / ALIGN;
	log = 8 * sizeof(long) - 1 - (unsigned)__builtin_clzl(size);
	return SMALL_BINS + (log - 9) * 4 + (size >> (log - 2) & 3);
}

static void bin_insert(struct chunk *c, size_t size)
{
	unsigned b = bin_of(size);

	c->prev = NULL;
	c->next = bins[b];
	if (c->next)
		c->next->prev = c;
	bins[b] = c;
	bin_map[b / MAP_BITS] |= 1UL << b % MAP_BITS;
}

static void bin_remove(struct chunk *c)
{
	unsigned b = bin_of(size_of(c));

	if ((c->prev && c->prev->next != c) || (c->next && c->next->prev != c))
		lib_panic("malloc: a free chunk was written to\n");
	if (c->prev)
		c->prev->next = c->next;
	else
		bins[b] = c->next;
	if (c->next)
		c->next->prev = c->prev;
	if (!bins[b])
		bin_map[b / MAP_BITS] &= ~(1UL << b % MAP_BITS);
}

/* The first non-empty bin at or above b, or BINS. */
static unsigned bin_search(unsigned b)
{
	unsigned long bits;

	if (b >= BINS)
		return BINS;
	bits = bin_map[b / MAP_BITS] & ~0UL << b % MAP_BITS;
	for (unsigned word = b / MAP_BITS;; bits = bin_map[word]) {
		if (bits)
			return word * MAP_BITS + (unsigned)__builtin_ctzl(bits);
		if (++word == sizeof(bin_map) / sizeof(bin_map[0]))
			return BINS;
	}
}

/* Makes a free chunk of the size at c, whose neighbours are in use, and files it. */
static void chunk_set_free(struct chunk *c, size_t size)
{
	c->head = size | PREV_IN_USE;
	*last_word(c, size) = size;
	chunk_at(c, size)->head &= ~(size_t)PREV_IN_USE;
	bin_insert(c, size);
}

/* Frees the bytes [c, c+size), of which no list knows, joining free neighbours. */
static void chunk_release(struct chunk *c, size_t size)
{
	struct chunk *after = chunk_at(c, size);

	if (!(c->head & PREV_IN_USE)) {
		size_t before = ((size_t *)c)[-1];

		c = chunk_at(c, -before);
		if (size_of(c) != before)
			lib_panic("malloc: a free chunk was written to\n");
		bin_remove(c);
		size += before;
	}
	if (!(after->head & IN_USE)) {
		bin_remove(after);
		size += size_of(after);
	}
	chunk_set_free(c, size);
}

/* Moves the break up by len bytes, from a page boundary on; where they start, or NULL. */
static char *break_extend(size_t len)
{
	char *end = sbrk(0);
	size_t pad = -(uintptr_t)end & (PAGE - 1);

	return brk(end + pad + len) < 0 ? NULL : end + pad;
}

/* Gets a segment of at least size chunk bytes from the kernel and files it as free. */
static bool segment_add(size_t size)
{
	size_t len = (size + 2 * ALIGN + PAGE - 1) & ~(size_t)(PAGE - 1);
	struct chunk *first;
	char *start;

	if (len < SEGMENT_MIN)
		len = SEGMENT_MIN;
	start = break_extend(len);
	if (start) {
		if (start == break_end) {
			/* It continues the segment before: the sentinel there becomes a chunk. */
			first = (struct chunk *)(start - WORD);
			break_end = start + len;
			*(size_t *)(break_end - WORD) = IN_USE;
			chunk_release(first, len);
			return true;
		}
		break_end = start + len;
	} else {
		start = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (start == MAP_FAILED) {
			errno = ENOMEM;
			return false;
		}
	}
	/* The caller's bytes are aligned, so headers lie one word before a multiple of ALIGN. */
	first = (struct chunk *)((((uintptr_t)start + WORD + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1)) -
				 WORD);
	*(size_t *)(start + len - WORD) = IN_USE;
	chunk_set_free(first, (size_t)(start + len - WORD - (char *)first));
	return true;
}

/* Cuts what a chunk in use has beyond size off, if that is a chunk's worth. */
static void chunk_trim(struct chunk *c, size_t size)
{
	size_t rest = size_of(c) - size;
	struct chunk *tail = chunk_at(c, size);

	if (rest < CHUNK_MIN)
		return;
	c->head = size | (c->head & FLAGS);
	tail->head = PREV_IN_USE;
	chunk_release(tail, rest);
}

/* A free chunk of at least size bytes, or NULL. */
static struct chunk *chunk_find(size_t size)
{
	unsigned own = bin_of(size);
	unsigned b;

	/* In the bin of a large size itself there may be smaller chunks: all fit only above it. */
	if (bins[own] && size_of(bins[own]) >= size)
		return bins[own];
	b = bin_search(own + 1);
	if (b < BINS)
		return bins[b];
	for (struct chunk *c = bins[own]; c; c = c->next)
		if (size_of(c) >= size)
			return c;
	return NULL;
}

static void *map_chunk(size_t request)
{
	size_t len = (request + ALIGN + PAGE - 1) & ~(size_t)(PAGE - 1);
	char *start = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct chunk *c;

	if (start == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	c = (struct chunk *)(start + ALIGN - WORD);
	c->head = len | MAPPED | IN_USE;
	return chunk_bytes(c);
}

/* Chunk size for a request, header included. */
static size_t chunk_size(size_t request)
{
	size_t size = (request + WORD + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	return size < CHUNK_MIN ? CHUNK_MIN : size;
}

void *malloc(size_t request)
{
	struct chunk *c;
	size_t size;

	if (request > SIZE_LIMIT) {
		errno = ENOMEM;
		return NULL;
	}
	if (request >= MAP_MIN)
		return map_chunk(request);
	size = chunk_size(request);
	c = chunk_find(size);
	if (!c) {
		if (!segment_add(size))
			return NULL;
		c = chunk_find(size);
	}
	bin_remove(c);
	c->head |= IN_USE;
	chunk_at(c, size_of(c))->head |= PREV_IN_USE;
	chunk_trim(c, size);
	return chunk_bytes(c);
}

/*
 * The chunk of a pointer that malloc returned and free has not seen; anything else ends the
 * program.
 */
static struct chunk *chunk_check(void *p)
{
	struct chunk *c = bytes_chunk(p);

	if ((uintptr_t)p % ALIGN != 0)
		lib_panic("malloc: a pointer that malloc did not return\n");
	if (!(c->head & IN_USE) ||
	    (!(c->head & MAPPED) && !(chunk_at(c, size_of(c))->head & PREV_IN_USE)))
		lib_panic("malloc: freed twice, or its header was written to\n");
	return c;
}

void free(void *p)
{
	struct chunk *c;

	if (!p)
		return;
	c = chunk_check(p);
	if (c->head & MAPPED) {
		munmap((char *)p - ALIGN, size_of(c));
		return;
	}
	/* Whatever this header becomes part of, it no longer says "in use". */
	c->head &= ~(size_t)IN_USE;
	chunk_release(c, size_of(c));
}

size_t malloc_usable_size(void *p)
{
	struct chunk *c;

	if (!p)
		return 0;
	c = bytes_chunk(p);
	return size_of(c) - (c->head & MAPPED ? ALIGN : WORD);
}

/* Tries to give a chunk in use size bytes where it is. */
static bool chunk_resize(struct chunk *c, size_t size)
{
	struct chunk *after = chunk_at(c, size_of(c));

	if (size > size_of(c)) {
		if (after->head & IN_USE || size_of(c) + size_of(after) < size)
			return false;
		bin_remove(after);
		c->head += size_of(after);
		chunk_at(c, size_of(c))->head |= PREV_IN_USE;
	}
	chunk_trim(c, size);
	return true;
}

void *realloc(void *p, size_t request)
{
	struct chunk *c;
	size_t usable;
	void *copy;

	if (!p)
		return malloc(request);
	if (request > SIZE_LIMIT) {
		errno = ENOMEM;
		return NULL;
	}
	c = chunk_check(p);
	usable = malloc_usable_size(p);
	if (c->head & MAPPED) {
		if (request <= usable && request >= usable / 2)
			return p;
	} else if (request < MAP_MIN && chunk_resize(c, chunk_size(request))) {
		return p;
	}
	copy = malloc(request);
	if (!copy)
		return NULL;
	memcpy(copy, p, request < usable ? request : usable);
	free(p);
	return copy;
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(bytes);
	/* A mapping of its own is fresh from the kernel: zero already. */
	if (p && !(bytes_chunk(p)->head & MAPPED))
		memset(p, 0, bytes);
	return p;
}

void *reallocarray(void *p, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, bytes);
}
