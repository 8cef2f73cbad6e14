/*
 * i386 has two calls that map: mmap2 counts the offset in pages, the old mmap takes a pointer to
 * its arguments.
 */
#include "tap.h"

static int fd;

static void mmap2_counts_pages(void)
{
	unsigned char *p = (unsigned char *)sys(SYS_mmap2, 0, PS, PROT_READ, MAP_PRIVATE, fd, 1);

	if (want(!is_error(p))) {
		want(filled_from(p, PS, 2, PS));
		unmap(p, PS);
	}
	verdict("GEN-4 mmap2 counts pages");
}

static void mmap_takes_a_pointer(void)
{
	struct {
		unsigned long addr, len, prot, flags, fd, offset;
	} arg = {0, PS, PROT_READ, MAP_PRIVATE, (unsigned long)fd, 2 * PS};
	unsigned char *p = (unsigned char *)sys(SYS_mmap, &arg);

	if (want(!is_error(p))) {
		want(filled_from(p, PS, 2, 2 * PS));
		unmap(p, PS);
	}
	arg.offset = 100;
	want_eq(sys(SYS_mmap, &arg), -EINVAL);
	arg.fd = -1UL;
	want_eq(sys(SYS_mmap, &arg), -EINVAL);
	want_eq(sys(SYS_mmap, 0), -EFAULT);
	want_eq(sys(SYS_mmap, hole(1)), -EFAULT);
	verdict("GEN-4 the old mmap takes a pointer");
}

int main(void)
{
	fd = temp_file(3 * PS, 2);
	mmap2_counts_pages();
	mmap_takes_a_pointer();
	return done();
}
