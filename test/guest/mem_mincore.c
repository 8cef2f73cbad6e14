/*
 * mincore (MINCORE): which pages are in memory.
 */
#include "tap.h"

static unsigned char vec[64];

static long core(const volatile void *p, size_t len, volatile void *to)
{
	return sys(SYS_mincore, p, len, to);
}

/* The low bits of the first n bytes, as a number whose lowest bit is the first page's. */
static unsigned bits(int n)
{
	unsigned v = 0;

	for (int i = 0; i < n; i++)
		v |= (unsigned)(vec[i] & 1) << i;
	return v;
}

static void mincore_1(void)
{
	const unsigned long top = user_limit();
	unsigned char *p = must_map(PS, RW, ANON, -1, 0), *none = hole(1);

	want_eq(core(p + 1, PS, vec), -EINVAL);
	want_eq(core(p + 1, 0, vec), -EINVAL);
	want_eq(core(p + 8, -1UL, vec), -EINVAL);
	want_eq(core(p, 0, vec), 0);
	want_eq(core(none, 0, vec), 0);
	if (word_wraps())
		want_eq(core((void *)(top + PS), 0, vec), -ENOMEM);
	want_eq(core((void *)(top + PS), PS, vec), -ENOMEM);
	unmap(p, PS);
	verdict("MINCORE-1 bad addresses, length 0");
}

static void mincore_2(void)
{
	unsigned char *p = hole(6);

	map(p, 5 * PS, RW, ANON | MAP_FIXED, -1, 0);
	unmap(p + 2 * PS, PS);
	want_eq(core(p, 5 * PS, vec), -ENOMEM);
	want_eq(core(p + 2 * PS, PS, vec), -ENOMEM);
	want_eq(core(p + 2 * PS, 2 * PS, vec), -ENOMEM);
	want_eq(core(p + 3 * PS, 3 * PS, vec), -ENOMEM);
	want_eq(core(p, -1UL, vec), -ENOMEM);
	want_eq(core(p, user_limit(), vec), -ENOMEM);
	want_eq(core(p, 2 * PS, vec), 0);
	want_eq(core(p + 3 * PS, 2 * PS, vec), 0);
	unmap(p, 5 * PS);
	verdict("MINCORE-2 a hole, or the end of user space: ENOMEM");
}

static void mincore_3(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0), *none = hole(1);
	unsigned char *ro = must_map(PS, PROT_READ, ANON, -1, 0);

	want_eq(core(p, PS, none), -EFAULT);
	want_eq(core(p, PS, ro), -EFAULT);
	want_eq(core(p, PS, NULL), -EFAULT);
	want_eq(core(p, PS, (void *)-PS), -EFAULT);
	want_eq(core(p, 0, none), 0);
	want_eq(core(p, 0, NULL), 0);
	want_eq(core(p + 1, PS, none), -EINVAL);
	if (word_wraps())
		want_eq(core(p, -1UL, none), -ENOMEM);
	want_eq(core(none, PS, none), -ENOMEM);
	want_eq(core(none, PS, ro), -ENOMEM);
	unmap(p, 2 * PS);
	unmap(ro, PS);
	verdict("MINCORE-3 a bad vector is EFAULT, after the range was judged");
}

static void mincore_4(void)
{
	unsigned char *p = hole(8);

	map(p, 8 * PS, RW, ANON | MAP_FIXED, -1, 0);
	memset(vec, 0xee, sizeof vec);
	want_eq(core(p, 8 * PS, vec), 0);
	want_eq(bits(8), 0);
	want(all_bytes(vec + 8, sizeof vec - 8, 0xee));
	p[PS] = 1;
	p[4 * PS + 100] = 1;
	memset(vec, 0xee, sizeof vec);
	want_eq(core(p, 4 * PS + 1, vec), 0);
	want_eq(bits(5), 0x12);
	want(all_bytes(vec + 5, sizeof vec - 5, 0xee));
	want_eq(core(p + PS, 1, vec), 0);
	want_eq(bits(1), 1);
	verdict("MINCORE-4 a byte a page, and none beyond");

	unmap(p + 6 * PS, PS);
	memset(vec, 0xee, sizeof vec);
	want_eq(core(p, 8 * PS, vec), -ENOMEM);
	want_eq(bits(6), 0x12);
	unmap(p, 8 * PS);
	verdict("MINCORE-4 what lies before a hole is told");

	/* more pages than any chunk, in two mappings */
	static unsigned char big[10000];
	p = hole(9000);
	map(p, 9000 * PS, RW, ANON | MAP_FIXED, -1, 0);
	protect(p, 100 * PS, PROT_READ);
	for (size_t i = 100; i < 9000; i += 100)
		p[i * PS] = 1;
	memset(big, 0xee, sizeof big);
	want_eq(core(p, 9000 * PS, big), 0);
	for (size_t i = 0; i < 9000; i++)
		want_eq(big[i] & 1, i >= 100 && i % 100 == 0);
	want(all_bytes(big + 9000, 1000, 0xee));
	unmap(p, 9000 * PS);
	verdict("MINCORE-4 a large range");
}

static void mincore_5(void)
{
	int fd = temp_file(3 * PS, 1);

	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		unsigned char *p = must_map(5 * PS, RW, type, fd, 0);

		want_eq(core(p, 5 * PS, vec), 0);
		want_eq(bits(5), 7);
		p[PS] = 2;
		want_eq(core(p, 5 * PS, vec), 0);
		want_eq(bits(5), 7);
		unmap(p, 5 * PS);
	}
	close(fd);
	verdict("MINCORE-5 a file's page in the cache is there, beyond the end is not");
}

static void look_child(void *arg)
{
	unsigned char **p = arg;

	want_eq(core(p[0], 3 * PS, vec), 0);
	want_eq(bits(3), 2);
	want_eq(core(p[1], 3 * PS, vec), 0);
	want_eq(bits(3), 2);
	p[1][0] = 1;
}

static void mincore_6(void)
{
	unsigned char *p[2] = {
		must_map(3 * PS, RW, ANON, -1, 0),
		must_map(3 * PS, RW, SHANON, -1, 0),
	};
	unsigned char *none = must_map(PS, PROT_NONE, ANON, -1, 0);

	p[0][PS] = p[1][PS] = 1;
	want_child(look_child, p);
	want_eq(core(p[1], 3 * PS, vec), 0);
	want_eq(bits(3), 3);
	want_eq(core(p[0], 3 * PS, vec), 0);
	want_eq(bits(3), 2);
	want_eq(core(none, PS, vec), 0);
	want_eq(bits(1), 0);
	unmap(p[0], 3 * PS);
	unmap(p[1], 3 * PS);
	unmap(none, PS);
	verdict("MINCORE-6 shared and inherited pages");
}

int main(void)
{
	mincore_1();
	mincore_2();
	mincore_3();
	mincore_4();
	mincore_5();
	mincore_6();
	return done();
}
