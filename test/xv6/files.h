/* Calls on files and names, the same in all flavours. */
static void check_files(void)
{
	char text[16] = "";
	struct stat st;
	int fd, fds[2], again;

	fd = open("f1", O_CREATE | O_RDWR);
	ok(fd == 3, "open takes the lowest descriptor");
	ok(write(fd, "hello", 5) == 5, "write");
	ok(fstat(fd, &st) == 0 && st.type == T_FILE && st.size == 5 && st.nlink == 1 && st.ino > 0,
		"fstat");
	ok(close(fd) == 0 && close(fd) == -1, "close");
	ok(open("none", O_RDONLY) == -1, "open of no file");
	ok(open("", O_CREATE) == -1, "open of no name");
	fd = open("f1", O_RDONLY);
	ok(read(fd, text, 3) == 3 && same(text, "hel", 3), "read");
	again = dup(fd);
	ok(again == 4 && read(again, text, 9) == 2 && same(text, "lo", 2),
		"dup shares the place in the file");
	ok(read(fd, text, 9) == 0, "read at the end");
	ok(write(fd, "x", 1) == -1, "write to a file open for reading");
	close(fd);
	close(again);
	ok(link("f1", "f2") == 0 && stat("f2", &st) == 0 && st.nlink == 2, "link, stat");
	ok(link("f1", "f2") == -1 && link("none", "f3") == -1 && link(".", "f3") == -1,
		"link that fails");
	ok(unlink("f1") == 0 && open("f1", 0) == -1 && unlink("f1") == -1, "unlink");
	ok(mkdir("d") == 0 && mkdir("d") == -1, "mkdir");
	ok(stat("d", &st) == 0 && st.type == T_DIR, "stat of a directory");
	ok(open("d", O_RDWR) == -1 && open("d", O_CREATE) == -1,
		"a directory cannot be opened for writing");
	close(open("d/x", O_CREATE));
	ok(unlink("d") == -1, "unlink of a directory with a file in it");
	ok(chdir("d") == 0 && stat("x", &st) == 0 && chdir("/") == 0 && chdir("f2") == -1, "chdir");
	ok(unlink("d/x") == 0 && unlink("d/.") == -1 && unlink("d") == 0,
		"unlink of an empty directory");
	ok(pipe(fds) == 0 && write(fds[1], "pipe", 4) == 4 && read(fds[0], text, 16) == 4 &&
			same(text, "pipe", 4),
		"pipe");
	ok(fstat(fds[0], &st) == -1, "fstat of a pipe");
	close(fds[0]);
	ok(write(fds[1], "x", 1) == -1, "write to a pipe that nobody reads");
	close(fds[1]);
	ok(mknod("f3", 9, 1) == 0 && open("f3", O_RDWR) == -1 && mknod("f3", 9, 1) == -1, "mknod");
	ok(mknod("f4", 1, 1) == 0 && stat("f4", &st) == 0 && st.type == 3, "mknod of the console");
	unlink("f3");
	unlink("f4");
	unlink("f2");
}

/* Names are cut, and what is no name is refused. */
static void check_names(void)
{
	struct stat st;
	char *top;

	close(open("abcdefghijklmnopq", O_CREATE));
	ok(stat("abcdefghijklmn", &st) == 0 && stat("abcdefghijklmnXYZ", &st) == 0,
		"names are cut to 14 bytes");
	ok(unlink("abcdefghijklmnopq") == 0 && stat("abcdefghijklmn", &st) == -1, "and found cut");
	sbrk(8192);
	top = sbrk(0);
	top[-1] = 'x';
	ok(open(top - 1, O_CREATE) == -1 && unlink(top - 1) == -1, "a name that leaves the heap");
	ok(open((char *)8, 0) == -1 && link("README", (char *)4096) == -1 && mkdir((char *)0) == -1,
		"a name at no memory");
	sbrk(-8192);
}

/* A directory is a file of records. */
static void check_directory(void)
{
	struct dirent de[3];
	int fd, n = 0, dots = 0, found = 0;

	mkdir("records");
	close(open("records/one", O_CREATE));
	close(open("records/abcdefghijklmn", O_CREATE));
	fd = open("records", 0);
	while (read(fd, de, sizeof(de[0])) == sizeof(de[0])) {
		n++;
		dots += de[0].name[0] == '.';
		found += de[0].inum != 0 && same(de[0].name, "one", 4);
		found += same(de[0].name, "abcdefghijklmn", 14);
	}
	close(fd);
	ok(sizeof(de[0]) == 16 && n == 4 && dots == 2 && found == 2,
		"a directory read record by record");
	fd = open("records", 0);
	ok(read(fd, de, sizeof(de)) == sizeof(de) && read(fd, de, sizeof(de)) == sizeof(de[0]) &&
			read(fd, de, sizeof(de)) == 0,
		"and several at once");
	ok(write(fd, de, sizeof(de[0])) == -1, "but not written");
	close(fd);
	unlink("records/one");
	unlink("records/abcdefghijklmn");
	unlink("records");
}

/* Is the name, of less than DIRSIZ bytes, in the root folder? */
static int root_shows(const char *name)
{
	int fd = open("/", O_RDONLY), found = 0;
	struct dirent de;

	while (read(fd, &de, sizeof(de)) == sizeof(de))
		found += de.inum != 0 && same(de.name, name, strlen(name) + 1);
	close(fd);
	return found;
}

/* What xv6 has in its root. */
static void check_root(void)
{
	static const char *names[] = {"README", "init", "sh", "echo", "cat", "ls", "grep", "wc",
		"kill", "mkdir", "rm", "ln"};
	struct stat st;
	int i, all = 1, fd;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		all &= stat(names[i], &st) == 0 && st.type == T_FILE;
	ok(all, "README and programs are in the root");
	ok(root_shows(".") == 1 && root_shows("README") == 1 && root_shows("echo") == 1 &&
			root_shows("console") == 1,
		"which shows them");
	ok(root_shows("dev") + root_shows("proc") + root_shows("bin") + root_shows("tmp") == 0 &&
			stat("dev", &st) == 0,
		"but not mv6's own folders");
	fd = open("console", O_RDWR);
	ok(fd >= 0 && fstat(fd, &st) == 0 && st.type == 3, "console is a device");
	ok(write(fd, "ok - and prints\n", 16) == 16, "that can be written");
	close(fd);
}

/* A file ends where the flavour's fs.h says. */
static void check_largest(void)
{
	static char block[BSIZE];
	int fd = open("largest", O_CREATE | O_WRONLY), i;

	for (i = 0; i < MAXFILE && write(fd, block, BSIZE) == BSIZE; i++)
		;
	ok(i == MAXFILE && write(fd, block, BSIZE) == -1, "a file has MAXFILE blocks and no more");
	close(fd);
	unlink("largest");
	for (i = 0; (fd = open("README", 0)) >= 0; i++)
		;
	ok(i == NOFILE - 3, "a process has NOFILE descriptors");
	while (i--)
		close(i + 3);
}

/* So many names that the directory is indexed: the index must not be taken for lost memory. */
static void check_many_names(void)
{
	char name[5] = "m";
	int i, made = 0;

	for (i = 0; i < 700; i++) {
		name[1] = '0' + i / 100;
		name[2] = '0' + i / 10 % 10;
		name[3] = '0' + i % 10;
		made += close(open(name, O_CREATE)) == 0;
	}
	for (i = 0; i < 700; i++) {
		name[1] = '0' + i / 100;
		name[2] = '0' + i / 10 % 10;
		name[3] = '0' + i % 10;
		made -= unlink(name) == 0;
	}
	ok(made == 0, "many files in the root");
}
