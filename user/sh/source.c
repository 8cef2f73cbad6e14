/*
 * Characters for the parser: from a descriptor or from a string.
 *
 * A descriptor that a command could read too (standard input) must not be read further than the
 * command line: from a file we read ahead and go back (source_sync), a terminal gives one line a
 * read, and from anything else we take single bytes.
 */
#include "sh.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct source {
	int fd;			/* -1: a string */
	bool owned;		/* the descriptor is ours alone: read ahead freely */
	bool interactive;
	bool seekable;
	bool fresh;		/* no line of this command has been read yet */
	bool ended;
	int line;
	char pushed[4];
	int pushed_count;
	const char *text;	/* what has been read: buf, or the string */
	size_t pos, end;
	char buf[1024];
};

struct source *source_fd(int fd, const char *name, bool interactive)
{
	struct source *src = heap_alloc(sizeof(*src));

	memset(src, 0, sizeof(*src));
	src->fd = fd;
	src->owned = name != NULL;
	src->interactive = interactive;
	src->seekable = lseek(fd, 0, SEEK_CUR) >= 0;
	src->text = src->buf;
	src->line = 1;
	return src;
}

struct source *source_string(const char *s, size_t len, int line)
{
	struct source *src = heap_alloc(sizeof(*src));

	memset(src, 0, sizeof(*src));
	src->fd = -1;
	src->text = s;
	src->end = len;
	src->line = line;
	return src;
}

void source_close(struct source *src)
{
	if (src->fd >= 0 && src->owned)
		close(src->fd);
	free(src);
}

void source_new_command(struct source *src)
{
	src->fresh = true;
}

void source_sync(struct source *src)
{
	if (src->fd >= 0 && !src->owned && src->seekable && src->pos < src->end) {
		lseek(src->fd, -(off_t)(src->end - src->pos), SEEK_CUR);
		src->pos = src->end = 0;
	}
}

static void show_prompt(struct source *src)
{
	const char *prompt = var_get(src->fresh ? "PS1" : "PS2");

	if (src->fresh)
		jobs_notify();
	src->fresh = false;
	if (prompt)
		fputs(prompt, stderr);
}

/*
 * Reads from the terminal, unless an interrupt comes first. It must not slip in between the look at
 * the flag and the wait: until the wait it is held off.
 */
static ssize_t read_terminal(struct source *src)
{
	struct pollfd fd = { .fd = src->fd, .events = POLLIN };
	sigset_t held, old;
	ssize_t n = -1;
	bool ready;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigprocmask(SIG_BLOCK, &held, &old);
	/* A device that cannot be polled is read at once. */
	ready = !shell.interrupted && (ppoll(&fd, 1, NULL, &old) >= 0 || errno != EINTR);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (ready && !shell.interrupted)
		n = read(src->fd, src->buf, sizeof(src->buf));
	else
		errno = EINTR;
	return n;
}

static ssize_t read_bytes(struct source *src)
{
	if (src->interactive)
		return read_terminal(src);
	return read(src->fd, src->buf, src->owned || src->seekable ? sizeof(src->buf) : 1);
}

/* Gets the next bytes of a descriptor; false at the end, on an error and on an interrupt. */
static bool refill(struct source *src)
{
	ssize_t n;

	if (src->fd < 0 || src->ended || shell.interrupted)
		return false;
	if (src->interactive)
		show_prompt(src);
	do {
		n = read_bytes(src);
		if (n < 0 && errno == EINTR)
			traps_run();
	} while (n < 0 && errno == EINTR && !shell.interrupted);
	if (n < 0 && errno != EINTR)
		complain("cannot read commands: %s", strerror(errno));
	src->pos = 0;
	src->end = n > 0 ? (size_t)n : 0;
	src->ended = n <= 0 && !shell.interrupted;
	return n > 0;
}

int source_getc(struct source *src)
{
	int c;

	if (src->pushed_count > 0) {
		c = (unsigned char)src->pushed[--src->pushed_count];
	} else {
		do {
			if (src->pos == src->end && !refill(src))
				return EOF;
			c = (unsigned char)src->text[src->pos++];
		} while (c == '\0');
	}
	if (c == '\n')
		src->line++;
	return c;
}

void source_unget(struct source *src, int c)
{
	if (c == EOF)
		return;
	src->pushed[src->pushed_count++] = (char)c;
	if (c == '\n')
		src->line--;
}

int source_line(const struct source *src)
{
	return src->line;
}

void source_skip_line(struct source *src)
{
	src->pushed_count = 0;
	src->pos = src->end = 0;
	src->ended = false;
}
