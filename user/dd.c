/* dd [if=FILE] [of=FILE] [bs=SIZE] [count=BLOCKS] [skip=BLOCKS] [seek=BLOCKS]: copies blocks. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

static const char *in_name = "standard input", *out_name = "standard output";
static long long block_size = 512, count = -1, skip, seek;

static void parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			errx(2, "\"%s\" is not NAME=VALUE", argv[i]);
		*value++ = '\0';
		if (strcmp(argv[i], "if") == 0)
			in_name = value;
		else if (strcmp(argv[i], "of") == 0)
			out_name = value;
		else if (strcmp(argv[i], "bs") == 0)
			block_size = parse_size("bs", value);
		else if (strcmp(argv[i], "count") == 0)
			count = parse_size("count", value);
		else if (strcmp(argv[i], "skip") == 0)
			skip = parse_size("skip", value);
		else if (strcmp(argv[i], "seek") == 0)
			seek = parse_size("seek", value);
		else
			errx(2, "\"%s\" is not known", argv[i]);
	}
	if (block_size == 0)
		errx(2, "a block cannot have no bytes");
}

static ssize_t read_block(int fd, char *buf)
{
	ssize_t n;

	do
		n = read(fd, buf, (size_t)block_size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err(1, "%s", in_name);
	return n;
}

/*
 * Passes over the blocks of the input that are not wanted, by reading where there is no position.
 */
static void skip_input(int fd, char *buf)
{
	if (skip == 0 || lseek(fd, skip * block_size, SEEK_CUR) >= 0)
		return;
	while (skip-- > 0)
		if (read_block(fd, buf) == 0)
			return;
}

int main(int argc, char **argv)
{
	unsigned long long full = 0, partial = 0, bytes = 0;
	int in = 0, out = 1;
	char *buf;

	parse(argc, argv);
	buf = must_alloc((size_t)block_size);
	if (strcmp(in_name, "standard input") != 0)
		in = open(in_name, O_RDONLY);
	if (in < 0)
		err(1, "%s", in_name);
	if (strcmp(out_name, "standard output") != 0)
		out = open(out_name, O_WRONLY | O_CREAT | (seek ? 0 : O_TRUNC), 0666);
	if (out < 0)
		err(1, "%s", out_name);
	skip_input(in, buf);
	if (seek > 0 && lseek(out, seek * block_size, SEEK_SET) < 0)
		err(1, "%s", out_name);
	while (count < 0 || full + partial < (unsigned long long)count) {
		ssize_t n = read_block(in, buf);

		if (n == 0)
			break;
		if (!write_all(out, buf, (size_t)n))
			err(1, "%s", out_name);
		bytes += (unsigned long long)n;
		if (n == block_size)
			full++;
		else
			partial++;
	}
	if (close(out) < 0)
		err(1, "%s", out_name);
	fprintf(stderr, "%llu+%llu blocks, %llu bytes\n", full, partial, bytes);
	return 0;
}
