/* Helpers of the programs: allocation, paths, directories, copying. */
#include <tools.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *must_resize(void *p, size_t size)
{
	void *q = realloc(p, size);

	if (!q)
		err(1, "%zu bytes", size);
	return q;
}

void *must_alloc(size_t size)
{
	return must_resize(NULL, size);
}

char *must_copy(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(must_alloc(size), s, size);
}

char *path_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);
	bool slash = len > 0 && dir[len - 1] != '/';
	char *path = must_alloc(len + strlen(name) + 2);

	strcpy(path, dir);
	if (slash)
		strcat(path, "/");
	return strcat(path, name);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_free(char **names)
{
	for (char **n = names; n && *n; n++)
		free(*n);
	free(names);
}

char **dir_names(const char *path)
{
	DIR *dir = opendir(path);
	char **names = NULL;
	size_t count = 0, cap = 0;
	struct dirent *entry;
	int error;

	if (!dir)
		return NULL;
	for (;;) {
		if (count + 1 >= cap) {
			cap = 2 * cap + 16;
			names = must_resize(names, cap * sizeof(*names));
		}
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			names[count++] = must_copy(entry->d_name);
	}
	error = errno;
	names[count] = NULL;
	closedir(dir);
	if (error) {
		names_free(names);
		errno = error;
		return NULL;
	}
	qsort(names, count, sizeof(*names), compare_names);
	return names;
}

bool write_all(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return true;
}

bool copy_bytes(int in, const char *in_name, int out, const char *out_name)
{
	static char buf[64 * 1024];

	for (;;) {
		ssize_t n = read(in, buf, sizeof(buf));

		if (n == 0)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			warn("%s", in_name);
			return false;
		}
		if (!write_all(out, buf, (size_t)n)) {
			warn("%s", out_name);
			return false;
		}
	}
}

long long parse_size(const char *what, const char *s)
{
	char *end;
	long long n = strtoll(s, &end, 10), unit = 1;

	switch (*end) {
	case 'k':
	case 'K': unit = 1024; break;
	case 'm':
	case 'M': unit = 1024 * 1024; break;
	case 'g':
	case 'G': unit = 1024 * 1024 * 1024; break;
	}
	if (unit > 1)
		end++;
	if (end == s || *end || n < 0 || __builtin_mul_overflow(n, unit, &n))
		errx(2, "%s: \"%s\" is not a size", what, s);
	return n;
}

int finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	/* The one who reads has gone: as usual, and no news. */
	if (errno != EPIPE)
		warn("standard output");
	return 1;
}

_Noreturn void usage(const char *text)
{
	fprintf(stderr, "usage: %s\n", text);
	exit(2);
}
