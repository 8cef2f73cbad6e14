/*
 * Users: how many threads each has, by the real user number of their processes. There is a user as
 * long as a process is his.
 */
#pragma once

#include "lib/tree.h"
#include "lib/types.h"

struct user {
	struct tree_node node; /* by uid; the lock of the table */
	u32 uid;	       /* (c) */
	u32 ref;	       /* (a) comes to 0, or from there, with the lock of the table */
	u32 tasks;	       /* (a) threads, and processes whose first thread has ended */
};

void user_module_init(void);
/* The user with this number, made if there is none, with a reference. NULL: no memory. May sleep. */
struct user *user_get(u32 uid);
struct user *user_hold(struct user *u);
/* Any context. */
void user_put(struct user *u);
