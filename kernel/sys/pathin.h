/*
 * Paths from programs, and the parts of calls with 64-bit arguments that machines which pass those
 * in pairs of words share with the rest.
 */
#pragma once

#include "lib/types.h"

/*
 * A kernel copy of the string at user address va: 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. Freed by
 * path_free.
 */
int path_copyin(ulong va, char **out);
void path_free(char *path);

/* file.c */
long sys_pread_at(const ulong *args, off_t pos); /* args: descriptor, buffer, count */
long sys_pwrite_at(const ulong *args, off_t pos);
off_t sys_seek_to(ulong fd, off_t off, int whence);
/* pos NULL: the input's own. */
long sys_sendfile_at(ulong out_fd, ulong in_fd, off_t *pos, size_t count);
long sys_poll_until(ulong fds, ulong nfds, u64 deadline);
long sys_ftruncate_to(ulong fd, off_t size);
/* path.c */
long sys_truncate_to(ulong path, off_t size);
