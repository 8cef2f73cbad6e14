/* The heap and strings, the same in all flavours. */
static void check_heap(void)
{
	char *start = sbrk(0), *p, *q;
	int i, good = 1;

	ok((int)(unsigned long)start > 0 && (int)(unsigned long)&start > 0,
		"addresses are positive as an int");
	ok(sbrk(10000) == start && sbrk(0) == start + 10000, "sbrk grows and tells where");
	for (i = 0; i < 10000; i++)
		good &= start[i] == 0;
	start[9999] = 1;
	ok(good, "with zeros");
	ok(sbrk(-10000) == start + 10000 && sbrk(0) == start, "and shrinks");
	sbrk(10000);
	ok(start[9999] == 0, "what comes back is zero");
	sbrk(-10000);
	for (i = 0; i < 5000; i++)
		good &= sbrk(1) == start + i;
	ok(good, "byte by byte");
	sbrk(-5000);
	ok(sbrk(1 << 30) == (char *)-1 && sbrk(0) == start, "too much fails and changes nothing");
	ok(sbrk(-(1 << 30)) == start && sbrk(0) == start, "below the heap's start nothing changes");
	p = malloc(10000);
	q = malloc(1000000);
	ok(p && q && (int)(unsigned long)p > 0 && (int)(unsigned long)q > 0, "malloc");
	memset(p, 7, 10000);
	memset(q, 8, 1000000);
	ok(p[9999] == 7 && q[999999] == 8, "its memory can be used");
	free(p);
	free(q);
	free(0);
	for (i = 0; i < 100 && (p = malloc(10 << 20)) != 0; i++)
		;
	ok(i > 5 && i < 100, "malloc ends with 0");
}

static void check_strings(void)
{
	char text[16], *p;

	ok(strcpy(text, "hello") == text && same(text, "hello", 6), "strcpy");
	ok(strlen(text) == 5 && strlen("") == 0, "strlen");
	ok(strchr(text, 'l') == text + 2 && strchr(text, 'x') == 0, "strchr");
	ok(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("ab", "ab") == 0 &&
			strcmp("\xff", "a") > 0,
		"strcmp");
	p = memmove(text + 1, text, 5);
	ok(p == text + 1 && same(text, "hhello", 6), "memmove of what overlaps");
	ok(memset(text, 'z', 3) == text && same(text, "zzzllo", 6), "memset");
	ok(atoi("42x") == 42 && atoi("") == 0 && atoi("-1") == 0, "atoi");
}

static void check_input(void)
{
	char line[16];

	ok(gets(line, sizeof(line)) == line && same(line, "one line\n", 10),
		"gets with the end of the line");
	gets(line, 5);
	ok(same(line, "four", 5), "gets as much as there is room for");
	gets(line, sizeof(line));
	ok(same(line, "teen\n", 6), "and the rest");
	gets(line, sizeof(line));
	ok(same(line, "end", 4), "gets at the end of input");
	ok(gets(line, sizeof(line))[0] == 0, "and beyond");
}
