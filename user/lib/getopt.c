/* Options of programs: one letter each, in any grouping, with arguments attached or following. */
#include <unistd.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

char *optarg;
int optind = 1, opterr = 1, optopt;

/* The rest of a group of letters that is not finished; NULL between groups. */
static const char *group;

static int complain(const char *options, const char *what, int answer)
{
	if (opterr && options[0] != ':')
		fprintf(stderr, "%s: %s -- %c\n", program_invocation_short_name, what, optopt);
	return answer;
}

int getopt(int argc, char *const argv[], const char *options)
{
	const char *letter;

	if (!group || !*group) {
		if (optind >= argc || argv[optind][0] != '-' || !argv[optind][1])
			return -1;
		if (strcmp(argv[optind], "--") == 0) {
			optind++;
			return -1;
		}
		group = argv[optind++] + 1;
	}
	optopt = (unsigned char)*group++;
	letter = optopt == ':' ? NULL : strchr(options, optopt);
	if (!letter)
		return complain(options, "unknown option", '?');
	if (letter[1] != ':')
		return optopt;
	if (*group) {
		optarg = (char *)group;
	} else if (optind < argc) {
		optarg = argv[optind++];
	} else {
		group = NULL;
		return complain(options, "option requires an argument",
				options[0] == ':' ? ':' : '?');
	}
	group = NULL;
	return optopt;
}
