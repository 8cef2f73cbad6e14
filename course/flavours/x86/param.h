/* Numbers the system is built with. NPROC, NOFILE and MAXARG hold here; the others tell of xv6's kernel. */
#define NPROC 64	/* processes */
#define KSTACKSIZE 4096
#define NCPU 8
#define NOFILE 16	/* descriptors of a process */
#define NFILE 100
#define NINODE 50
#define NDEV 10
#define ROOTDEV 1
#define MAXARG 32	/* arguments of an exec */
#define MAXOPBLOCKS 10
#define LOGSIZE (MAXOPBLOCKS * 3)
#define NBUF (MAXOPBLOCKS * 3)
#define FSSIZE 1000
