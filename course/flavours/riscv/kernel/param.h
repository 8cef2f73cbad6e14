/*
 * Numbers the system is built with. NPROC, NOFILE, MAXARG, MAXPATH and USERSTACK hold here; the others
 * tell of xv6's kernel.
 */
#define NPROC 64	/* processes */
#define NCPU 8
#define NOFILE 16	/* descriptors of a process */
#define NFILE 100
#define NINODE 50
#define NDEV 10
#define ROOTDEV 1
#define MAXARG 32	/* arguments of an exec */
#define MAXOPBLOCKS 10
#define LOGBLOCKS (MAXOPBLOCKS * 3)
#define LOGSIZE LOGBLOCKS
#define NBUF (MAXOPBLOCKS * 3)
#define FSSIZE 2000
#define MAXPATH 128	/* bytes of a path, its end included */
#define USERSTACK 1	/* pages of a program's stack */
