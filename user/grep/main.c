/*
 * grep [-EFcehHilnqrsvx] PATTERN [FILE...]: prints the lines that match. Status 0: some did, 1:
 * none, 2: an error.
 */
#include "regex.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

static bool count_only, ignore_case, names_only, numbers, quiet, silent, inverted, whole, recursive;
static int show_names = -1;	/* 0, 1, or -1: when there are several files */
static enum regex_syntax syntax = REGEX_BASIC;
static struct regex **patterns;
static size_t pattern_count;
static bool found_any, failed;

static void add_pattern(const char *pattern)
{
	const char *error;
	struct regex *re = regex_compile(pattern, syntax, ignore_case, &error);

	if (!re)
		errx(2, "%s: %s", pattern, error);
	patterns = must_resize(patterns, (pattern_count + 1) * sizeof(*patterns));
	patterns[pattern_count++] = re;
}

static bool line_matches(const char *line, size_t len)
{
	for (size_t i = 0; i < pattern_count; i++)
		if (regex_match(patterns[i], line, len, whole))
			return true;
	return false;
}

static void search(FILE *f, const char *name)
{
	unsigned long long number = 0, matches = 0;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, f)) >= 0) {
		size_t len = (size_t)n - (n > 0 && line[n - 1] == '\n');

		number++;
		if (line_matches(line, len) == inverted)
			continue;
		matches++;
		if (quiet || names_only)
			break;
		if (count_only)
			continue;
		if (show_names)
			printf("%s:", name);
		if (numbers)
			printf("%llu:", number);
		fwrite(line, 1, len, stdout);
		putchar('\n');
	}
	if (ferror(f)) {
		warn("%s", name);
		failed = true;
	}
	free(line);
	found_any |= matches > 0;
	if (names_only && matches > 0 && !quiet)
		puts(name);
	if (count_only && !names_only && !quiet)
		printf("%s%s%llu\n", show_names ? name : "", show_names ? ":" : "", matches);
}

static void search_path(const char *path)
{
	struct stat st;
	char **names;
	FILE *f;

	if (recursive && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		names = dir_names(path);
		for (char **n = names; n && *n; n++) {
			char *inner = path_join(path, *n);

			/* Links are not followed down: they may lead back up. */
			if (lstat(inner, &st) == 0 && !S_ISLNK(st.st_mode))
				search_path(inner);
			free(inner);
		}
		if (names) {
			names_free(names);
			return;
		}
	}
	f = fopen(path, "r");
	if (!f) {
		if (!silent)
			warn("%s", path);
		failed = true;
		return;
	}
	search(f, path);
	fclose(f);
}

static void parse_options(int argc, char **argv)
{
	char **given = NULL;
	size_t count = 0;
	int c;

	while ((c = getopt(argc, argv, "EFce:hHilnqrRsvx")) != -1) {
		switch (c) {
		case 'E': syntax = REGEX_EXTENDED; break;
		case 'F': syntax = REGEX_FIXED; break;
		case 'c': count_only = true; break;
		case 'e':
			given = must_resize(given, (count + 1) * sizeof(*given));
			given[count++] = optarg;
			break;
		case 'h': show_names = 0; break;
		case 'H': show_names = 1; break;
		case 'i': ignore_case = true; break;
		case 'l': names_only = true; break;
		case 'n': numbers = true; break;
		case 'q': quiet = true; break;
		case 'r':
		case 'R': recursive = true; break;
		case 's': silent = true; break;
		case 'v': inverted = true; break;
		case 'x': whole = true; break;
		default: exit(2);
		}
	}
	if (count == 0) {
		if (optind == argc)
			usage("grep [-EFchHilnqrsvx] PATTERN [FILE...]");
		add_pattern(argv[optind++]);
	}
	for (size_t i = 0; i < count; i++)
		add_pattern(given[i]);
	free(given);
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	if (show_names < 0)
		show_names = recursive || argc - optind > 1;
	if (optind == argc && recursive)
		search_path(".");
	else if (optind == argc)
		search(stdin, "(standard input)");
	for (int i = optind; i < argc; i++) {
		search_path(argv[i]);
		if (quiet && found_any)
			break;
	}
	if (quiet && found_any)
		return 0;
	return finish_output(failed ? 2 : !found_any);
}
