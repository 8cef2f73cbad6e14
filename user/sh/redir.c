/*
 * Redirections. For a builtin or a compound command the descriptors that are replaced are kept
 * above 10 and put back afterwards, in reverse order.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct saved_fd {
	struct saved_fd *next;
	int fd;
	int copy;	/* -1: it was closed */
};

int fd_move_up(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	if (up >= 0)
		close(fd);
	return up;
}

static bool save_fd(int fd, struct saved_fd **undo)
{
	struct saved_fd *s;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	if (copy < 0 && errno != EBADF) {
		complain("cannot keep descriptor %d: %s", fd, strerror(errno));
		return false;
	}
	s = heap_alloc(sizeof(*s));
	s->fd = fd;
	s->copy = copy;
	s->next = *undo;
	*undo = s;
	return true;
}

void redir_undo(struct saved_fd **undo)
{
	while (*undo) {
		struct saved_fd *s = *undo;

		*undo = s->next;
		if (s->copy >= 0) {
			dup2(s->copy, s->fd);
			close(s->copy);
		} else {
			close(s->fd);
		}
		free(s);
	}
}

static void write_here(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			break;
		text += n;
		len -= (size_t)n;
	}
}

/*
 * A descriptor from which the text can be read. What a pipe might not hold is written by a child.
 */
static int open_here(const char *text)
{
	size_t len = strlen(text);
	int fds[2];

	if (pipe(fds) < 0)
		return -1;
	if (len <= PIPE_BUF) {
		write_here(fds[1], text, len);
	} else {
		pid_t pid = fork_child(NULL, true);

		if (pid < 0) {
			close(fds[0]);
			close(fds[1]);
			return -1;
		}
		if (pid == 0) {
			close(fds[0]);
			signal(SIGPIPE, SIG_DFL);
			write_here(fds[1], text, len);
			_exit(0);
		}
	}
	close(fds[1]);
	return fds[0];
}

static int open_target(const struct redir *r, const char *target)
{
	switch (r->type) {
	case REDIR_IN: return open(target, O_RDONLY);
	case REDIR_APPEND: return open(target, O_WRONLY | O_CREAT | O_APPEND, 0666);
	case REDIR_BOTH: return open(target, O_RDWR | O_CREAT, 0666);
	case REDIR_HERE: return open_here(target);
	default: return open(target, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	}
}

/* n>&m and n>&-. */
static bool redir_dup(const struct redir *r, const char *target)
{
	char *end;
	long from;

	if (strcmp(target, "-") == 0) {
		close(r->fd);
		return true;
	}
	from = strtol(target, &end, 10);
	if (end == target || *end || from < 0 || from > INT_MAX) {
		complain("%s: not a descriptor", target);
		return false;
	}
	if (dup2((int)from, r->fd) < 0) {
		complain("%s: %s", target, strerror(errno));
		return false;
	}
	return true;
}

static bool redir_open(const struct redir *r, const char *target)
{
	int fd = open_target(r, target);

	if (fd < 0) {
		if (r->type == REDIR_HERE)
			complain("here-document: %s", strerror(errno));
		else
			complain("%s: %s", target, strerror(errno));
		return false;
	}
	if (fd == r->fd)
		return true;
	if (dup2(fd, r->fd) < 0) {
		complain("%d: %s", r->fd, strerror(errno));
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

bool redir_apply(struct redir *list, struct saved_fd **undo)
{
	struct arena *a;
	bool ok = true;

	if (!list)
		return true;
	a = arena_new();
	for (struct redir *r = list; r && ok; r = r->next) {
		char *target;

		ok = expand_string(&r->target, a, false, false, &target) &&
		     (!undo || save_fd(r->fd, undo)) &&
		     (r->type == REDIR_DUP ? redir_dup(r, target) : redir_open(r, target));
	}
	arena_drop(a);
	return ok;
}
