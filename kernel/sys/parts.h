/*
 * Paths from programs, and the parts of calls that the handlers here share with those that stand in
 * a machine's folder: calls whose 64-bit arguments travel in pairs of words, whose structures have
 * a second form, or which newer machines do not have any more.
 *
 * All of them may sleep and answer a result or -errno, as handlers do. `args` are argument words.
 */
#pragma once

#include "lib/types.h"
#include "sys/abi.h"

struct file;
struct kstat;
struct kstatfs;
struct ktime;
struct rlimit_pair;

/*
 * A kernel copy of the string at user address va: 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. Freed by
 * path_free.
 */
int path_copyin(ulong va, char **out);
void path_free(char *path);

/* file.c */
long sys_pread_at(const ulong *args, off_t pos); /* args: descriptor, buffer, count */
long sys_pwrite_at(const ulong *args, off_t pos);
/* args: descriptor, vector, count; pos -1 in the second form is the file's own position */
long sys_preadv_at(const ulong *args, off_t pos, u32 flags);
long sys_pwritev_at(const ulong *args, off_t pos, u32 flags);
long sys_preadv2_at(const ulong *args, off_t pos, u32 flags);
long sys_pwritev2_at(const ulong *args, off_t pos, u32 flags);
off_t sys_seek_to(ulong fd, off_t off, int whence);
/* pos NULL: the input's own. */
long sys_sendfile_at(ulong out_fd, ulong in_fd, off_t *pos, size_t count);
/* deadline as fs_poll takes it; -ERESTARTNOHAND if a signal ended it */
long sys_poll_until(ulong fds, ulong nfds, u64 deadline);
long sys_ppoll_in(const ulong *args, enum time_form form);
/* The timespec at `timeout` as a deadline for fs_poll: 0 for not waiting. -EFAULT, -EINVAL */
int sys_poll_deadline(ulong timeout, enum time_form form, u64 *deadline);
u64 sys_time_left(u64 deadline); /* ns, 0 once it is over */
/* A poll ended with n: store there what is left. What the call answers. */
long sys_poll_left(ulong timeout, enum time_form form, u64 deadline, long n);
long sys_ftruncate_to(ulong fd, off_t size);

/* form: that of the locks of F_GETLK, F_SETLK, F_SETLKW */
long sys_fcntl_in(const ulong *args, enum flock_form form);

/* lock.c */
enum fcntl_lock_cmd {
	F_GETLK = 5,
	F_SETLK = 6,
	F_SETLKW = 7,
	F_OFD_GETLK = 36,
	F_OFD_SETLK = 37,
	F_OFD_SETLKW = 38,
};
/* f is open as fd; arg: the lock's address. F_OFD_ commands have FLOCK_64 whatever form is. */
long sys_fcntl_lock(
	struct file *f, int fd, enum fcntl_lock_cmd cmd, ulong arg, enum flock_form form);

/* memfile.c */
long sys_fallocate_in(ulong fd, ulong mode, off_t off, off_t len);

/* range.c */
long sys_fadvise_in(ulong fd, off_t off, off_t len, ulong advice);
long sys_sync_range(ulong fd, off_t off, off_t len, ulong flags);

/* path.c */
int sys_stat_path(ulong dirfd, ulong path, u32 at_flags, struct kstat *st);
int sys_stat_fd(ulong fd, struct kstat *st);
int sys_statfs_path(ulong path, struct kstatfs *st);
int sys_statfs_fd(ulong fd, struct kstatfs *st);
long sys_truncate_to(ulong path, off_t size);
long sys_utimensat_in(const ulong *args, enum time_form form);
/* times NULL: now. Judges flags and that path 0 is a descriptor's. */
long sys_utimes_to(ulong dirfd, ulong path, const struct ktime *times, u32 at_flags);

/* time.c */
long sys_clock_gettime_in(const ulong *args, enum time_form form);
long sys_clock_getres_in(const ulong *args, enum time_form form);
long sys_clock_nanosleep_in(const ulong *args, enum time_form form);
long sys_clock_settime_in(const ulong *args, enum time_form form);
/* Can there be timers by this clock? 0, -EINVAL, -EOPNOTSUPP */
int sys_judge_timer_clock(int clock);
bool sys_is_real_clock(int clock); /* of those: is its time the real time? */
/* For the superuser: the real-time clock becomes this. -EINVAL, -EPERM */
long sys_set_clock(const struct abi_timespec *ts);

/* ptimer.c */
long sys_timer_gettime_in(const ulong *args, enum time_form form);
long sys_timer_settime_in(const ulong *args, enum time_form form);

/* futex.c */
long sys_futex_in(const ulong *args, enum time_form form);

/* sched.c */
long sys_sched_rr_get_interval_in(const ulong *args, enum time_form form);
long sys_nice_by(int increment);

/* select.c */
/* args: number of descriptors, three sets. deadline as above; -ERESTARTNOHAND */
long sys_select_until(const ulong *args, u64 deadline);
long sys_pselect6_in(const ulong *args, enum time_form form);

/* signal.c */
long sys_rt_sigtimedwait_in(const ulong *args, enum time_form form);
/* Sleep with this mask until a signal is to be acted upon: -ERESTARTNOHAND. */
long sys_suspend(u64 mask);
/* What becomes of a sigreturn: err says whether the frame was sound, mask what was in it. */
long sys_sigreturn_end(int err, u64 mask);

/* proc.c */
/* Of the current process; new NULL: only tell. */
long sys_limit(unsigned which, const struct rlimit_pair *new, struct rlimit_pair *old);
