/* The structure of rt_sigaction. Without SA_RESTORER the kernel provides the return trampoline. */
#pragma once

struct ksigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	sigset_t mask;
};
