/*
 * cursor: a program that looks at the screen it is on, for screen.t.
 *
 *   cursor size   rows and columns, as the terminal says
 *   cursor where  the cursor's place, as the terminal reports it when asked for it
 *   cursor line   says that it is ready, reads a line and repeats it
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int size(void)
{
	struct winsize w;

	if (ioctl(0, TIOCGWINSZ, &w) < 0) {
		perror("TIOCGWINSZ");
		return 1;
	}
	printf("%d rows, %d columns\n", w.ws_row, w.ws_col);
	return 0;
}

/* Device status report 6 (ECMA-48, 8.3.35): the answer is typed by the terminal, up to its R. */
static int where(void)
{
	struct termios saved, raw;
	char answer[32];
	size_t n = 0;
	int row = 0, column = 0;

	tcgetattr(0, &saved);
	raw = saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 50;
	tcsetattr(0, TCSANOW, &raw);
	if (write(1, "12345\033[6n", 9) != 9)
		perror("write");
	while (n < sizeof(answer) - 1 && read(0, answer + n, 1) == 1 && answer[n++] != 'R')
		;
	answer[n] = '\0';
	tcsetattr(0, TCSANOW, &saved);
	sscanf(answer, "\033[%d;%dR", &row, &column);
	printf("\nrow %d, column %d\n", row, column);
	return 0;
}

static int line(void)
{
	char text[100];

	printf("ready\n");
	fflush(stdout);
	if (!fgets(text, sizeof(text), stdin))
		return 1;
	printf("got %s", text);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "size"))
		return size();
	if (!strcmp(what, "where"))
		return where();
	if (!strcmp(what, "line"))
		return line();
	fprintf(stderr, "usage: cursor size|where|line\n");
	return 2;
}
