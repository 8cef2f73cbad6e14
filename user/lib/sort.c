/*
 * Sorting and searching arrays. qsort is heapsort: in place, n log n for every input, no recursion.
 */
#include <stdlib.h>

#include <string.h>

typedef int compare_fn(const void *, const void *);

static void swap_elements(char *a, char *b, size_t size)
{
	char tmp[64];

	while (size > 0) {
		size_t n = size < sizeof(tmp) ? size : sizeof(tmp);

		memcpy(tmp, a, n);
		memcpy(a, b, n);
		memcpy(b, tmp, n);
		a += n;
		b += n;
		size -= n;
	}
}

/* Moves element i down until no child within the first count elements is greater. */
static void sink(char *base, size_t i, size_t count, size_t size, compare_fn *cmp)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= count)
			return;
		if (child + 1 < count && cmp(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (cmp(base + i * size, base + child * size) >= 0)
			return;
		swap_elements(base + i * size, base + child * size, size);
		i = child;
	}
}

void qsort(void *array, size_t count, size_t size, compare_fn *cmp)
{
	char *base = array;

	for (size_t i = count / 2; i-- > 0;)
		sink(base, i, count, size, cmp);
	for (size_t last = count; last-- > 1;) {
		swap_elements(base, base + last * size, size);
		sink(base, 0, last, size, cmp);
	}
}

void *bsearch(const void *key, const void *array, size_t count, size_t size, compare_fn *cmp)
{
	const char *base = array;

	while (count > 0) {
		const char *middle = base + count / 2 * size;
		int order = cmp(key, middle);

		if (order == 0)
			return (void *)middle;
		if (order > 0) {
			base = middle + size;
			count -= count / 2 + 1;
		} else {
			count /= 2;
		}
	}
	return NULL;
}
