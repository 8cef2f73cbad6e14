/*
 * The memory calls: brk, mmap, mremap, munmap, mprotect, madvise, mincore, msync, mlock and kin.
 * What they do is vm/mm.h's; here mmap's descriptor and flags are judged, in Linux's order: offset,
 * descriptor, length and address, kind of mapping, access mode, kind of file.
 */
#include "lib/errno.h"
#include "lib/types.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "proc/proc.h"
#include "sys/syscalls.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/page.h"

/* Flags that MAP_SHARED_VALIDATE vouches for; it refuses all others. */
#define MAP_KNOWN                                                                                  \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE |   \
	 MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB)

static struct mm *current_mm(void)
{
	return current_thread()->mm;
}

/* The rights a mapping of f may ever have; -EACCES if this one asks for more. */
static int file_rights(const struct file *f, bool shared, unsigned prot)
{
	if (shared && (prot & PROT_WRITE) && !file_writable(f))
		return -EACCES;
	if (!file_readable(f))
		return -EACCES;
	return shared && !file_writable(f) ? PROT_READ | PROT_EXEC : PROT_ALL;
}

/*
 * Are there such offsets in f? Regular files have 63 bits of them, anything else what a word holds.
 */
static bool offset_fits(const struct file *f, const struct map_request *rq)
{
	u64 pages = ALIGN_UP(rq->len, PAGE_SIZE) >> PAGE_SHIFT;
	u64 most = f->inode && inode_is_reg(f->inode) ? (u64)INT64_MAX : (u64)~0ul;

	return rq->pgoff <= (most >> PAGE_SHIFT) - pages;
}

/*
 * Can a mapping of a file give the right to write to the file? Then it is claimed from the object.
 */
static bool claims_writable(const struct map_request *rq)
{
	return rq->obj && (rq->flags & MAP_TYPE) != MAP_PRIVATE && (rq->max_prot & PROT_WRITE);
}

/* Judge the flags of a file mapping and find its object. */
static int judge_file(struct file *f, struct map_request *rq)
{
	unsigned type = rq->flags & MAP_TYPE;
	bool shared = type != MAP_PRIVATE;
	int rights, err;

	if (!offset_fits(f, rq))
		return -EOVERFLOW;
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (type == MAP_SHARED_VALIDATE && (rq->flags & ~(unsigned)MAP_KNOWN))
		return -EOPNOTSUPP;
	rights = file_rights(f, shared, rq->prot);
	if (rights < 0)
		return rights;
	if (!f->ops->mmap)
		return -ENODEV;
	err = f->ops->mmap(f, shared, &rq->obj);
	if (err)
		return err;
	if (rq->flags & MAP_GROWSDOWN)
		return -EINVAL;
	rq->max_prot = (unsigned)rights;
	if (rq->obj)
		rq->file = f;
	if (claims_writable(rq) && obj_claim_writable(rq->obj)) {
		/* Sealed: it may be looked at. */
		rq->max_prot &= ~(unsigned)PROT_WRITE;
		return rq->prot & PROT_WRITE ? -EPERM : 0;
	}
	return 0;
}

static int judge_anonymous(const struct map_request *rq)
{
	unsigned type = rq->flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_PRIVATE)
		return -EINVAL;
	if (type == MAP_SHARED && (rq->flags & MAP_GROWSDOWN))
		return -EINVAL;
	return 0;
}

/* There are no huge pages, in files least of all. */
static int judge_huge(const struct file *f, const struct map_request *rq)
{
	if (!(rq->flags & MAP_HUGETLB) || (!f && !rq->len))
		return 0;
	return f ? -EINVAL : -ENOMEM;
}

/* Map what is left to be judged; of several errors those of the place come first. */
static long map_judged(struct file *f, struct map_request *rq)
{
	long err = f ? judge_file(f, rq) : judge_anonymous(rq), earlier;

	if (!err) {
		err = mm_map(current_mm(), rq);
		if (f && claims_writable(rq))
			obj_unclaim_writable(rq->obj);
		return err;
	}
	earlier = mm_map_place(current_mm(), rq);
	return earlier ? earlier : err;
}

/* mmap with the offset in pages, as every machine's call ends up. */
long mmap_pages(ulong addr, ulong len, ulong prot, ulong flags, int fd, ulong pgoff)
{
	struct map_request rq = {
		.addr = addr,
		.len = len,
		.prot = prot & PROT_ALL,
		.max_prot = PROT_ALL,
		.flags = (unsigned)flags,
		.pgoff = pgoff,
	};
	struct file *f = NULL;
	long err;

	if (!(flags & MAP_ANONYMOUS)) {
		f = files_get_own(fd);
		if (!f)
			return -EBADF;
	}
	err = f && (f->flags & O_PATH) ? -EBADF : judge_huge(f, &rq);
	if (!err)
		err = mm_map_check(current_mm(), addr, len, rq.flags, pgoff);
	if (!err)
		err = map_judged(f, &rq);
	if (f)
		file_drop(f);
	return err;
}

SYSCALL(mmap)
{
	if (args[5] & PAGE_MASK)
		return -EINVAL;
	/* The offset is signed; the sign must survive to be seen as too large. */
	return mmap_pages(args[0], args[1], args[2], args[3], (int)args[4],
			  (ulong)((long)args[5] >> PAGE_SHIFT));
}

SYSCALL(munmap)
{
	return mm_unmap(current_mm(), args[0], args[1]);
}

SYSCALL(mprotect)
{
	/* A bit beyond the lower 32 is as unknown as any. */
	unsigned prot = (u64)args[2] >> 32 ? 1u << 31 : (unsigned)args[2];

	return mm_protect(current_mm(), args[0], args[1], prot);
}

SYSCALL(mremap)
{
	unsigned flags = (u64)args[3] >> 32 ? ~0u : (unsigned)args[3];

	return mm_remap(current_mm(), args[0], args[1], args[2], flags, args[4]);
}

SYSCALL(madvise)
{
	return mm_advise(current_mm(), args[0], args[1], (int)args[2]);
}

SYSCALL(mincore)
{
	return mm_mincore(current_mm(), args[0], args[1], args[2]);
}

SYSCALL(msync)
{
	return mm_sync(current_mm(), args[0], args[1], (unsigned)args[2]);
}

SYSCALL(brk)
{
	return (long)mm_brk(current_mm(), args[0]);
}

SYSCALL(mlock)
{
	return mm_lock(current_mm(), args[0], args[1], false);
}

SYSCALL(mlock2)
{
	if ((int)args[2] & ~MLOCK_ONFAULT)
		return -EINVAL;
	return mm_lock(current_mm(), args[0], args[1], args[2] & MLOCK_ONFAULT);
}

SYSCALL(munlock)
{
	return mm_unlock(current_mm(), args[0], args[1]);
}

SYSCALL(mlockall)
{
	unsigned flags = (unsigned)args[0];

	if (!flags || flags == MCL_ONFAULT ||
		(flags & ~(unsigned)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return -EINVAL;
	return mm_lock_all(current_mm(), flags);
}

SYSCALL(munlockall)
{
	(void)args;
	return mm_lock_all(current_mm(), 0);
}
