/*
 * hexdump [-C] [-s SKIP] [-n LENGTH] [FILE]: prints bytes in hexadecimal and as characters, 16 a
 * line.
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

#define LINE 16

static void print_line(unsigned long long at, const unsigned char *bytes, size_t n)
{
	printf("%08llx ", at);
	for (size_t i = 0; i < LINE; i++) {
		if (i % 8 == 0)
			putchar(' ');
		if (i < n)
			printf("%02x ", bytes[i]);
		else
			fputs("   ", stdout);
	}
	fputs(" |", stdout);
	for (size_t i = 0; i < n; i++)
		putchar(isprint(bytes[i]) ? bytes[i] : '.');
	fputs("|\n", stdout);
}

/* Passes over bytes, by reading where the input has no position. */
static void skip_bytes(FILE *f, long long n)
{
	if (n == 0 || fseeko(f, n, SEEK_SET) == 0)
		return;
	while (n-- > 0 && getc(f) != EOF)
		;
}

static void dump(FILE *f, unsigned long long at, long long limit)
{
	unsigned char line[LINE], last[LINE];
	bool repeated = false, have_last = false;
	size_t n;

	for (;;) {
		size_t want = limit >= 0 && limit < LINE ? (size_t)limit : LINE;

		n = fread(line, 1, want, f);
		if (n == 0)
			break;
		/* Equal lines are shown as one star. */
		if (n == LINE && have_last && memcmp(line, last, LINE) == 0) {
			if (!repeated)
				puts("*");
			repeated = true;
		} else {
			print_line(at, line, n);
			repeated = false;
		}
		memcpy(last, line, LINE);
		have_last = n == LINE;
		at += n;
		if (limit >= 0)
			limit -= (long long)n;
	}
	printf("%08llx\n", at);
}

int main(int argc, char **argv)
{
	long long skip = 0, limit = -1;
	const char *name = "standard input";
	FILE *f = stdin;
	int c;

	while ((c = getopt(argc, argv, "Cs:n:")) != -1) {
		switch (c) {
		case 'C': break;
		case 's': skip = parse_size("-s", optarg); break;
		case 'n': limit = parse_size("-n", optarg); break;
		default: return 2;
		}
	}
	if (argc - optind > 1)
		usage("hexdump [-C] [-s SKIP] [-n LENGTH] [FILE]");
	if (optind < argc) {
		name = argv[optind];
		f = fopen(name, "r");
		if (!f)
			err(1, "%s", name);
	}
	skip_bytes(f, skip);
	dump(f, (unsigned long long)skip, limit);
	if (ferror(f))
		err(1, "%s", name);
	return finish_output(0);
}
