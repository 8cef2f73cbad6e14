/*
 * tail [-n LINES | -c BYTES] [FILE...]: writes the end of files. Keeps no more of them than it may
 * have to write.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

/* The last lines or bytes seen: a ring of pieces. */
struct ring {
	char **pieces;
	size_t *lengths;
	size_t size, next, count;
};

static void ring_put(struct ring *r, const char *s, size_t len)
{
	char **slot;

	if (r->size == 0)
		return;
	slot = &r->pieces[r->next];
	*slot = must_resize(*slot, len);
	memcpy(*slot, s, len);
	r->lengths[r->next] = len;
	r->next = (r->next + 1) % r->size;
	if (r->count < r->size)
		r->count++;
}

static void tail_lines(FILE *f, size_t lines)
{
	struct ring r = { .size = lines };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	r.pieces = calloc(lines ? lines : 1, sizeof(*r.pieces));
	r.lengths = calloc(lines ? lines : 1, sizeof(*r.lengths));
	if (!r.pieces || !r.lengths)
		err(1, "%zu lines", lines);
	while ((n = getline(&line, &cap, f)) >= 0)
		ring_put(&r, line, (size_t)n);
	for (size_t i = 0; i < r.count; i++) {
		size_t k = (r.next + r.size - r.count + i) % r.size;

		fwrite(r.pieces[k], 1, r.lengths[k], stdout);
	}
	for (size_t i = 0; i < r.size; i++)
		free(r.pieces[i]);
	free(r.pieces);
	free(r.lengths);
	free(line);
}

static void tail_bytes(FILE *f, size_t bytes)
{
	/* Twice what is wanted: the older half goes when it is full. */
	char *buf = must_alloc(2 * bytes + 1);
	size_t len = 0, n;

	while ((n = fread(buf + len, 1, 2 * bytes + 1 - len, f)) > 0) {
		len += n;
		if (len > bytes) {
			memmove(buf, buf + len - bytes, bytes);
			len = bytes;
		}
	}
	fwrite(buf, 1, len, stdout);
	free(buf);
}

static void tail(FILE *f, const char *name, long long lines, long long bytes)
{
	if (bytes >= 0)
		tail_bytes(f, (size_t)bytes);
	else
		tail_lines(f, (size_t)lines);
	if (ferror(f))
		warn("%s", name);
}

int main(int argc, char **argv)
{
	long long lines = 10, bytes = -1;
	int c, status = 0;

	while ((c = getopt(argc, argv, "n:c:")) != -1) {
		switch (c) {
		case 'n': lines = parse_size("tail", optarg); break;
		case 'c': bytes = parse_size("tail", optarg); break;
		default: return 2;
		}
	}
	if (optind == argc)
		tail(stdin, "standard input", lines, bytes);
	for (int i = optind; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");

		if (!f) {
			warn("%s", argv[i]);
			status = 1;
			continue;
		}
		if (argc - optind > 1)
			printf("%s==> %s <==\n", i > optind ? "\n" : "", argv[i]);
		tail(f, argv[i], lines, bytes);
		fclose(f);
	}
	return finish_output(status);
}
