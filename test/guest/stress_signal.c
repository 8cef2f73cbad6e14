/*
 * Many processes that stop, continue, signal and kill each other at random, while they fork, sleep,
 * wait and write to pipes. Whatever happens to them, each must end when it is killed, be reported
 * once, and leave nothing.
 */
#include "child.h"

#include <sys/time.h>

#define FAMILY 12
#define ROUNDS 400

static volatile pid_t *family; /* shared: the numbers of those who live */
static int pipes[2];

static void nothing(int sig)
{
	(void)sig;
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

static void annoy(unsigned *state)
{
	const int sigs[] = { SIGUSR1, SIGUSR1, SIGUSR1, SIGRTMIN, SIGRTMIN, SIGSTOP, SIGCONT,
				    SIGCONT, SIGCONT, SIGTSTP, SIGUSR2, SIGCHLD };
	pid_t pid = family[next_random(state) % FAMILY];

	if (pid > 1 && pid != getpid())
		kill(pid, sigs[next_random(state) % (sizeof(sigs) / sizeof(sigs[0]))]);
}

static void do_something(unsigned *state)
{
	struct timespec t = { 0, (next_random(state) % 20) * 50000 };
	struct itimerval it = { .it_value = { 0, 300 } };
	char c = 'x';
	pid_t pid;

	switch (next_random(state) % 6) {
	case 0:
		nanosleep(&t, NULL);
		break;
	case 1:
		pid = fork();
		if (pid == 0)
			_exit(3);
		while (pid > 0 && waitpid(pid, NULL, WUNTRACED) != pid && errno == EINTR)
			;
		break;
	case 2:
		if (write(pipes[1], &c, 1) == 1 && read(pipes[0], &c, 1) != 1)
			_exit(9);
		break;
	case 3:
		setitimer(ITIMER_REAL, &it, NULL);
		break;
	case 4:
		pid = vfork();
		if (pid == 0)
			_exit(4);
		while (pid > 0 && waitpid(pid, NULL, 0) != pid && errno == EINTR)
			;
		break;
	default:
		annoy(state);
	}
}

static void member(unsigned seed)
{
	unsigned state = seed;

	for (int sig = SIGUSR1; sig != 0;
	     sig = sig == SIGUSR1 ? SIGRTMIN : sig == SIGRTMIN ? SIGALRM : 0) {
		struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };

		sigaction(sig, &sa, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	for (;;)
		do_something(&state);
}

static int spawn(int place, unsigned seed)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		member(seed);
	family[place] = pid;
	return pid;
}

static int place_of(pid_t pid)
{
	for (int i = 0; i < FAMILY; i++)
		if (family[i] == pid)
			return i;
	return -1;
}

int main(void)
{
	int killed = 0, by_kill = 0, stops = 0, strangers = 0, status;
	unsigned state = 12345;
	pid_t pid;

	family = shared_memory(PS);
	if (pipe(pipes) != 0)
		bail_out("pipe: errno %d", errno);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	for (int i = 0; i < FAMILY; i++)
		spawn(i, 1000 + i);
	for (int round = 0; round < ROUNDS; round++) {
		int place = next_random(&state) % FAMILY;

		sleep_ms(1);
		for (int i = 0; i < FAMILY; i++)
			kill(family[i], SIGCONT);
		if (round % 4 == 0) {
			pid = family[place];
			kill(pid, SIGKILL);
			killed++;
		}
		while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
			place = place_of(pid);
			strangers += place < 0;
			if (WIFSTOPPED(status)) {
				stops++;
				continue;
			}
			by_kill += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
			if (place >= 0)
				spawn(place, 5000 + round);
		}
	}
	for (int i = 0; i < FAMILY; i++)
		kill(family[i], SIGKILL);
	while ((pid = waitpid(-1, &status, 0)) > 0)
		by_kill += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	ok(by_kill >= FAMILY && by_kill <= killed + FAMILY,
	   "everybody who is killed ends, and is reported once");
	is(strangers, 0, "nobody else's child is reported");
	ok(errno == ECHILD, "in the end there are no children");
	diag("%d kills, %d ends, %d stops seen", killed, by_kill, stops);
	return done();
}
