/*
 * The floating-point registers as they lie in a signal's frame. The thread is the current one; all
 * may sleep, but for fpframe_reset.
 */
#pragma once

#include "lib/types.h"

struct thread;

/* Store t's registers below sp, in a frame whose address goes to *at. 0 or -EFAULT. */
int fpframe_push(struct thread *t, ulong sp, ulong *at);
/* Take them from the frame at this user address. 0, or -EFAULT: then they are as they were. */
int fpframe_pop(struct thread *t, ulong at);
/* t has the registers that a program begins with. */
void fpframe_reset(struct thread *t);
