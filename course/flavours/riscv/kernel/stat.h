/* What fstat and stat tell of a file. */
#define T_DIR 1
#define T_FILE 2
#define T_DEVICE 3
#define T_SYMLINK 4	/* opened with O_NOFOLLOW */

struct stat {
	int dev;
	uint ino;
	short type;	/* T_ */
	short nlink;
	uint64 size;	/* bytes */
};
