/* head [-n LINES | -c BYTES] [FILE...]: writes the beginning of files. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

static void head(FILE *f, const char *name, long long lines, long long bytes)
{
	int c;

	while ((bytes < 0 ? lines > 0 : bytes > 0) && (c = getc(f)) != EOF) {
		putchar(c);
		bytes -= bytes > 0;
		lines -= c == '\n';
	}
	if (ferror(f))
		warn("%s", name);
}

int main(int argc, char **argv)
{
	long long lines = 10, bytes = -1;
	int c, status = 0;

	while ((c = getopt(argc, argv, "n:c:")) != -1) {
		switch (c) {
		case 'n': lines = parse_size("head", optarg); break;
		case 'c': bytes = parse_size("head", optarg); break;
		default: return 2;
		}
	}
	if (optind == argc)
		head(stdin, "standard input", lines, bytes);
	for (int i = optind; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");

		if (!f) {
			warn("%s", argv[i]);
			status = 1;
			continue;
		}
		if (argc - optind > 1)
			printf("%s==> %s <==\n", i > optind ? "\n" : "", argv[i]);
		head(f, argv[i], lines, bytes);
		fclose(f);
	}
	return finish_output(status);
}
