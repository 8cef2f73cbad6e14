/*
 * The file system as programs see it: records of directories, and the largest file. What is laid out on
 * mv6's disk is ext2; superblock and dinode are here for programs that name them.
 */
#define ROOTINO 1
#define BSIZE 512

struct superblock {
	uint size, nblocks, ninodes, nlog;
	uint logstart, inodestart, bmapstart;
};

#define NDIRECT 12
#define NINDIRECT (BSIZE / sizeof(uint))
#define MAXFILE (NDIRECT + NINDIRECT)	/* blocks of a file; holds here */

struct dinode {
	short type, major, minor, nlink;
	uint size;
	uint addrs[NDIRECT + 1];
};

#define IPB (BSIZE / sizeof(struct dinode))
#define IBLOCK(i, sb) ((i) / IPB + (sb).inodestart)
#define BPB (BSIZE * 8)
#define BBLOCK(b, sb) ((b) / BPB + (sb).bmapstart)

/* A directory is read as records of 16 bytes. A name of DIRSIZ bytes has no zero at its end. */
#define DIRSIZ 14

struct dirent {
	ushort inum;	/* 0: empty */
	char name[DIRSIZ];
};
