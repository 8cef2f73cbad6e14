/* uname [-asnrvm]: prints the names of the system. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <tools.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char letters[] = "snrvm";
	struct utsname name;
	const char *fields[] = { name.sysname, name.nodename, name.release, name.version,
				 name.machine };
	bool show[5] = { false }, any = false;
	const char *gap = "";
	int c;

	while ((c = getopt(argc, argv, "asnrvm")) != -1) {
		if (c == '?')
			return 2;
		for (int i = 0; i < 5; i++)
			show[i] |= c == 'a' || c == letters[i];
	}
	if (uname(&name) < 0)
		err(1, "uname");
	for (int i = 0; i < 5; i++)
		any |= show[i];
	for (int i = 0; i < 5; i++) {
		if (any ? show[i] : i == 0) {
			printf("%s%s", gap, fields[i]);
			gap = " ";
		}
	}
	putchar('\n');
	return finish_output(0);
}
