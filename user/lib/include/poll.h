/* Waiting for descriptors. */
#pragma once

#include <signal.h>

#define POLLIN 1
#define POLLPRI 2
#define POLLOUT 4
#define POLLERR 8
#define POLLHUP 16
#define POLLNVAL 32

typedef unsigned long nfds_t;

struct pollfd {
	int fd;
	short events;
	short revents;
};

/* The timeout is in milliseconds; a negative one never ends. */
int poll(struct pollfd *fds, nfds_t count, int timeout);
/*
 * NULL for the timeout waits for ever. The signal mask holds for the wait alone, from its
 * beginning; NULL changes nothing.
 */
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);
