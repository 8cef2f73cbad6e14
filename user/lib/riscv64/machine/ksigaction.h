/*
 * The structure of rt_sigaction. On this machine the kernel provides the return trampoline: there
 * is no restorer.
 */
#pragma once

struct ksigaction {
	void (*handler)(int);
	unsigned long flags;
	sigset_t mask;
};
