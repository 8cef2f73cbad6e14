/* uptime: prints the time, how long the system runs, and its load. */
#include <err.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <tools.h>

int main(void)
{
	struct sysinfo info;
	time_t now = time(NULL);
	char text[16];

	if (sysinfo(&info) < 0)
		err(1, "sysinfo");
	strftime(text, sizeof(text), "%T", gmtime(&now));
	printf("%s up %ld days, %02ld:%02ld:%02ld, %u processes, load", text, info.uptime / 86400,
	       info.uptime / 3600 % 24, info.uptime / 60 % 60, info.uptime % 60, info.procs);
	for (int i = 0; i < 3; i++)
		printf(" %lu.%02lu", info.loads[i] >> 16, (info.loads[i] & 0xffff) * 100 >> 16);
	putchar('\n');
	return finish_output(0);
}
