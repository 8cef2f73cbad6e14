/*
 * The alternate signal stack, when it is full.
 */
#include "child.h"

#define BELOW (64 * PS)
#define ALTSTACK (8 * PS)
#define DEPTH_MAX 1000 /* so many frames have no room there */

static unsigned char *area; /* BELOW, then the stack */

static int depth;

static void again(int sig)
{
	if (++depth == DEPTH_MAX)
		_exit(3);
	raise(sig);
}

/* A signal whose handler gets it again, and again, on a stack that ends some time. */
static int fill_stack(int flags)
{
	struct sigaction act = { .sa_handler = again, .sa_flags = SA_ONSTACK | SA_NODEFER | flags };
	stack_t stack = { .ss_sp = area + BELOW, .ss_size = ALTSTACK };

	if (sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &act, NULL))
		return 1;
	raise(SIGUSR1);
	return 2;
}

static int fill_with_info(void)
{
	return fill_stack(SA_SIGINFO);
}

static int fill_without(void)
{
	return fill_stack(0);
}

static void test_full(int (*fill)(void), const char *name)
{
	size_t touched = 0;

	area = shared_memory(BELOW + ALTSTACK);
	want_eq(in_child(fill), KILLED_BY(SIGSEGV));
	/* What the handler itself needs may lie below; the frames may not. */
	for (size_t i = 0; i < BELOW - PS; i++)
		touched += area[i] != 0;
	want_eq(touched, 0);
	verdict("%s", name);
	unmap(area, BELOW + ALTSTACK);
}

int main(void)
{
	test_full(fill_with_info, "SA_SIGINFO: a full alternate stack is a SIGSEGV, not overrun");
	test_full(fill_without, "without SA_SIGINFO too");
	return done();
}
