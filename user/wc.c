/* wc [-lwc] [FILE...]: counts lines, words and bytes. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <tools.h>
#include <unistd.h>

struct counts {
	unsigned long long lines, words, bytes;
};

static bool show_lines, show_words, show_bytes;

static bool count(int fd, const char *name, struct counts *c)
{
	char buf[16 * 1024];
	bool in_word = false;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			warn("%s", name);
			return false;
		}
		c->bytes += (unsigned long long)n;
		for (ssize_t i = 0; i < n; i++) {
			bool space = isspace((unsigned char)buf[i]);

			c->lines += buf[i] == '\n';
			c->words += !space && !in_word;
			in_word = !space;
		}
	}
	return true;
}

/* A single figure stands alone, several stand in columns. */
static void print(const struct counts *c, const char *name)
{
	const unsigned long long values[] = { c->lines, c->words, c->bytes };
	const bool shown[] = { show_lines, show_words, show_bytes };
	int width = show_lines + show_words + show_bytes > 1 ? 7 : 0;
	const char *gap = "";

	for (int i = 0; i < 3; i++) {
		if (!shown[i])
			continue;
		printf("%s%*llu", gap, width, values[i]);
		gap = " ";
	}
	printf("%s%s\n", name ? " " : "", name ? name : "");
}

int main(int argc, char **argv)
{
	struct counts total = { 0 };
	int c, status = 0;

	while ((c = getopt(argc, argv, "lwc")) != -1) {
		switch (c) {
		case 'l': show_lines = true; break;
		case 'w': show_words = true; break;
		case 'c': show_bytes = true; break;
		default: return 2;
		}
	}
	if (!show_lines && !show_words && !show_bytes)
		show_lines = show_words = show_bytes = true;
	if (optind == argc) {
		status = !count(0, "standard input", &total);
		print(&total, NULL);
		return finish_output(status);
	}
	for (int i = optind; i < argc; i++) {
		struct counts one = { 0 };
		int fd = open(argv[i], O_RDONLY);

		if (fd < 0) {
			warn("%s", argv[i]);
			status = 1;
			continue;
		}
		if (!count(fd, argv[i], &one))
			status = 1;
		close(fd);
		print(&one, argv[i]);
		total.lines += one.lines;
		total.words += one.words;
		total.bytes += one.bytes;
	}
	if (argc - optind > 1)
		print(&total, "total");
	return finish_output(status);
}
