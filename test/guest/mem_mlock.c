/*
 * Memory that stays: mlock, mlock2, munlock, mlockall, MAP_LOCKED, and RLIMIT_MEMLOCK.
 *
 * The limit binds a superuser on mv6 and not on Linux, so what tests it gives up its rights first,
 * which nothing but that shows.
 */
#include "procmem.h"

#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

static long lock(const volatile void *addr, size_t len)
{
	return sys(SYS_mlock, addr, len);
}

static long lock2(const volatile void *addr, size_t len, int flags)
{
	return sys(SYS_mlock2, addr, len, flags);
}

static long unlock(const volatile void *addr, size_t len)
{
	return sys(SYS_munlock, addr, len);
}

static long lock_all(int flags)
{
	return sys(SYS_mlockall, flags);
}

static long unlock_all(void)
{
	return sys(SYS_munlockall);
}

static long locked_kb(void)
{
	return proc_value("/proc/self/status", "VmLck");
}

/* From here on as somebody whom the limit binds, with this limit. */
static void limit_locked(rlim_t bytes)
{
	struct rlimit r = {bytes, bytes};

	if (setrlimit(RLIMIT_MEMLOCK, &r) < 0)
		bail_out("setrlimit: errno %d", errno);
	drop_privileges();
}

static void test_rounding(void)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);

	want_eq(lock(p + 100, 1), 0);
	want_eq(locked_kb(), 4);
	want_eq(pages_present(p, 4), 1);
	want_eq(unlock(p, PS), 0);
	want_eq(locked_kb(), 0);
	want_eq(lock(p + PS - 1, 2), 0);
	want_eq(locked_kb(), 8);
	want_eq(pages_present(p, 4), 2);
	want_eq(unlock(p + PS - 1, 2), 0);
	want_eq(locked_kb(), 0);
	want_eq(lock(p, 4 * PS), 0);
	want_eq(locked_kb(), 16);
	unmap(p, 4 * PS);
	verdict("MLOCK-1 every page that holds a byte of the range is loaded and counts in VmLck");
}

static void test_empty(void)
{
	unsigned char *h = hole(2);
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);

	want_eq(lock(h, 0), 0);
	want_eq(lock(p, 0), 0);
	want_eq(locked_kb(), 0);
	want_eq(unlock(h, 0), 0);
	verdict("MLOCK-2 length 0 at a page's start does nothing, in a hole too");
	want_eq(lock(p + 1, 0), 0);
	want_eq(locked_kb(), 4);
	want_eq(unlock(p + 1, 0), 0);
	want_eq(locked_kb(), 0);
	want_eq(lock(h + 1, 0), -ENOMEM);
	want_eq(unlock(h + 1, 0), -ENOMEM);
	verdict("MLOCK-2 length 0 inside a page covers that page");
	unmap(p, 2 * PS);
}

static void test_wrap(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);

	if (!word_wraps()) {
		skip("a 64-bit kernel", "MLOCK-3 a range that wraps round is EINVAL");
		skip("a 64-bit kernel", "MLOCK-3 a length that rounds up to 0 does nothing");
		unmap(p, 2 * PS);
		return;
	}
	want_eq(lock(p, -(unsigned long)p), -EINVAL);
	want_eq(lock(p, -PS), -EINVAL);
	want_eq(unlock(p, -PS), -EINVAL);
	want_eq(unlock(p, -(unsigned long)p), -EINVAL);
	verdict("MLOCK-3 a range that wraps round is EINVAL");
	want_eq(lock(p, -1UL), 0);
	want_eq(lock(p, -PS + 1), 0);
	want_eq(unlock(p, -1UL), 0);
	want_eq(locked_kb(), 0);
	verdict("MLOCK-3 a length that rounds up to 0 does nothing");
	unmap(p, 2 * PS);
}

static void test_hole(void)
{
	unsigned char *p = must_map(5 * PS, RW, ANON, -1, 0);

	unmap(p + 2 * PS, PS);
	want_eq(lock(p, 5 * PS), -ENOMEM);
	want_eq(locked_kb(), 8);
	want_eq(lock(p + 3 * PS, 2 * PS), 0);
	want_eq(locked_kb(), 16);
	want_eq(unlock(p, 5 * PS), -ENOMEM);
	want_eq(locked_kb(), 8);
	want_eq(lock(p + 2 * PS, PS), -ENOMEM);
	want_eq(locked_kb(), 8);
	want_eq(unlock(p + 2 * PS, 3 * PS), -ENOMEM);
	want_eq(locked_kb(), 8);
	verdict("MLOCK-4 a hole is ENOMEM, and what lies before it is locked or unlocked");
	unmap(p, 5 * PS);
	want_eq(locked_kb(), 0);
	want_eq(lock((void *)user_limit(), PS), -ENOMEM);
	want_eq(unlock((void *)user_limit(), PS), -ENOMEM);
	verdict("MLOCK-4 addresses past user space are a hole");
}

static void test_nesting(void)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);

	want_eq(lock(p, 2 * PS), 0);
	want_eq(lock(p, 2 * PS), 0);
	want_eq(locked_kb(), 8);
	want_eq(unlock(p, 2 * PS), 0);
	want_eq(locked_kb(), 0);
	want_eq(unlock(p, 4 * PS), 0);
	verdict("MLOCK-5 one munlock undoes two mlocks; unlocking what is not locked is fine");
	want_eq(lock(p, 4 * PS), 0);
	unmap(p + PS, PS);
	want_eq(locked_kb(), 12);
	want_eq(map(p + 2 * PS, PS, RW, ANON | MAP_FIXED, -1, 0), (long)(p + 2 * PS));
	want_eq(locked_kb(), 8);
	unmap(p, 4 * PS);
	want_eq(locked_kb(), 0);
	verdict("MLOCK-5 munmap and a replacing MAP_FIXED lower VmLck");
}

static void test_unloadable(void)
{
	int fd = temp_file(PS, 3);
	unsigned char *p = must_map(PS, PROT_NONE, ANON, -1, 0), *f;

	want_eq(lock(p, PS), -ENOMEM);
	want_eq(locked_kb(), 4);
	unmap(p, PS);
	want_eq(locked_kb(), 0);
	verdict("MLOCK-6 PROT_NONE is ENOMEM and counts all the same");
	f = must_map(2 * PS, PROT_READ, MAP_SHARED, fd, 0);
	want_eq(lock(f, 2 * PS), -ENOMEM);
	want_eq(locked_kb(), 8);
	unmap(f, 2 * PS);
	want_eq(locked_kb(), 0);
	verdict("MLOCK-6 a page past the end of the file is ENOMEM and counts all the same");
	p = must_map(2 * PS, PROT_READ, ANON, -1, 0);
	want_eq(lock(p, 2 * PS), 0);
	want_eq(locked_kb(), 8);
	want_eq(pages_present(p, 2), 2);
	unmap(p, 2 * PS);
	verdict("MLOCK-6 memory that can only be read can be locked, and is loaded");
	close(fd);
}

/* Locked without rights: what mprotect loads is private memory that becomes writable. */
static void test_protect(void)
{
	unsigned char *p = must_map(5 * PS, PROT_NONE, ANON, -1, 0), *other = must_map(PS, PROT_NONE, ANON, -1, 0);
	unsigned char *shared = must_map(2 * PS, PROT_NONE, SHANON, -1, 0);
	int fd = temp_file(2 * PS, 4);
	unsigned char *f = must_map(2 * PS, PROT_READ, MAP_PRIVATE, fd, 0);

	want_eq(lock(p, 5 * PS), -ENOMEM);
	want_eq(protect(p, PS, PROT_READ), 0);
	want_eq(pages_present(p, 5), 0);
	want_eq(protect(p + PS, PS, RW), 0);
	want_eq(protect(p + 3 * PS, PS, PROT_WRITE), 0);
	want(pages_present(p, 2) == 1 && pages_present(p + 2 * PS, 2) == 1);
	want_eq(protect(other, PS, RW), 0);
	want_eq(pages_present(other, 1), 0);
	want_eq(protect(p, 5 * PS, RW), 0);
	want_eq(pages_present(p, 5), 5);
	unmap(p, 5 * PS);
	want_eq(lock(shared, 2 * PS), -ENOMEM);
	want_eq(protect(shared, 2 * PS, RW), 0);
	want_eq(pages_present(shared, 2), 0);
	unmap(shared, 2 * PS);
	shared = must_map(3 * PS, PROT_NONE, SHANON, -1, 0);
	want(mmap(shared + PS, PS, RW, ANON | MAP_FIXED, -1, 0) == shared + PS);
	want_eq(lock(shared, 3 * PS), -ENOMEM);
	want_eq(protect(shared, 3 * PS, PROT_WRITE), 0);
	want_eq(pages_present(shared, 3), 0);
	unmap(shared, 3 * PS);
	p = must_map(2 * PS, PROT_NONE, ANON, -1, 0);
	want_eq(lock2(p, 2 * PS, 1), 0);
	want_eq(protect(p, 2 * PS, RW), 0);
	want_eq(pages_present(p, 2), 0);
	unmap(p, 2 * PS);
	verdict("MLOCK-6 mprotect that lets locked private memory be written loads it");
	want_eq(lock(f, 2 * PS), 0);
	want_eq(protect(f, PS, RW), 0);
	want_eq(pwrite(fd, "new", 3, 10), 3);
	want_eq(pwrite(fd, "new", 3, PS + 10), 3);
	want(filled(f, PS, 4));
	want(!memcmp(f + PS + 10, "new", 3));
	unmap(f, 2 * PS);
	unmap(other, PS);
	close(fd);
	verdict("MLOCK-6 a private page of a file that is locked and becomes writable is copied");
}

/* Between what becomes writable lies what was so, of a file that had no such page when it was locked. */
static void test_protect_between(void)
{
	unsigned char *p = must_map(3 * PS, PROT_READ, ANON, -1, 0), *f = p + PS;
	int fd = temp_file(0, 0);

	want(mmap(f, PS, RW, MAP_PRIVATE | MAP_FIXED, fd, 0) == f);
	want_eq(lock(p, 3 * PS), -ENOMEM);
	want_eq(pwrite(fd, "old", 3, PS - 10), 3);
	want_eq(protect(p, 3 * PS, RW), 0);
	want_eq(pages_present(p, 1), 1);
	want_eq(pages_present(p + 2 * PS, 1), 1);
	want_eq(pwrite(fd, "new", 3, PS - 10), 3);
	want(!memcmp(f + PS - 10, "new", 3));
	verdict("MLOCK-6 what could be written already mprotect does not load, wherever it lies");
	unmap(p, 3 * PS);
	close(fd);
}

static void over_the_limit(void *arg)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);
	int locked = MAP_LOCKED;

	(void)arg;
	limit_locked(2 * PS);
	want_eq(lock(p, 2 * PS), 0);
	want_eq(lock(p + 2 * PS, PS), -ENOMEM);
	want_eq(lock(p, 3 * PS), -ENOMEM);
	want_eq(locked_kb(), 8);
	want_eq(lock(p, 2 * PS), 0);
	want_eq(lock(p + PS, PS), 0);
	want_eq(locked_kb(), 8);
	unmap(p + 3 * PS, PS);
	want_eq(lock(p, 4 * PS), -ENOMEM);
	want_eq(locked_kb(), 8);
	want_eq(map(NULL, PS, RW, ANON | locked, -1, 0), -EAGAIN);
	want_eq(unlock(p, PS), 0);
	want(!is_error(map(NULL, PS, RW, ANON | locked, -1, 0)));
	want_eq(locked_kb(), 8);
	want_eq(map(NULL, PS, RW, ANON | locked, -1, 0), -EAGAIN);
}

static void limit_of_none(void *arg)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);

	(void)arg;
	limit_locked(0);
	want_eq(lock(p, PS), -EPERM);
	want_eq(lock(p, 0), -EPERM);
	want_eq(lock(NULL, PS), -EPERM);
	want_eq(lock(p, -PS), -EPERM);
	want_eq(lock2(p, PS, 2), -EINVAL);
	want_eq(lock2(p, PS, 1), -EPERM);
	want_eq(unlock(p, PS), 0);
	want_eq(unlock_all(), 0);
	want_eq(lock_all(MCL_CURRENT), -EPERM);
	want_eq(lock_all(0), -EINVAL);
	want_eq(map(NULL, PS, RW, ANON | MAP_LOCKED, -1, 0), -EPERM);
}

static void test_limit(void)
{
	want_child(over_the_limit, NULL);
	verdict("MLOCK-7 beyond RLIMIT_MEMLOCK: mlock is ENOMEM, MAP_LOCKED is EAGAIN");
	want_child(limit_of_none, NULL);
	verdict("MLOCK-7 where nothing may be locked asking for it is EPERM, unlocking is fine");
}

static void test_lock2(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);

	want_eq(lock2(p, PS, 0), 0);
	want_eq(locked_kb(), 4);
	want_eq(lock2(p, PS, 2), -EINVAL);
	want_eq(lock2(p, PS, -1), -EINVAL);
	want_eq(unlock(p, PS), 0);
	verdict("MLOCK-8 mlock2 without flags is mlock; unknown flags are EINVAL");
	unmap(p, 2 * PS);
	p = must_map(16 * PS, RW, ANON, -1, 0);
	want_eq(lock2(p, 16 * PS, 1), 0);
	want_eq(locked_kb(), 64);
	want_eq(pages_present(p, 16), 0);
	p[0] = 1;
	want_eq(pages_present(p, 16), 1);
	want_eq(lock(p, 16 * PS), 0);
	want_eq(locked_kb(), 64);
	want_eq(pages_present(p, 16), 16);
	unmap(p, 16 * PS);
	verdict("MLOCK-8 MLOCK_ONFAULT counts and does not load");
}

static void lock_everything(void *arg)
{
	unsigned char *p, *q;
	long before;

	(void)arg;
	want_eq(lock_all(MCL_CURRENT), 0);
	before = locked_kb();
	want(before > 100);
	p = must_map(4 * PS, RW, ANON, -1, 0);
	want_eq(locked_kb(), before);
	want_eq(lock_all(MCL_FUTURE), 0);
	q = must_map(512 * PS, RW, ANON, -1, 0);
	want_eq(locked_kb(), before + 2048);
	unmap(q, 512 * PS);
	want_eq(locked_kb(), before);
	want_eq(lock_all(MCL_CURRENT), 0);
	want(locked_kb() >= before + 16);
	before = locked_kb();
	q = must_map(4 * PS, RW, ANON, -1, 0);
	want_eq(locked_kb(), before);
	want_eq(unlock_all(), 0);
	want_eq(locked_kb(), 0);
	unmap(p, 4 * PS);
	unmap(q, 4 * PS);
}

static void lock_the_future(void *arg)
{
	unsigned char *heap = (unsigned char *)sys(SYS_brk, 0), *p;

	(void)arg;
	want_eq(lock_all(MCL_FUTURE), 0);
	p = must_map(16 * PS, RW, ANON, -1, 0);
	want_eq(locked_kb(), 64);
	want_eq(pages_present(p, 16), 16);
	want_eq(sys(SYS_brk, heap + 16 * PS), (long)(heap + 16 * PS));
	want_eq(locked_kb(), 128);
	want(pages_present(heap, 16) >= 15);
	want_eq(lock_all(MCL_FUTURE | MCL_ONFAULT), 0);
	p = must_map(16 * PS, RW, ANON, -1, 0);
	want_eq(locked_kb(), 192);
	want_eq(pages_present(p, 16), 0);
	want_eq(unlock_all(), 0);
	want_eq(locked_kb(), 0);
	p = must_map(16 * PS, RW, ANON, -1, 0);
	want_eq(locked_kb(), 0);
	want_eq(pages_present(p, 16), 0);
}

static void too_much_for_all(void *arg)
{
	unsigned char *heap = (unsigned char *)sys(SYS_brk, 0);

	(void)arg;
	limit_locked(4 * PS);
	want_eq(lock_all(MCL_CURRENT), -ENOMEM);
	want_eq(lock_all(MCL_CURRENT | MCL_FUTURE), -ENOMEM);
	want_eq(locked_kb(), 0);
	want_eq(lock_all(MCL_FUTURE), 0);
	want_eq(map(NULL, 5 * PS, RW, ANON, -1, 0), -EAGAIN);
	want(!is_error(map(NULL, 4 * PS, RW, ANON, -1, 0)));
	want_eq(map(NULL, PS, PROT_NONE, ANON, -1, 0), -EAGAIN);
	want_eq(sys(SYS_brk, heap + 4 * PS), (long)heap);
	want_eq(unlock_all(), 0);
	want_eq(sys(SYS_brk, heap + 4 * PS), (long)(heap + 4 * PS));
}

static void test_all(void)
{
	want_eq(lock_all(0), -EINVAL);
	want_eq(lock_all(8), -EINVAL);
	want_eq(lock_all(MCL_ONFAULT), -EINVAL);
	want_eq(lock_all(MCL_CURRENT | 8), -EINVAL);
	want_eq(lock_all(-1), -EINVAL);
	verdict("MLOCK-9 mlockall without flags, with unknown ones or MCL_ONFAULT alone is EINVAL");
	want_child(lock_everything, NULL);
	verdict("MLOCK-9 MCL_CURRENT locks what there is, MCL_FUTURE what comes, the next call "
		"ends that");
	want_child(lock_the_future, NULL);
	verdict("MLOCK-9 MCL_FUTURE loads and counts mappings and heap, MCL_ONFAULT does not load");
	want_child(too_much_for_all, NULL);
	verdict("MLOCK-9 beyond RLIMIT_MEMLOCK: mlockall ENOMEM, a later mmap EAGAIN, brk fails");
}

static void test_private_file(void)
{
	int fd = temp_file(2 * PS, 5);
	unsigned char *p = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);

	want_eq(lock(p, 2 * PS), 0);
	want_eq(locked_kb(), 8);
	fill(p, 100, 9);
	want(file_filled(fd, 0, 2 * PS, 5));
	want(filled(p, 100, 9));
	want(filled_from(p + 100, 2 * PS - 100, 5, 100));
	want_eq(unlock(p, 2 * PS), 0);
	want(filled(p, 100, 9));
	unmap(p, 2 * PS);
	close(fd);
	verdict("MLOCK-10 a store to a locked private page of a file stays private");
}

static void child_of_locker(void *arg)
{
	want_eq(locked_kb(), 0);
	want(!is_error(map(NULL, 4 * PS, RW, ANON, -1, 0)));
	want_eq(locked_kb(), 0);
	want_eq(unmap(arg, PS), 0);
}

static void locker(void *arg)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);

	(void)arg;
	want_eq(lock_all(MCL_CURRENT | MCL_FUTURE), 0);
	want(locked_kb() > 0);
	want_child(child_of_locker, p);
	want(locked_kb() > 0);
}

static void test_fork(void)
{
	want_child(locker, NULL);
	verdict("FORK-9 locks and MCL_FUTURE are not inherited");
}

static void test_msync(void)
{
	int fd = temp_file(4 * PS, 1);
	unsigned char *p = must_map(4 * PS, RW, MAP_SHARED, fd, 0);

	want_eq(lock(p + 2 * PS, PS), 0);
	want_eq(sys(SYS_msync, p, 4 * PS, MS_SYNC), 0);
	want_eq(sys(SYS_msync, p, 4 * PS, MS_ASYNC), 0);
	want_eq(sys(SYS_msync, p, 2 * PS, MS_INVALIDATE), 0);
	want_eq(sys(SYS_msync, p, 4 * PS, MS_INVALIDATE), -EBUSY);
	want_eq(sys(SYS_msync, p, 4 * PS, MS_SYNC | MS_INVALIDATE), -EBUSY);
	unmap(p, PS);
	want_eq(sys(SYS_msync, p, 4 * PS, MS_ASYNC | MS_INVALIDATE), -EBUSY);
	want_eq(sys(SYS_msync, p, 4 * PS, MS_SYNC), -ENOMEM);
	unmap(p, 4 * PS);
	close(fd);
	verdict("MSYNC-8 MS_INVALIDATE over a locked page is EBUSY, after a hole too");
}

static void test_map_locked(void)
{
	int fd = temp_file(4 * PS, 1);
	unsigned char *p = must_map(16 * PS, RW, ANON | MAP_LOCKED, -1, 0), *q;

	want_eq(locked_kb(), 64);
	want_eq(pages_present(p, 16), 16);
	q = must_map(4 * PS, PROT_READ, MAP_SHARED | MAP_LOCKED | MAP_NONBLOCK, fd, 0);
	want_eq(locked_kb(), 80);
	want_eq(pages_present(q, 4), 4);
	unmap(q, 4 * PS);
	q = must_map(4 * PS, PROT_NONE, ANON | MAP_LOCKED, -1, 0);
	want_eq(locked_kb(), 80);
	want_eq(pages_present(q, 4), 0);
	unmap(q, 4 * PS);
	unmap(p, 16 * PS);
	want_eq(locked_kb(), 0);
	close(fd);
	verdict("MMAP-26 MAP_LOCKED loads every page at once and counts in VmLck");
	p = must_map(16 * PS, RW, ANON | MAP_POPULATE, -1, 0);
	want_eq(pages_present(p, 16), 16);
	unmap(p, 16 * PS);
	p = must_map(16 * PS, PROT_NONE, ANON | MAP_POPULATE, -1, 0);
	want_eq(pages_present(p, 16), 0);
	unmap(p, 16 * PS);
	p = must_map(16 * PS, RW, ANON | MAP_POPULATE | MAP_NONBLOCK, -1, 0);
	want_eq(pages_present(p, 16), 0);
	unmap(p, 16 * PS);
	verdict("MMAP-26 MAP_POPULATE loads every page at once, unless with MAP_NONBLOCK");
}

/* --- what locks mean to other calls --- */

#define DONTNEED_LOCKED 24

static void test_dontneed(void)
{
	unsigned char *p = must_map(6 * PS, RW, ANON, -1, 0);

	unmap(p + PS, PS);
	fill(p, PS, 1);
	fill(p + 2 * PS, 4 * PS, 1);
	want_eq(lock(p + 3 * PS, PS), 0);
	want_eq(sys(SYS_madvise, p, 6 * PS, MADV_DONTNEED), -EINVAL);
	want(all_zero(p, PS));
	want(all_zero(p + 2 * PS, PS));
	want(!all_zero(p + 3 * PS, PS));
	want(!all_zero(p + 4 * PS, PS));
	verdict("MADVISE-7 DONTNEED stops at a locked page with EINVAL, though a hole came before");
	want_eq(sys(SYS_madvise, p + 3 * PS, 2 * PS, DONTNEED_LOCKED), 0);
	want(all_zero(p + 3 * PS, 2 * PS));
	unmap(p, 6 * PS);
	verdict("MADVISE-7 DONTNEED_LOCKED drops it too");
}

static long remap(void *old, size_t old_len, size_t new_len, int flags)
{
	return sys(SYS_mremap, old, old_len, new_len, flags, 0);
}

static void grow_locked(void *arg)
{
	unsigned char *p = must_map(8 * PS, RW, ANON, -1, 0);

	(void)arg;
	unmap(p + 2 * PS, 6 * PS);
	limit_locked(4 * PS);
	want_eq(lock(p, 2 * PS), 0);
	want_eq(remap(p, 2 * PS, 5 * PS, MREMAP_MAYMOVE), -EAGAIN);
	want_eq(locked_kb(), 8);
	want_eq(remap(p, 2 * PS, 4 * PS, 0), (long)p);
	want_eq(locked_kb(), 16);
	want_eq(pages_present(p, 4), 4);
	want_eq(remap(p, 4 * PS, PS, 0), (long)p);
	want_eq(locked_kb(), 4);
}

static void grow_over_size(void *arg)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);
	struct rlimit r = {(rlim_t)(proc_value("/proc/self/status", "VmSize") * 1024), RLIM_INFINITY};
	long moved;

	(void)arg;
	want(setrlimit(RLIMIT_AS, &r) == 0);
	want_eq(remap(p, 4 * PS, 5 * PS, MREMAP_MAYMOVE), -ENOMEM);
	moved = sys(SYS_mremap, p, 4 * PS, 4 * PS, MREMAP_MAYMOVE | MREMAP_FIXED, p + 64 * PS);
	want_eq(moved, (long)(p + 64 * PS));
	want_eq(remap((void *)moved, 4 * PS, 3 * PS, 0), moved);
}

static void test_remap(void)
{
	want_child(grow_locked, NULL);
	verdict("MREMAP-16 growth of locked memory is loaded and counts, up to the limit");
	want_child(grow_over_size, NULL);
	verdict("MREMAP-16 at RLIMIT_AS memory moves and shrinks, and does not grow");
}

/* Argument "locked": what a program that was started by a locker finds. */
static int check_after_exec(void)
{
	long kb = locked_kb();
	long p = map(NULL, 4 * PS, RW, ANON, -1, 0);

	return kb == 0 && !is_error(p) && locked_kb() == 0 ? 0 : 1;
}

static int exec_locked(void *self)
{
	char *argv[] = {self, (char *)"locked", NULL};

	if (lock_all(MCL_CURRENT | MCL_FUTURE) < 0)
		return 2;
	execv(self, argv);
	return 3;
}

int main(int argc, char **argv)
{
	char self[512];
	ssize_t n;

	if (argc > 1 && !strcmp(argv[1], "locked"))
		return check_after_exec();
	test_rounding();
	test_empty();
	test_wrap();
	test_hole();
	test_nesting();
	test_unloadable();
	test_protect();
	test_protect_between();
	test_limit();
	test_dontneed();
	test_remap();
	test_lock2();
	test_all();
	test_private_file();
	test_fork();
	test_msync();
	test_map_locked();
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = 0;
	want_eq(child_status(exec_locked, self), 0);
	verdict("EXEC-2 after exec nothing is locked and MCL_FUTURE is off");
	return done();
}
