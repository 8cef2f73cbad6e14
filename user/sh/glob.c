/*
 * File names for patterns, one path component after the other: a component without pattern
 * characters is appended as it is, one with them is compared with the entries of the directory
 * before it.
 */
#include "sh.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct glob {
	struct arena *arena;
	struct strlist *out;
	struct str path;	/* the path found so far, ending in a slash if it goes on */
};

static void glob_component(struct glob *g, const char *pattern);

/* Pattern characters that no backslash takes away. */
static bool has_pattern(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\')
			i++;
		else if (strchr("*?[", s[i]))
			return true;
	}
	return false;
}

/*
 * Appends the slashes after a component and goes on behind them; at the end takes the path if it
 * exists.
 */
static void glob_next(struct glob *g, const char *rest)
{
	struct stat st;

	if (!*rest) {
		if (lstat(g->path.s, &st) == 0)
			strlist_add(g->out, g->arena, arena_copy(g->arena, g->path.s, g->path.len));
		return;
	}
	while (*rest == '/')
		str_char(&g->path, *rest++);
	glob_component(g, rest);
}

static void glob_directory(struct glob *g, const char *component, const char *rest)
{
	DIR *dir = opendir(g->path.len > 0 ? g->path.s : ".");
	size_t len = g->path.len;
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)) && !shell.interrupted) {
		if (fnmatch(component, entry->d_name, FNM_PERIOD) != 0)
			continue;
		str_add(&g->path, entry->d_name, strlen(entry->d_name));
		glob_next(g, rest);
		g->path.len = len;
		g->path.s[len] = '\0';
	}
	closedir(dir);
}

static void glob_component(struct glob *g, const char *pattern)
{
	size_t n = strcspn(pattern, "/"), len = g->path.len;

	if (has_pattern(pattern, n)) {
		char *component = heap_alloc(n + 1);

		memcpy(component, pattern, n);
		component[n] = '\0';
		str_add(&g->path, "", 0);
		glob_directory(g, component, pattern + n);
		free(component);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (pattern[i] == '\\' && i + 1 < n)
			i++;
		str_char(&g->path, pattern[i]);
	}
	str_add(&g->path, "", 0);
	glob_next(g, pattern + n);
	g->path.len = len;
	g->path.s[len] = '\0';
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void glob_expand(const char *pattern, struct arena *a, struct strlist *out)
{
	struct glob g = { .arena = a, .out = out };
	size_t before = out->count;

	glob_component(&g, pattern);
	if (out->count > before)
		qsort(out->items + before, out->count - before, sizeof(*out->items),
		      compare_strings);
	str_free(&g.path);
}
