/*
 * Streams. A stream has one buffer, used for reading or for writing, never for both at a time.
 *
 *	reading:  buf[pos..end) are bytes the kernel gave and the program has not taken
 *	writing:  buf[0..pos) are bytes the program gave and the kernel has not taken
 *	idle:     pos == end == 0; a stream open for both starts here, and a flush or a seek
 *	          brings it back
 *
 * The buffer is allocated at the first transfer. Its last UNGET bytes are never read into, so that
 * ungetc always finds room. All streams but the three standard ones are on the list open_streams,
 * so that exit can flush them.
 */
#include "internal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNGET 8

struct file_stream {
	int fd;
	bool can_read, can_write;
	bool reading, writing;
	bool eof, error;
	int mode; /* _IOFBF, _IOLBF, _IONBF, or -1: by the kind of file, at the first transfer */
	char *buf;		/* BUFSIZ + UNGET bytes */
	size_t pos, end;
	FILE *next, *prev;	/* open_streams */
};

static FILE stream_in = { .fd = 0, .can_read = true, .mode = -1 };
static FILE stream_out = { .fd = 1, .can_write = true, .mode = -1 };
static FILE stream_err = { .fd = 2, .can_write = true, .mode = _IONBF };

FILE *stdin = &stream_in;
FILE *stdout = &stream_out;
FILE *stderr = &stream_err;

static FILE *open_streams;

static bool is_standard(const FILE *f)
{
	return f == &stream_in || f == &stream_out || f == &stream_err;
}

static int fail(FILE *f, int errnum)
{
	errno = errnum;
	f->error = true;
	return EOF;
}

static bool ensure_buffer(FILE *f)
{
	if (f->buf)
		return true;
	f->buf = malloc(BUFSIZ + UNGET);
	if (!f->buf) {
		f->error = true;
		return false;
	}
	if (f->mode < 0) {
		int saved = errno;

		f->mode = isatty(f->fd) ? _IOLBF : _IOFBF;
		errno = saved;
	}
	return true;
}

static void set_idle(FILE *f)
{
	f->pos = f->end = 0;
	f->reading = f->writing = false;
}

/* Writes n bytes to the descriptor, however many calls it takes; -1 on error. */
static int write_all(FILE *f, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(f->fd, p, n);

		if (w < 0) {
			if (errno == EINTR)
				continue;
			f->error = true;
			return EOF;
		}
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static int flush_output(FILE *f)
{
	size_t n = f->pos;

	set_idle(f);
	return write_all(f, f->buf, n);
}

/* Forgets what was read ahead, moving the file position back where the file has one. */
static void drop_input(FILE *f)
{
	off_t ahead = (off_t)(f->end - f->pos);
	int saved = errno;

	set_idle(f);
	if (ahead > 0)
		lseek(f->fd, -ahead, SEEK_CUR);
	errno = saved;
}

int fflush(FILE *f)
{
	int result = 0;

	if (f) {
		if (f->reading)
			drop_input(f);
		return f->writing ? flush_output(f) : 0;
	}
	result |= fflush(stdout);
	for (FILE *s = open_streams; s; s = s->next)
		if (s->writing)
			result |= flush_output(s);
	return result;
}

void stdio_exit(void)
{
	fflush(NULL);
	if (stdin->reading)
		drop_input(stdin);
}

/* Opening and closing */

static int parse_mode(const char *mode)
{
	int flags;

	switch (mode[0]) {
	case 'r': flags = O_RDONLY; break;
	case 'w': flags = O_WRONLY | O_CREAT | O_TRUNC; break;
	case 'a': flags = O_WRONLY | O_CREAT | O_APPEND; break;
	default:
		errno = EINVAL;
		return -1;
	}
	if (strchr(mode, '+'))
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	if (strchr(mode, 'e'))
		flags |= O_CLOEXEC;
	if (strchr(mode, 'x'))
		flags |= O_EXCL;
	return flags;
}

static void set_access(FILE *f, int flags)
{
	f->can_read = (flags & O_ACCMODE) != O_WRONLY;
	f->can_write = (flags & O_ACCMODE) != O_RDONLY;
}

static FILE *stream_new(int fd, int flags)
{
	FILE *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->fd = fd;
	f->mode = -1;
	set_access(f, flags);
	f->next = open_streams;
	if (f->next)
		f->next->prev = f;
	open_streams = f;
	return f;
}

FILE *fdopen(int fd, const char *mode)
{
	int flags = parse_mode(mode);

	return flags < 0 ? NULL : stream_new(fd, flags);
}

FILE *fopen(const char *path, const char *mode)
{
	int flags = parse_mode(mode);
	int fd;
	FILE *f;

	if (flags < 0)
		return NULL;
	fd = open(path, flags, 0666);
	if (fd < 0)
		return NULL;
	f = stream_new(fd, flags);
	if (!f)
		close(fd);
	return f;
}

FILE *freopen(const char *path, const char *mode, FILE *f)
{
	int flags = parse_mode(mode);
	int fd;

	if (flags < 0)
		return NULL;
	fflush(f);
	fd = open(path, flags, 0666);
	if (fd < 0)
		return NULL;
	if (fd != f->fd) {
		if (dup3(fd, f->fd, flags & O_CLOEXEC) < 0) {
			close(fd);
			return NULL;
		}
		close(fd);
	}
	set_access(f, flags);
	f->eof = f->error = false;
	return f;
}

int fclose(FILE *f)
{
	int result = fflush(f);

	if (close(f->fd) < 0)
		result = EOF;
	free(f->buf);
	f->buf = NULL;
	if (is_standard(f)) {
		f->can_read = f->can_write = false;
		return result;
	}
	if (f->next)
		f->next->prev = f->prev;
	if (f->prev)
		f->prev->next = f->next;
	else
		open_streams = f->next;
	free(f);
	return result;
}

int setvbuf(FILE *f, char *buf, int mode, size_t size)
{
	/* The stream keeps its own buffer: a given one would have no room for ungetc. */
	(void)buf;
	(void)size;
	if (mode < _IOFBF || mode > _IONBF) {
		errno = EINVAL;
		return -1;
	}
	f->mode = mode;
	return 0;
}

/* State and position */

bool stream_is_unbuffered(const FILE *f)
{
	return f->mode == _IONBF;
}

int fileno(FILE *f)
{
	return f->fd;
}

int feof(FILE *f)
{
	return f->eof;
}

int ferror(FILE *f)
{
	return f->error;
}

void clearerr(FILE *f)
{
	f->eof = f->error = false;
}

int fseeko(FILE *f, off_t offset, int whence)
{
	if (fflush(f) != 0 || lseek(f->fd, offset, whence) < 0)
		return -1;
	f->eof = false;
	return 0;
}

int fseek(FILE *f, long offset, int whence)
{
	return fseeko(f, offset, whence);
}

off_t ftello(FILE *f)
{
	off_t at = lseek(f->fd, 0, SEEK_CUR);

	if (at < 0)
		return -1;
	return f->reading ? at - (off_t)(f->end - f->pos) : at + (off_t)f->pos;
}

long ftell(FILE *f)
{
	off_t at = ftello(f);

	if (at > LONG_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	return (long)at;
}

void rewind(FILE *f)
{
	fseeko(f, 0, SEEK_SET);
	f->error = false;
}

/* Reading */

static bool start_reading(FILE *f)
{
	if (f->reading)
		return true;
	if (!f->can_read) {
		fail(f, EBADF);
		return false;
	}
	if (f->writing && flush_output(f) != 0)
		return false;
	if (!ensure_buffer(f))
		return false;
	f->reading = true;
	return true;
}

/* Gets bytes into an empty buffer; false at end of file and on error. */
static bool fill(FILE *f)
{
	ssize_t n;

	if (!start_reading(f))
		return false;
	/* A question on the terminal must be seen before its answer is read. */
	if (stdout->writing && stdout->mode == _IOLBF)
		flush_output(stdout);
	do
		n = read(f->fd, f->buf, BUFSIZ);
	while (n < 0 && errno == EINTR);
	f->pos = 0;
	f->end = n > 0 ? (size_t)n : 0;
	f->eof = n == 0;
	if (n < 0)
		f->error = true;
	return n > 0;
}

int fgetc(FILE *f)
{
	if ((!f->reading || f->pos == f->end) && !fill(f))
		return EOF;
	return (unsigned char)f->buf[f->pos++];
}

int getc(FILE *f)
{
	return fgetc(f);
}

int getchar(void)
{
	return fgetc(stdin);
}

int ungetc(int c, FILE *f)
{
	if (c == EOF || !start_reading(f))
		return EOF;
	if (f->pos == 0) {
		if (f->end == BUFSIZ + UNGET) {
			errno = ENOSPC;
			return EOF;
		}
		memmove(f->buf + 1, f->buf, f->end);
		f->end++;
		f->pos++;
	}
	f->buf[--f->pos] = (char)c;
	f->eof = false;
	return (unsigned char)c;
}

size_t fread(void *buf, size_t size, size_t count, FILE *f)
{
	size_t want, got = 0;

	if (__builtin_mul_overflow(size, count, &want)) {
		fail(f, EINVAL);
		return 0;
	}
	while (got < want) {
		size_t n;

		if ((!f->reading || f->pos == f->end) && !fill(f))
			break;
		n = f->end - f->pos;
		if (n > want - got)
			n = want - got;
		memcpy((char *)buf + got, f->buf + f->pos, n);
		f->pos += n;
		got += n;
	}
	return size == 0 ? 0 : got / size;
}

char *fgets(char *s, int size, FILE *f)
{
	int len = 0;

	while (len < size - 1) {
		int c = fgetc(f);

		if (c == EOF)
			break;
		s[len++] = (char)c;
		if (c == '\n')
			break;
	}
	if (len == 0)
		return NULL;
	s[len] = '\0';
	return s;
}

/* Makes *line at least need bytes, doubling. */
static bool line_room(char **line, size_t *cap, size_t need)
{
	size_t size = *line ? *cap : 0;
	char *grown;

	if (size >= need)
		return true;
	size = size < 64 ? 128 : size * 2;
	if (size < need)
		size = need;
	grown = realloc(*line, size);
	if (!grown)
		return false;
	*line = grown;
	*cap = size;
	return true;
}

ssize_t getdelim(char **line, size_t *cap, int delim, FILE *f)
{
	size_t len = 0;

	for (;;) {
		char *stop;
		size_t n;

		if ((!f->reading || f->pos == f->end) && !fill(f))
			break;
		stop = memchr(f->buf + f->pos, delim, f->end - f->pos);
		n = stop ? (size_t)(stop - f->buf) + 1 - f->pos : f->end - f->pos;
		if (!line_room(line, cap, len + n + 1)) {
			fail(f, ENOMEM);
			return -1;
		}
		memcpy(*line + len, f->buf + f->pos, n);
		f->pos += n;
		len += n;
		if (stop)
			break;
	}
	if (len == 0)
		return -1;
	(*line)[len] = '\0';
	return (ssize_t)len;
}

ssize_t getline(char **line, size_t *cap, FILE *f)
{
	return getdelim(line, cap, '\n', f);
}

/* Writing */

static bool start_writing(FILE *f)
{
	if (f->writing)
		return true;
	if (!f->can_write) {
		fail(f, EBADF);
		return false;
	}
	if (f->reading)
		drop_input(f);
	if (!ensure_buffer(f))
		return false;
	f->writing = true;
	return true;
}

size_t fwrite(const void *buf, size_t size, size_t count, FILE *f)
{
	const char *p = buf;
	size_t n;

	if (__builtin_mul_overflow(size, count, &n)) {
		fail(f, EINVAL);
		return 0;
	}
	if (n == 0 || !start_writing(f))
		return 0;
	if (n > BUFSIZ - f->pos && flush_output(f) != 0)
		return 0;
	/* flush_output left the stream idle, which is right for what goes straight through. */
	if (n >= BUFSIZ)
		return write_all(f, p, n) == 0 ? count : 0;
	f->writing = true;
	memcpy(f->buf + f->pos, p, n);
	f->pos += n;
	if (f->mode == _IONBF || (f->mode == _IOLBF && memchr(p, '\n', n)))
		return flush_output(f) == 0 ? count : 0;
	return count;
}

int fputc(int c, FILE *f)
{
	unsigned char byte = (unsigned char)c;

	if (f->writing && f->mode == _IOFBF && f->pos < BUFSIZ) {
		f->buf[f->pos++] = (char)byte;
		return byte;
	}
	return fwrite(&byte, 1, 1, f) == 1 ? byte : EOF;
}

int putc(int c, FILE *f)
{
	return fputc(c, f);
}

int putchar(int c)
{
	return fputc(c, stdout);
}

int fputs(const char *s, FILE *f)
{
	size_t n = strlen(s);

	return fwrite(s, 1, n, f) == n ? 0 : EOF;
}

int puts(const char *s)
{
	return fputs(s, stdout) == EOF || putchar('\n') == EOF ? EOF : 0;
}

void perror(const char *s)
{
	const char *text = strerror(errno);

	if (s && *s)
		fprintf(stderr, "%s: %s\n", s, text);
	else
		fprintf(stderr, "%s\n", text);
}
