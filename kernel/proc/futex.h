/*
 * Futexes: waiting for a word of user memory to change.
 *
 * A futex is an aligned 32-bit word, known by what is behind its address: a private one by address
 * space and address; a shared one by object and place in it, so that processes meet that mapped it
 * at different addresses. Shared words in private memory are known by their address again, and are
 * not the same as private ones there.
 *
 * All calls take user addresses as programs give them and answer -EINVAL for one that is no
 * multiple of 4, -EFAULT for one that cannot be accessed. All may sleep; no lock held.
 */
#pragma once

#include "lib/types.h"

struct thread;

#define FUTEX_ANY (~0u) /* the set of bits that meets every other */

void futex_module_init(void);
/*
 * Sleep while the word is `val`, until a wake whose bits meet `bits`: 0. -EAGAIN: it is not val.
 * -ETIMEDOUT: clock_now() reached deadline (WAIT_FOREVER: none). -EINTR: a signal.
 * -EINVAL: no bits.
 */
long futex_wait(ulong va, bool shared, u32 val, u64 deadline, u32 bits);
/* Wake up to n (at least one) of those whose bits meet `bits`: how many. -EINVAL: no bits. */
long futex_wake(ulong va, bool shared, int n, u32 bits);
/*
 * Wake up to nwake waiters of va, and let up to nmove more wait for va2 instead: how many both
 * were. Only if the word at va is *expected (unless that is NULL): -EAGAIN. -EINVAL: n < 0.
 */
long futex_requeue(ulong va, ulong va2, bool shared, int nwake, int nmove, const u32 *expected);
/*
 * Change the word at va2 as `op` says (encoded as FUTEX_OP of Linux's futex.h), wake up to n
 * waiters of va, and if the word's old value passes op's comparison up to n2 of va2. How many were
 * woken; -ENOSYS for an op that is none.
 */
long futex_wake_op(ulong va, ulong va2, bool shared, int n, int n2, u32 op);
/*
 * t, the current thread, ends or leaves its memory for another program: mark the locks on its
 * robust list as those of a dead owner, then clear its clear_tid word if others may look at it
 * (`others`); wake who waits for either.
 */
void futex_leave(struct thread *t, bool others);
