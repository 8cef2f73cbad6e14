/* cat [FILE...]: writes files, or standard input, one after the other. */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		return !copy_bytes(0, "standard input", 1, "standard output");
	for (int i = 1; i < argc; i++) {
		bool std = strcmp(argv[i], "-") == 0;
		int fd = std ? 0 : open(argv[i], O_RDONLY);

		if (fd < 0) {
			warn("%s", argv[i]);
			status = 1;
			continue;
		}
		if (!copy_bytes(fd, argv[i], 1, "standard output"))
			status = 1;
		if (!std)
			close(fd);
	}
	return status;
}
