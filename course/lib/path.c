/*
 * Names of files. A flavour cuts each name of a path to shape.name bytes and takes no path of
 * shape.path bytes or more. A path that has longer names and exists as it is, is taken as it is, so
 * that files of the host with long names can be opened.
 *
 * A program may pass any address; so the text is copied page by page, after the kernel was asked
 * whether the page is there.
 */
#include "flavour.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATH_MOST 1024

static char buffers[2][PATH_MOST];

bool is_mapped(const void *p, size_t n)
{
	uintptr_t first = DOWN(p), last = (uintptr_t)p + n;
	unsigned char resident;

	if (last < first)
		return false;
	for (; first < last; first += PAGE)
		if (mincore((void *)first, PAGE, &resident) < 0)
			return false;
	return true;
}

/* Copies a string of less than `most` bytes; false if it is longer, or not all there. */
static bool fetch(char *to, const char *from, size_t most)
{
	size_t done = 0;

	while (done < most) {
		size_t piece = PAGE - ((uintptr_t)(from + done) & (PAGE - 1));
		size_t length;

		if (piece > most - done)
			piece = most - done;
		if (!is_mapped(from + done, 1))
			return false;
		length = strnlen(from + done, piece);
		memcpy(to + done, from + done, length);
		done += length;
		if (length < piece) {
			to[done] = '\0';
			return true;
		}
	}
	return false;
}

static bool has_long_name(const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length > shape.name)
			return true;
		path += length + strspn(path + length, "/");
	}
	return false;
}

static void cut_names(char *path)
{
	char *to = path;
	size_t length = 0;

	for (const char *from = path; *from; from++) {
		length = *from == '/' ? 0 : length + 1;
		if (length <= shape.name)
			*to++ = *from;
	}
	*to = '\0';
}

const char *path_get(const char *name, int buffer)
{
	char *path = buffers[buffer];

	if (!fetch(path, name, shape.path < PATH_MOST ? shape.path : PATH_MOST))
		return NULL;
	if (has_long_name(path) && access(path, F_OK) < 0)
		cut_names(path);
	return path;
}
