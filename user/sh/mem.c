/*
 * Memory of the shell: arenas, growing strings, and allocation that does not return without
 * success.
 */
#include "sh.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 2048

struct block {
	struct block *next;
	size_t used, size;
	char bytes[] __attribute__((aligned(16)));
};

/* Counted: the command line that runs and the functions defined in it hold it. */
struct arena {
	unsigned refs;
	struct block *blocks;	/* the first is the one with room */
};

void *heap_resize(void *p, size_t size)
{
	void *q = realloc(p, size);

	if (!q) {
		fprintf(stderr, "sh: out of memory\n");
		_Exit(2);
	}
	return q;
}

void *heap_alloc(size_t size)
{
	return heap_resize(NULL, size);
}

char *heap_copy(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(heap_alloc(size), s, size);
}

struct arena *arena_new(void)
{
	struct arena *a = heap_alloc(sizeof(*a));

	a->refs = 1;
	a->blocks = NULL;
	return a;
}

struct arena *arena_hold(struct arena *a)
{
	a->refs++;
	return a;
}

void arena_drop(struct arena *a)
{
	struct block *b, *next;

	if (--a->refs > 0)
		return;
	for (b = a->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

/* Zeroed, aligned for everything. */
void *arena_alloc(struct arena *a, size_t size)
{
	struct block *b = a->blocks;
	size_t need = (size + 15) & ~(size_t)15;
	void *p;

	if (!b || b->size - b->used < need) {
		size_t room = need > BLOCK_SIZE / 4 ? need : BLOCK_SIZE;
		struct block *fresh = heap_alloc(sizeof(*fresh) + room);

		fresh->used = 0;
		fresh->size = room;
		if (b && room == need) {
			/*
			 * A block of one large object goes behind, the one with room stays first.
			 */
			fresh->next = b->next;
			b->next = fresh;
		} else {
			fresh->next = b;
			a->blocks = fresh;
		}
		b = fresh;
	}
	p = b->bytes + b->used;
	b->used += need;
	return memset(p, 0, size);
}

char *arena_copy(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	memcpy(copy, s, len);
	return copy;
}

void str_add(struct str *str, const char *s, size_t len)
{
	if (str->cap - str->len < len + 1) {
		str->cap = str->cap * 2 + len + 64;
		str->s = heap_resize(str->s, str->cap);
	}
	if (len > 0)
		memcpy(str->s + str->len, s, len);
	str->len += len;
	str->s[str->len] = '\0';
}

void str_char(struct str *str, char c)
{
	str_add(str, &c, 1);
}

void str_free(struct str *str)
{
	free(str->s);
	*str = (struct str){ 0 };
}

void strlist_add(struct strlist *list, struct arena *a, char *s)
{
	if (list->count + 1 >= list->cap) {
		size_t cap = list->cap * 2 + 8;
		char **grown = arena_alloc(a, cap * sizeof(*grown));

		if (list->count > 0)
			memcpy(grown, list->items, list->count * sizeof(*grown));
		list->items = grown;
		list->cap = cap;
	}
	list->items[list->count++] = s;
	list->items[list->count] = NULL;
}
