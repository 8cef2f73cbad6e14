/* du [-s] [PATH...]: prints how much of the disk files and directories take, in kB. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

/* Files with several links that have been counted; an open hash table of (device, inode). */
struct seen {
	dev_t dev;
	ino_t ino;
	bool used;
};

static struct seen *seen;
static size_t seen_size, seen_count;
static bool summary;
static int status;

static struct seen *seen_slot(struct seen *table, size_t size, dev_t dev, ino_t ino)
{
	size_t i = (size_t)((ino * 0x9e3779b97f4a7c15ULL + dev) >> 20) & (size - 1);

	while (table[i].used && (table[i].dev != dev || table[i].ino != ino))
		i = (i + 1) & (size - 1);
	return &table[i];
}

static void seen_grow(void)
{
	size_t size = seen_size ? seen_size * 2 : 64;
	struct seen *table = must_alloc(size * sizeof(*table));

	memset(table, 0, size * sizeof(*table));
	for (size_t i = 0; i < seen_size; i++)
		if (seen[i].used)
			*seen_slot(table, size, seen[i].dev, seen[i].ino) = seen[i];
	free(seen);
	seen = table;
	seen_size = size;
}

/* Notes a file; true if it was noted before. */
static bool seen_before(const struct stat *st)
{
	struct seen *slot;

	if (2 * seen_count >= seen_size)
		seen_grow();
	slot = seen_slot(seen, seen_size, st->st_dev, st->st_ino);
	if (slot->used)
		return true;
	*slot = (struct seen){ st->st_dev, st->st_ino, true };
	seen_count++;
	return false;
}

/* The 512-byte blocks of a path and everything below it. */
static unsigned long long usage_of(const char *path, bool top)
{
	struct stat st;
	unsigned long long blocks;
	char **names;

	if (lstat(path, &st) < 0) {
		warn("%s", path);
		status = 1;
		return 0;
	}
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1 && seen_before(&st))
		return 0;
	blocks = (unsigned long long)st.st_blocks;
	if (S_ISDIR(st.st_mode)) {
		names = dir_names(path);
		if (!names) {
			warn("%s", path);
			status = 1;
		}
		for (char **n = names; n && *n; n++) {
			char *inner = path_join(path, *n);

			blocks += usage_of(inner, false);
			free(inner);
		}
		names_free(names);
	}
	if (top || (S_ISDIR(st.st_mode) && !summary))
		printf("%-7llu %s\n", (blocks + 1) / 2, path);
	return blocks;
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s")) != -1) {
		if (c != 's')
			return 2;
		summary = true;
	}
	if (optind == argc)
		usage_of(".", true);
	for (int i = optind; i < argc; i++)
		usage_of(argv[i], true);
	return finish_output(status);
}
