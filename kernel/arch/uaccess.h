/*
 * Copies between the kernel and user memory (uaccess.S). One side may be user memory; that side's
 * faults are served through trap_kernel_fault() or end the copy. The caller has checked that the
 * user range lies below USER_TOP.
 */
#pragma once

#include "lib/types.h"

/* Bytes NOT copied: 0, or what is left at the first byte that could not be accessed. */
size_t copy_user(void *dst, const void *src, size_t n);
/* Zeros; bytes NOT cleared. */
size_t clear_user(void *dst, size_t n);
/*
 * Copy up to and with a NUL. The bytes before the NUL, -EFAULT, or n if there is none in n bytes.
 */
ssize_t copy_user_str(char *dst, const char *src, size_t n);
/* One aligned word of user memory, whole, in one access. 0 or -EFAULT. */
long load_user(const u32 *from, u32 *value);
long store_user(u32 *to, u32 value);
/*
 * Store `new` if the word is *old, atomically; *old becomes what was there. 0 or -EFAULT. A full
 * barrier.
 */
long cmpxchg_user(u32 *at, u32 *old, u32 new);
