/*
 * msync (MSYNC). What the device holds after MS_SYNC no program can see: a test of the whole system
 * looks there.
 */
#include "tap.h"

static long syncs(void *addr, size_t len, int flags)
{
	return sys(SYS_msync, addr, len, flags);
}

static void msync_1(void)
{
	static const int flags[] = {0, MS_ASYNC, MS_SYNC, MS_INVALIDATE, MS_ASYNC | MS_INVALIDATE,
		MS_SYNC | MS_INVALIDATE};
	int fd = temp_file(2 * PS, 1);
	unsigned char *p = must_map(2 * PS, RW, MAP_SHARED, fd, 0);

	for (int i = 0; i < 6; i++) {
		p[i] = (unsigned char)(0x80 + i);
		want_eq(syncs(p, 2 * PS, flags[i]), 0);
		want_eq(syncs(p, 1, flags[i]), 0);
		want_eq(p[i], 0x80 + i);
		want_eq(file_byte(fd, i), 0x80 + i);
	}
	want(filled_from(p + 6, 2 * PS - 6, 1, 6));
	unmap(p, 2 * PS);
	close(fd);
	verdict("MSYNC-1 the good flags");
}

static void msync_2(void)
{
	int fd = temp_file(PS, 1);
	unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 0);

	want_eq(syncs(p, PS, MS_ASYNC | MS_SYNC), -EINVAL);
	want_eq(syncs(p, PS, MS_ASYNC | MS_SYNC | MS_INVALIDATE), -EINVAL);
	for (int bit = 8; bit > 0 && bit < 1 << 30; bit <<= 1)
		want_eq(syncs(p, PS, MS_SYNC | bit), -EINVAL);
	want_eq(syncs(p, PS, (int)0x80000000), -EINVAL);
	unmap(p, PS);
	close(fd);
	verdict("MSYNC-2 async with sync, and unknown bits, are EINVAL");
}

static void msync_3(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0), *h = hole(1);

	want_eq(syncs(p + 1, PS, MS_SYNC), -EINVAL);
	want_eq(syncs(p + PS - 1, 1, MS_ASYNC), -EINVAL);
	want_eq(syncs(p + 1, 0, MS_SYNC), -EINVAL);
	want_eq(syncs(h + 1, PS, MS_SYNC), -EINVAL);
	unmap(p, 2 * PS);
	verdict("MSYNC-3 unaligned address is EINVAL");
}

static void msync_4(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0), *h = hole(1);

	want_eq(syncs(p, 0, MS_SYNC), 0);
	want_eq(syncs(h, 0, MS_SYNC), 0);
	want_eq(syncs((void *)user_limit(), 0, MS_ASYNC), 0);
	want_eq(syncs(p, 0, 64), -EINVAL);
	want_eq(syncs(h, 0, MS_ASYNC | MS_SYNC), -EINVAL);
	unmap(p, PS);
	verdict("MSYNC-4 length 0 does nothing");
}

static void msync_5(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0), *h = hole(2);
	const unsigned long top = user_limit();

	want_eq(syncs(h, PS, MS_SYNC), -ENOMEM);
	want_eq(syncs(h, 2 * PS, MS_ASYNC), -ENOMEM);
	want_eq(syncs((void *)top, PS, MS_SYNC), -ENOMEM);
	want_eq(syncs((void *)-PS, PS - 1, MS_SYNC), -ENOMEM);
	want_eq(syncs(h, PS, 64), -EINVAL);
	want_eq(syncs(h + 1, PS, MS_SYNC), -EINVAL);
	want_eq(syncs(NULL, PS, MS_SYNC), -ENOMEM);
	verdict("MSYNC-5 a hole is ENOMEM, after bad arguments");
	if (word_wraps()) {
		want_eq(syncs(p, -1UL, MS_SYNC), 0);
		want_eq(syncs(p, -PS + 1, MS_SYNC), 0);
		want_eq(syncs(h, -1UL, MS_SYNC), 0);
		verdict("MSYNC-5 a length that wraps to 0 does nothing");
	} else {
		skip("a 64-bit kernel", "MSYNC-5 a length that wraps to 0 does nothing");
	}
	unmap(p, PS);
}

static void msync_6(void)
{
	int fd = temp_file(4 * PS, 2);
	unsigned char *h = hole(6);

	want_eq(map(h, 2 * PS, RW, MAP_SHARED | MAP_FIXED, fd, 0), (long)h);
	want_eq(map(h + 3 * PS, PS, RW, MAP_SHARED | MAP_FIXED, fd, 3 * PS), (long)(h + 3 * PS));
	h[0] = 1;
	h[3 * PS] = 2;
	want_eq(syncs(h, 4 * PS, MS_SYNC), -ENOMEM);
	want_eq(syncs(h - PS, 2 * PS, MS_SYNC), -ENOMEM);
	want_eq(syncs(h + 3 * PS, 2 * PS, MS_ASYNC), -ENOMEM);
	want_eq(h[0], 1);
	want_eq(file_byte(fd, 0), 1);
	want_eq(file_byte(fd, 3 * PS), 2);
	unmap(h, 6 * PS);
	close(fd);
	verdict("MSYNC-6 a range with holes is ENOMEM");
}

static void msync_7(void)
{
	int fd = temp_file(2 * PS, 3);
	unsigned char *p = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);
	unsigned char *a = must_map(2 * PS, RW, ANON, -1, 0);
	unsigned char *r = must_map(2 * PS, PROT_READ, MAP_SHARED, fd, 0);
	unsigned char *n = must_map(2 * PS, PROT_NONE, MAP_SHARED, fd, 0);
	unsigned char *all[] = {p, a, r, n};

	p[0] = 0;
	a[0] = 5;
	for (int i = 0; i < 4; i++) {
		want_eq(syncs(all[i], 2 * PS, MS_SYNC), 0);
		want_eq(syncs(all[i], 2 * PS, MS_ASYNC), 0);
		want_eq(syncs(all[i], 2 * PS, MS_SYNC | MS_INVALIDATE), 0);
	}
	want(p[0] == 0 && a[0] == 5);
	want(filled_from(p + 1, 2 * PS - 1, 3, 1));
	want(file_filled(fd, 0, 2 * PS, 3));
	for (int i = 0; i < 4; i++)
		unmap(all[i], 2 * PS);
	close(fd);
	verdict("MSYNC-7 private and unwritable mappings: nothing to write, nothing lost");
}

static void msync_8(void)
{
	int fd = temp_file(4 * PS, 4);
	unsigned char *p = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	long r = sys(SYS_mlock, p + 2 * PS, PS);

	if (r == -ENOSYS) {
		skip("no mlock", "MSYNC-8 invalidating a locked page is EBUSY");
	} else {
		want_eq(r, 0);
		want_eq(syncs(p, 4 * PS, MS_INVALIDATE), -EBUSY);
		want_eq(syncs(p, 4 * PS, MS_SYNC), 0);
		want_eq(syncs(p, 2 * PS, MS_INVALIDATE), 0);
		unmap(p + PS, PS);
		want_eq(syncs(p, 4 * PS, MS_SYNC | MS_INVALIDATE), -EBUSY);
		verdict("MSYNC-8 invalidating a locked page is EBUSY");
	}
	unmap(p, 4 * PS);
	close(fd);
}

static void msync_9(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, PS + 10, 5), other = open(name, O_RDONLY);
	unsigned char *p = must_map(4 * PS, RW, MAP_SHARED, fd, 0);

	p[0] = 0x66;
	p[PS + 9] = 0x67;
	p[PS + 100] = 0x68;
	want_eq(syncs(p, 4 * PS, MS_SYNC), 0);
	want_eq(syncs(p + 2 * PS, 2 * PS, MS_SYNC), 0);
	want_eq(file_size(fd), PS + 10);
	close(fd);
	p[1] = 0x69;
	want_eq(syncs(p, PS, MS_SYNC), 0);
	unlink(name);
	p[2] = 0x6a;
	want_eq(syncs(p, PS, MS_SYNC), 0);
	want_eq(file_byte(other, 0), 0x66);
	want_eq(file_byte(other, 1), 0x69);
	want_eq(file_byte(other, 2), 0x6a);
	want_eq(file_byte(other, PS + 9), 0x67);
	want_eq(file_size(other), PS + 10);
	close(other);
	want_eq(syncs(p, PS, MS_SYNC), 0);
	unmap(p, 4 * PS);
	verdict("MSYNC-9 past the end, closed or unlinked: 0, the size unchanged");
}

int main(void)
{
	msync_1();
	msync_2();
	msync_3();
	msync_4();
	msync_5();
	msync_6();
	msync_7();
	msync_8();
	msync_9();
	return done();
}
