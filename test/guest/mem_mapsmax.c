/*
 * As many mappings as there may be. mv6 is told a small number for this test (Linux has 65530
 * unless it is told otherwise).
 *
 * exec-options: --append maps_max=2000
 */
#include "tap.h"

/* Every second page from base on is PROT_READ, the others read-write: nothing joins. */
static unsigned char *base;
static size_t made;

static long most(void)
{
	char text[32];

	return slurp("/proc/sys/vm/max_map_count", text, sizeof text) > 0 ? strtol(text, NULL, 10)
									  : -1;
}

static unsigned char *page(size_t i)
{
	return base + i * PS;
}

/* Map page after page until there are too many. */
static void map_all(void)
{
	long max = most(), r = 0;

	base = must_map((size_t)(max + 100) * PS, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	unmap(base, (size_t)(max + 100) * PS);
	for (made = 0; made < (size_t)max + 50; made++) {
		r = map(page(made), PS, made % 2 ? RW : PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1,
			0);
		if (is_error(r))
			break;
	}
	want_eq(r, -ENOMEM);
	want(made <= (size_t)max && made > (size_t)max - 60);
	if (on_linux()) /* where there can be one more than the limit */
		unmap(page(--made), PS);
}

int main(void)
{
	unsigned char *big = must_map(9 * PS, RW, ANON, -1, 0);
	int fd = temp_file(4 * PS, 1);
	unsigned char *f;

	fill(big, 9 * PS, 1);
	protect(big, 9 * PS, PROT_READ);
	f = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	want(most() >= 1000);
	map_all();
	verdict("MMAP-29 mappings can be made up to the limit, then it is ENOMEM");
	want_eq(protect(big + 3 * PS, PS, RW), -ENOMEM);
	want_eq(protect(big, PS, RW), -ENOMEM);
	want(filled(big, 9 * PS, 1));
	want_fault(big, WRITE, ACCERR);
	want_fault(big + 3 * PS, WRITE, ACCERR);
	verdict("MMAP-29 a split by mprotect is ENOMEM and changes nothing");
	want_eq(unmap(big + 3 * PS, PS), -ENOMEM);
	want_eq(unmap(f + PS, PS), -ENOMEM);
	want(filled(big, 9 * PS, 1));
	want(filled(f, 4 * PS, 1));
	verdict("MMAP-29 a split by munmap is ENOMEM and changes nothing");
	want_eq(sys(SYS_mlock, big + 3 * PS, PS), -ENOMEM);
	want_eq(sys(SYS_mlock, f + PS, PS), -ENOMEM);
	want_eq(proc_value("/proc/self/status", "VmLck"), 0);
	verdict("MLOCK-4 so is a split by mlock");
	want_eq(protect(page(1), PS, PROT_NONE), 0);
	want_eq(protect(page(1), PS, RW), 0);
	want_eq(protect(big, 9 * PS, RW), 0);
	want_fault(big + 8 * PS, WRITE, NOFAULT);
	want_eq(map(page(2), PS, PROT_NONE, ANON | MAP_FIXED, -1, 0), (long)page(2));
	want_eq(map(page(made - 2), PS, RX, ANON | MAP_FIXED, -1, 0), (long)page(made - 2));
	verdict("MMAP-29 mprotect of whole mappings and exact replacements succeed");
	want_eq(unmap(page(4), PS), 0);
	want_eq(unmap(page(6), PS), 0);
	want_eq(unmap(big + 3 * PS, PS), 0);
	want_fault(big + 3 * PS, READ, MAPERR);
	want(!is_error(map(page(4), PS, PROT_READ, ANON | MAP_FIXED, -1, 0)));
	verdict("MMAP-29 where whole mappings went there is room again");
	want_eq(unmap(base, made * PS), 0);
	want_eq(unmap(f + PS, PS), 0);
	want_eq(sys(SYS_mlock, f + 3 * PS, PS), 0);
	unmap(big, 9 * PS);
	unmap(f, 4 * PS);
	verdict("MMAP-29 all of them can be unmapped at once");
	close(fd);
	return done();
}
