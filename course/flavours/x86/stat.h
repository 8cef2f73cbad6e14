/* What fstat and stat tell of a file. */
#define T_DIR 1
#define T_FILE 2
#define T_DEV 3

struct stat {
	short type;	/* T_ */
	int dev;
	uint ino;
	short nlink;
	uint size;	/* bytes */
};
