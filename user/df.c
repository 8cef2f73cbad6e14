/* df [PATH...]: prints how full the file systems of the paths are, in kB. */
#include <err.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <tools.h>

static bool print(const char *path)
{
	struct statfs fs;
	unsigned long long unit, total, used, avail;

	if (statfs(path, &fs) < 0) {
		warn("%s", path);
		return false;
	}
	unit = (unsigned long long)(fs.f_frsize ? fs.f_frsize : fs.f_bsize);
	total = fs.f_blocks * unit / 1024;
	used = (fs.f_blocks - fs.f_bfree) * unit / 1024;
	avail = fs.f_bavail * unit / 1024;
	printf("%12llu %12llu %12llu %4llu%% %10llu %10llu  %s\n", total, used, avail,
	       used + avail ? (used * 100 + used + avail - 1) / (used + avail) : 0,
	       (unsigned long long)fs.f_files, (unsigned long long)fs.f_ffree, path);
	return true;
}

int main(int argc, char **argv)
{
	int status = 0;

	printf("%12s %12s %12s %5s %10s %10s  %s\n", "kB", "used", "available", "full", "inodes",
	       "free", "path");
	if (argc == 1)
		return finish_output(!print("/"));
	for (int i = 1; i < argc; i++)
		if (!print(argv[i]))
			status = 1;
	return finish_output(status);
}
