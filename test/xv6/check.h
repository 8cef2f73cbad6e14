/*
 * Results of the programs in this folder: lines "ok - NAME" and "not ok - NAME", by calls that every flavour
 * has. A flavour's user.h comes first. test/system/xv6.t counts them.
 */
static void put_text(const char *text)
{
	write(1, (void *)text, strlen(text));
}

static int ok(int holds, const char *name)
{
	put_text(holds ? "ok - " : "not ok - ");
	put_text(name);
	put_text("\n");
	return holds;
}

/* A constant of a header has the value that programs rely on. */
#define IS(name, value) ok((name) == (value), #name " is " #value)

static int same(const char *a, const char *b, int n)
{
	while (n > 0 && *a == *b)
		a++, b++, n--;
	return n == 0;
}

/* Makes a file of n bytes, all c. */
static int make_file(const char *name, char c, int n)
{
	int fd = open(name, O_CREATE | O_RDWR), i;

	for (i = 0; fd >= 0 && i < n; i++)
		if (write(fd, &c, 1) != 1)
			return -1;
	return fd;
}
