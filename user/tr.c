/*
 * tr [-d] FROM [TO]: copies standard input with characters exchanged, or with -d left out. a-z is a
 * range.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

/* Spells a set out: ranges, and the escapes \n \t \\ ; returns its length. */
static size_t spell(const char *s, unsigned char *out)
{
	size_t n = 0;

	while (*s && n < 256) {
		int c = (unsigned char)*s++, last;

		if (c == '\\' && *s) {
			c = (unsigned char)*s++;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == '0' ? '\0' : c;
		}
		last = c;
		if (s[0] == '-' && s[1]) {
			last = (unsigned char)s[1];
			s += 2;
		}
		for (; c <= last && n < 256; c++)
			out[n++] = (unsigned char)c;
	}
	return n;
}

int main(int argc, char **argv)
{
	unsigned char from[256], to[256];
	short map[256];
	bool delete = false;
	size_t from_len, to_len = 0;
	int c;

	while ((c = getopt(argc, argv, "d")) != -1) {
		if (c != 'd')
			return 2;
		delete = true;
	}
	if (argc - optind != (delete ? 1 : 2))
		usage("tr [-d] FROM [TO]");
	from_len = spell(argv[optind], from);
	if (!delete)
		to_len = spell(argv[optind + 1], to);
	if (!delete && to_len == 0)
		errx(2, "the second set is empty");
	for (int i = 0; i < 256; i++)
		map[i] = (short)i;
	for (size_t i = 0; i < from_len; i++)
		map[from[i]] = delete ? -1 : (short)to[i < to_len ? i : to_len - 1];
	while ((c = getchar()) != EOF)
		if (map[c] >= 0)
			putchar(map[c]);
	return finish_output(ferror(stdin) ? 1 : 0);
}
