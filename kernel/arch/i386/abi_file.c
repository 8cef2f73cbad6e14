/*
 * Calls on names and descriptors that newer machines do not have, or whose 64-bit arguments come
 * here as two words, the lower first (the higher in _llseek).
 */
#include "abi.h"

#include "arch/clock.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/timer.h"
#include "sys/parts.h"
#include "vm/page.h"
#include "vm/uaccess.h"

#define WORDS(...) ((const ulong[]){__VA_ARGS__})

static off_t pair(ulong low, ulong high)
{
	return (off_t)((u64)high << 32 | low);
}

/* --- names --- */

SYSCALL(open)
{
	return sys_openat(WORDS(CWD, args[0], args[1], args[2]));
}

SYSCALL(creat)
{
	return sys_openat(WORDS(CWD, args[0], O_CREAT | O_WRONLY | O_TRUNC, args[1]));
}

SYSCALL(link)
{
	return sys_linkat(WORDS(CWD, args[0], CWD, args[1], 0));
}

SYSCALL(unlink)
{
	return sys_unlinkat(WORDS(CWD, args[0], 0));
}

SYSCALL(mkdir)
{
	return sys_mkdirat(WORDS(CWD, args[0], args[1]));
}

SYSCALL(rmdir)
{
	return sys_unlinkat(WORDS(CWD, args[0], AT_REMOVEDIR));
}

SYSCALL(mknod)
{
	return sys_mknodat(WORDS(CWD, args[0], args[1], args[2]));
}

SYSCALL(symlink)
{
	return sys_symlinkat(WORDS(args[0], CWD, args[1]));
}

SYSCALL(readlink)
{
	return sys_readlinkat(WORDS(CWD, args[0], args[1], args[2]));
}

SYSCALL(rename)
{
	return sys_renameat2(WORDS(CWD, args[0], CWD, args[1], 0));
}

SYSCALL(renameat)
{
	return sys_renameat2(WORDS(args[0], args[1], args[2], args[3], 0));
}

SYSCALL(access)
{
	return sys_faccessat(WORDS(CWD, args[0], args[1]));
}

SYSCALL(chmod)
{
	return sys_fchmodat(WORDS(CWD, args[0], args[1]));
}

SYSCALL(chown32)
{
	return sys_fchownat(WORDS(CWD, args[0], args[1], args[2], 0));
}

SYSCALL(lchown32)
{
	return sys_fchownat(WORDS(CWD, args[0], args[1], args[2], AT_SYMLINK_NOFOLLOW));
}

SYSCALL(chown16)
{
	return sys_chown32(WORDS(args[0], id_from16(args[1]), id_from16(args[2])));
}

SYSCALL(lchown16)
{
	return sys_lchown32(WORDS(args[0], id_from16(args[1]), id_from16(args[2])));
}

SYSCALL(fchown16)
{
	return sys_fchown(WORDS(args[0], id_from16(args[1]), id_from16(args[2])));
}

/* --- descriptors --- */

/* Unlike dup3, it lets a descriptor be duplicated to itself. */
SYSCALL(dup2)
{
	struct file *f;

	if ((int)args[0] != (int)args[1])
		return sys_dup3(WORDS(args[0], args[1], 0));
	f = files_get_own((int)args[0]);
	if (!f)
		return -EBADF;
	file_drop(f);
	return (int)args[0];
}

SYSCALL(pipe)
{
	return sys_pipe2(WORDS(args[0], 0));
}

/* The commands with locks of the wide form have numbers of their own. */
enum fcntl64_cmd { F_GETLK64 = 12, F_SETLK64 = 13, F_SETLKW64 = 14 };

SYSCALL(fcntl64)
{
	ulong cmd = args[1];

	if (cmd >= F_GETLK64 && cmd <= F_SETLKW64)
		return sys_fcntl_in(
			WORDS(args[0], cmd - F_GETLK64 + F_GETLK, args[2]), FLOCK_64);
	return sys_fcntl(args);
}

/* poll's milliseconds as fs_poll wants them: negative is forever, 0 not at all. */
static u64 poll_deadline(int timeout)
{
	if (timeout <= 0)
		return timeout < 0 ? WAIT_FOREVER : 0;
	return clock_now() + (u64)timeout * (NSEC / 1000);
}

/* Restarted after a signal without a handler, it waits for what was left. */
SYSCALL(poll)
{
	struct thread *t = current_thread();
	u64 deadline = t->restart_deadline;
	long n;

	t->restart_deadline = 0;
	if (!deadline)
		deadline = poll_deadline((int)args[2]);
	n = sys_poll_until(args[0], args[1], deadline);
	if (n != -ERESTARTNOHAND)
		return n;
	t->restart_deadline = deadline;
	return -ERESTART_SLEEP;
}

SYSCALL(llseek)
{
	off_t pos = sys_seek_to(args[0], pair(args[2], args[1]), (int)args[4]);

	if (pos < 0)
		return (long)pos;
	return COPYOUT(args[3], &pos);
}

SYSCALL(pread64_pair)
{
	return sys_pread_at(args, pair(args[3], args[4]));
}

SYSCALL(pwrite64_pair)
{
	return sys_pwrite_at(args, pair(args[3], args[4]));
}

SYSCALL(preadv_pair)
{
	return sys_preadv_at(args, pair(args[3], args[4]), 0);
}

SYSCALL(pwritev_pair)
{
	return sys_pwritev_at(args, pair(args[3], args[4]), 0);
}

SYSCALL(preadv2_pair)
{
	return sys_preadv2_at(args, pair(args[3], args[4]), (u32)args[5]);
}

SYSCALL(pwritev2_pair)
{
	return sys_pwritev2_at(args, pair(args[3], args[4]), (u32)args[5]);
}

/* The first form's length is one word. */
SYSCALL(fadvise64_pair)
{
	return sys_fadvise_in(args[0], pair(args[1], args[2]), (off_t)args[3], args[4]);
}

SYSCALL(fadvise64_64)
{
	return sys_fadvise_in(args[0], pair(args[1], args[2]), pair(args[3], args[4]), args[5]);
}

SYSCALL(sync_file_range_pairs)
{
	return sys_sync_range(args[0], pair(args[1], args[2]), pair(args[3], args[4]), args[5]);
}

SYSCALL(truncate64)
{
	return sys_truncate_to(args[0], pair(args[1], args[2]));
}

SYSCALL(ftruncate64)
{
	return sys_ftruncate_to(args[0], pair(args[1], args[2]));
}

SYSCALL(fallocate_pairs)
{
	return sys_fallocate_in(
		args[0], args[1], pair(args[2], args[3]), pair(args[4], args[5]));
}

/* sendfile with a position of 32 bits, beyond which it does not go. */
SYSCALL(sendfile32)
{
	off_t pos;
	s32 at;
	long n;

	if (!args[2])
		return sys_sendfile_at(args[0], args[1], NULL, args[3]);
	if (COPYIN(&at, args[2]))
		return -EFAULT;
	if (at == INT32_MAX)
		return -EOVERFLOW;
	pos = at;
	n = sys_sendfile_at(
		args[0], args[1], &pos, at < 0 ? args[3] : MIN(args[3], (ulong)(INT32_MAX - at)));
	at = (s32)pos;
	if (n >= 0 && COPYOUT(args[2], &at))
		return -EFAULT;
	return n;
}

/* --- mappings --- */

/* The first form of mmap: its arguments lie in memory, the offset is in bytes. */
SYSCALL(mmap_struct)
{
	ulong a[6];

	if (COPYIN(&a, args[0]))
		return -EFAULT;
	if (a[5] & PAGE_MASK)
		return -EINVAL;
	return mmap_pages(a[0], a[1], a[2], a[3], (int)a[4], a[5] >> PAGE_SHIFT);
}

/* The offset is in pages. */
SYSCALL(mmap2)
{
	return mmap_pages(args[0], args[1], args[2], args[3], (int)args[4], args[5]);
}
