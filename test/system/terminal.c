/*
 * terminal: looks at its terminal from a program's side. What it prints is for tty.t, which types.
 *
 *   terminal raw MIN TIME   one read with these VMIN and VTIME: its length and bytes
 *   terminal line           one read of a line: its length and bytes
 *   terminal long           the same, its length alone
 *   terminal exact          a read of two bytes, and what one more that does not wait answers
 *   terminal switch         a read of bytes as they come, which they do not when it is started
 *   terminal two            can the second of two readers be killed?
 *   terminal late           a line that was typed before TCSAFLUSH must be gone: the one after it
 *   terminal queue          how many bytes of a line wait (FIONREAD)
 *   terminal nonblock       read and poll where nothing waits
 *   terminal session        whose the terminal is
 *   terminal size           TIOCSWINSZ and its signal
 *   terminal tostop         writes of a background process, without and with TOSTOP
 *   terminal output         what OPOST, ONLCR and TAB3 do to bytes written
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t resized;

static void set(const struct termios *t, int when)
{
	if (tcsetattr(0, when, t) < 0)
		perror("tcsetattr");
}

/* The program is ready for what is typed next. */
static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

static void print_bytes(ssize_t n, const char *bytes)
{
	printf("got %zd:", n);
	for (ssize_t i = 0; i < n; i++)
		printf(" %02x", (unsigned char)bytes[i]);
	printf("\n");
}

static void raw(int min, int time)
{
	struct termios t = saved;
	char bytes[100];
	ssize_t n;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	t.c_iflag &= ~(tcflag_t)ICRNL;
	t.c_cc[VMIN] = (cc_t)min;
	t.c_cc[VTIME] = (cc_t)time;
	set(&t, TCSANOW);
	ready();
	n = read(0, bytes, sizeof(bytes));
	set(&saved, TCSANOW);
	print_bytes(n, bytes);
}

static void line(int print)
{
	static char bytes[10000];
	ssize_t n;

	ready();
	n = read(0, bytes, sizeof(bytes));
	if (print)
		print_bytes(n, bytes);
	else
		printf("length %zd\n", n);
}

static void exact(void)
{
	char bytes[2];
	ssize_t n, more;

	ready();
	n = read(0, bytes, 2);
	fcntl(0, F_SETFL, O_RDWR | O_NONBLOCK);
	more = read(0, bytes, 2);
	printf("got %zd, then %zd %s\n", n, more, more < 0 && errno == EAGAIN ? "EAGAIN" : "?");
	fcntl(0, F_SETFL, O_RDWR);
}

static void switch_mode(void)
{
	struct termios t = saved;
	char c = 0;
	ssize_t n;

	ready();
	usleep(500000);
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	set(&t, TCSANOW);
	n = read(0, &c, 1);
	set(&saved, TCSANOW);
	print_bytes(n, &c);
}

static pid_t reader(void)
{
	pid_t pid = fork();
	char c;

	if (pid == 0)
		_exit(read(0, &c, 1) == 1);
	usleep(300000);
	return pid;
}

static void two(void)
{
	pid_t first = reader(), second = reader(), ended = 0;

	kill(second, SIGKILL);
	for (int i = 0; i < 200 && !ended; i++) {
		usleep(100000);
		ended = waitpid(second, NULL, WNOHANG);
	}
	kill(first, SIGKILL);
	printf("second %s\n", ended == second ? "killed" : "stuck");
	while (wait(NULL) > 0)
		;
}

/* Waits until a line was typed. */
static void await_line(void)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };

	poll(&p, 1, -1);
}

static void late(void)
{
	ready();
	await_line();
	set(&saved, TCSAFLUSH);
	line(1);
}

static void queue(void)
{
	int n = -1;

	ready();
	await_line();
	sleep(1);
	ioctl(0, FIONREAD, &n);
	printf("queued %d\n", n);
	tcflush(0, TCIFLUSH);
}

static void nonblock(void)
{
	struct pollfd p = { .fd = 0, .events = POLLIN | POLLOUT };
	char c;
	ssize_t n;

	fcntl(0, F_SETFL, O_RDWR | O_NONBLOCK);
	n = read(0, &c, 1);
	printf("read %zd %s, ", n, n < 0 && errno == EAGAIN ? "EAGAIN" : "?");
	n = poll(&p, 1, 0);
	printf("poll %zd%s%s\n", n, p.revents & POLLIN ? " in" : "", p.revents & POLLOUT ? " out" : "");
	fcntl(0, F_SETFL, O_RDWR);
}

static void session(void)
{
	int other = open("/dev/tty", O_RDWR);

	printf("tty %d, group %d, session %d, /dev/tty %d", isatty(0), tcgetpgrp(0) == getpgrp(),
		tcgetsid(0) == getsid(0), other >= 0 && isatty(other));
	printf(", no such group: %s", tcsetpgrp(0, 9999) < 0 ? strerror(errno) : "?");
	if (setsid() < 0 && fork() == 0) {
		setsid();
		printf(", new session: %s", tcgetpgrp(0) < 0 && errno == ENOTTY ? "not its" : "its");
		printf(", opened: %s\n", open("/dev/tty", O_RDWR) < 0 ? strerror(errno) : "?");
		exit(0);
	}
	wait(NULL);
}

static void winch(int sig)
{
	(void)sig;
	resized++;
}

static void size(void)
{
	struct winsize w, old;

	signal(SIGWINCH, winch);
	ioctl(0, TIOCGWINSZ, &old);
	w = (struct winsize){ .ws_row = 30, .ws_col = 100 };
	ioctl(0, TIOCSWINSZ, &w);
	ioctl(0, TIOCSWINSZ, &w);
	memset(&w, 0, sizeof(w));
	ioctl(0, TIOCGWINSZ, &w);
	printf("%d x %d, signals %d\n", w.ws_row, w.ws_col, resized);
	ioctl(0, TIOCSWINSZ, &old);
}

/*
 * What becomes of a child in the background that writes: the signal that stops it, or 0 if it ends.
 */
static int write_in_background(int ignore)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		setpgid(0, 0);
		while (tcgetpgrp(0) == getpgrp())
			usleep(1000);
		if (ignore)
			signal(SIGTTOU, SIG_IGN);
		_exit(write(1, "wrote, ", 7) != 7);
	}
	waitpid(child, &status, WUNTRACED);
	if (!WIFSTOPPED(status))
		return status;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return WSTOPSIG(status);
}

static void tostop(void)
{
	struct termios t = saved;
	int signals[3];

	signals[0] = write_in_background(0);
	t.c_lflag |= TOSTOP;
	set(&t, TCSADRAIN);
	signals[1] = write_in_background(0);
	signals[2] = write_in_background(1);
	set(&saved, TCSADRAIN);
	printf("%d %d %d\n", signals[0], signals[1], signals[2]);
}

static void output(void)
{
	struct termios t = saved;
	static const char text[] = "a\nb\tc\n";

	t.c_oflag &= ~(tcflag_t)OPOST;
	set(&t, TCSADRAIN);
	write(1, text, sizeof(text) - 1);
	t.c_oflag |= OPOST | TAB3;
	set(&t, TCSADRAIN);
	write(1, "\r", 1);
	write(1, text, sizeof(text) - 1);
	set(&saved, TCSADRAIN);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (tcgetattr(0, &saved) < 0) {
		perror("tcgetattr");
		return 1;
	}
	if (!strcmp(what, "raw") && argc == 4)
		raw(atoi(argv[2]), atoi(argv[3]));
	else if (!strcmp(what, "line"))
		line(1);
	else if (!strcmp(what, "long"))
		line(0);
	else if (!strcmp(what, "exact"))
		exact();
	else if (!strcmp(what, "switch"))
		switch_mode();
	else if (!strcmp(what, "two"))
		two();
	else if (!strcmp(what, "late"))
		late();
	else if (!strcmp(what, "queue"))
		queue();
	else if (!strcmp(what, "nonblock"))
		nonblock();
	else if (!strcmp(what, "session"))
		session();
	else if (!strcmp(what, "size"))
		size();
	else if (!strcmp(what, "tostop"))
		tostop();
	else if (!strcmp(what, "output"))
		output();
	else
		return 2;
	return 0;
}
