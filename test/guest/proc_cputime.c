/*
 * CPU time that is asked for while another thread comes and goes on its CPU.
 */
#include "child.h"

#include <pthread.h>

#define LOOKS 60000
#define SLACK 20 /* us: less than what the thread computes at once */

static volatile int stop;

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Takes the CPU for a while and leaves it, again and again. */
static void *come_and_go(void *arg)
{
	(void)arg;
	while (!stop) {
		for (volatile int i = 0; i < 20000; i++)
			;
		usleep(1);
	}
	return NULL;
}

static int64_t user_time(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (int64_t)u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec;
}

static void test_forward(void)
{
	int64_t last = 0, last_user = 0;
	int back = 0, user_back = 0;
	pthread_t thread;

	want_eq(pthread_create(&thread, NULL, come_and_go, NULL), 0);
	for (int i = 0; i < LOOKS; i++) {
		int64_t now = clock_ns(CLOCK_PROCESS_CPUTIME_ID), user = user_time();

		back += now < last - SLACK * 1000;
		user_back += user < last_user - SLACK;
		last = now;
		last_user = user;
	}
	stop = 1;
	pthread_join(thread, NULL);
	want_eq(back, 0);
	want_eq(user_back, 0);
	verdict("no span of a thread's CPU time is told twice and taken back");
}

int main(void)
{
	test_forward();
	return done();
}
