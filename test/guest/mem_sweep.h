/*
 * The table of mem_sweep.c, which says what it means. Answers: . success, I EINVAL, M ENOMEM,
 * F EFAULT, B EBADF, P EPERM, A EACCES, O EOVERFLOW, X EEXIST, V ENODEV, S ENOSYS, U EBUSY,
 * N EOPNOTSUPP, G EAGAIN, D EISDIR, L ESPIPE, H EFBIG; = the break as it was; ~ any; * not asked.
 */
#pragma once

#define MAP_CALL (-2) /* mmap by way of map(), with an offset in bytes on every machine */
#define MREMAP_CALL SYS_mremap
#define PREAD_CALL (-3) /* these by way of the C library, with positions[] */
#define PWRITE_CALL (-4)
#define FTRUNCATE_CALL (-5)
#define FALLOCATE_CALL (-6)
#define OLD_MMAP_CALL (-7) /* i386 only */
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static const struct row rows[] = {
	{"munmap", SYS_munmap, 2,
		{
			{ADDRESS, GOOD, ".III.I.I..IIIIIII..II"},
			{ADDRESS, PS, "I..........IIIIII..II"},
		}},
	{"munmap of everything there is", SYS_munmap, 2,
		{
			{FIXED_ARG, GOOD, NULL},
			{ADDRESS, ARENA_PAGES * PS, "I..........IIIIII..II"},
		}},
	{"mprotect", SYS_mprotect, 3,
		{
			{ADDRESS, GOOD, "MIIIMI.I.MIMIMMIIMMMM"},
			{ADDRESS, PS, "......MMMMMMMMMMMMMMM"},
			{BITS, PROT_READ, ".....IIIIIIIIIIIIIIIIIIIIIIIIIIIII"},
		}},
	{"msync", SYS_msync, 3,
		{
			{ADDRESS, GOOD, "MIIIMI.I.MIMIMMIIMMMM"},
			{ADDRESS, PS, "......MMMMMMMMM..MMMM"},
			{BITS, MS_ASYNC, "....IIIIIIIIIIIIIIIIIIIIIIIIIIIIII"},
		}},
	{"brk", SYS_brk, 1,
		{
			{ADDRESS, 0, "====================="},
		}},
	{"mlock", SYS_mlock, 2,
		{
			{ADDRESS, GOOD, "MMMMMM...MMMMMIIIMMMM"},
			{ADDRESS, PS, "......MMMMMMMII..MMMM"},
		}},
	{"mlock2", SYS_mlock2, 3,
		{
			{ADDRESS, GOOD, "MMMMMM...MMMMMIIIMMMM"},
			{ADDRESS, PS, "......MMMMMMMII..MMMM"},
			{BITS, 0, "..IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII"},
		}},
	{"munlock", SYS_munlock, 2,
		{
			{ADDRESS, GOOD, "MMMMMM...MMMMMIIIMMMM"},
			{ADDRESS, PS, "......MMMMMMMII..MMMM"},
		}},
	{"mlockall", SYS_mlockall, 1,
		{
			{BITS, MCL_CURRENT, "I..IIIIIIIIIIIIIIIIIIIIIIIIIIIIIII"},
		}},
	{"madvise", SYS_madvise, 3,
		{
			{ADDRESS, GOOD, "MIIIMI.I.MIMIMIIIMMMM"},
			{ADDRESS, PS, "......MMMMMMMIIIIMMMM"},
			{BITS, MADV_NORMAL, ".....*IIIIIIIIIIIIIIIIIIIIIIIIIIII"},
		}},
	{"madvise, of what is needed no more", SYS_madvise, 3,
		{
			{ADDRESS, GOOD, "MIIIMI.I.MIMIMIIIMMMM"},
			{FIXED_ARG, PS, NULL}, /* more might be the stack */
			{FIXED_ARG, MADV_DONTNEED, NULL},
		}},
	{"mincore", SYS_mincore, 3,
		{
			{ADDRESS, GOOD, "MIIIMI.I.MIMIMMIIMMMM"},
			{ADDRESS, PS, "......MMMMMMMMMMMMMMM"},
			{ADDRESS, GOOD, "FFFFFF...FFFFFFFFFFFF"},
		}},
	{"mmap, private", MAP_CALL, 6,
		{
			{ADDRESS, 0, "....................."},
			{ADDRESS, PS, "I..........MMMMMM..MM"},
			{BITS, PROT_READ, ".................................."},
			{MORE_BITS, MAP_PRIVATE, "...I*P...I.........**P...........*"},
			{DESCRIPTOR, FILE_FD, "BBBB..ABVV.VVAB"},
			{OFFSET, 0, ".II.I.."},
		}},
	{"mmap, shared to read", MAP_CALL, 6,
		{
			{FIXED_ARG, 0, NULL},
			{ADDRESS, PS, "I..........MMMMMM..MM"},
			{FIXED_ARG, PROT_READ, NULL},
			{FIXED_ARG, MAP_SHARED, NULL},
			{DESCRIPTOR, FILE_FD, "BBBB..ABVV.VVAB"},
			{OFFSET, 0, ".II.I.."},
		}},
	{"mmap, shared to write", MAP_CALL, 6,
		{
			{FIXED_ARG, 0, NULL},
			{FIXED_ARG, PS, NULL},
			{FIXED_ARG, RW, NULL},
			{FIXED_ARG, MAP_SHARED, NULL},
			{DESCRIPTOR, FILE_FD, "BBBB.AABAV.AAAB"},
			{OFFSET, 0, ".II.I.."},
		}},
	{"mmap, anonymous", MAP_CALL, 6,
		{
			{ADDRESS, 0, "....................."},
			{ADDRESS, PS, "I..........MMMMMM..MM"},
			{BITS, PROT_READ, ".................................."},
			{MORE_BITS, ANON, ".I.I*P.............*.P...........*"},
			{DESCRIPTOR, -1, "..............."},
			{OFFSET, 0, ".II.I.."},
		}},
	{"mmap, in a fixed place", MAP_CALL, 6,
		{
			{ADDRESS, GOOD, "PIII*I.I..IMMMM**..MM"},
			{ADDRESS, PS, "I..........MMMMMM..MM"},
			{BITS, PROT_READ, ".................................."},
			{MORE_BITS, ANON | MAP_FIXED, ".I.I*..............*.X...........*"},
			{FIXED_ARG, -1, NULL},
			{OFFSET, 0, ".II.I.."},
		}},
	{"mmap, in a free fixed place", MAP_CALL, 6,
		{
			{ADDRESS, GOOD, "PIII*IXIX.IMMMM**..MM"},
			{ADDRESS, PS, "IXXXXXXXXXXMMMMMMXXMM"},
			{FIXED_ARG, PROT_READ, NULL},
			{FIXED_ARG, ANON | MAP_FIXED_NOREPLACE, NULL},
			{FIXED_ARG, -1, NULL},
			{FIXED_ARG, 0, NULL},
		}},
	{"mremap", MREMAP_CALL, 5,
		{
			{ADDRESS, GOOD, "FIIIFI.I.FIFIFFIIFFFF"},
			{ADDRESS, PS, "I..........IIIIII..II"},
			{ADDRESS, PS, "I..........MI**II..II"},
			{MORE_BITS, MREMAP_MAYMOVE, "..P.IIIIIIIIIIIIIIIIIIIIIIIIIIIIII"},
			{FIXED_ARG, 0, NULL},
		}},
	{"mremap to a place", MREMAP_CALL, 5,
		{
			{ADDRESS, GOOD, "FIIIFI.I.FIFIFFIIFFFF"},
			{ADDRESS, PS, "I.....IIIIIIIIIIIIIII"},
			{ADDRESS, PS, "I..........II**II..II"},
			{FIXED_ARG, MREMAP_MAYMOVE | MREMAP_FIXED, NULL},
			{ADDRESS, PLACE, "PIII*III..IIIII**..II"},
		}},
	{"mremap that leaves the old range", MREMAP_CALL, 5,
		{
			{ADDRESS, GOOD, "IIIIFI.I.FIFIFFIIFFFF"},
			{ADDRESS, PS, "I....IIIIIIIIIIIIIIII"},
			{ADDRESS, PS, "I....IIIIIIIIIIIIIIII"},
			{MORE_BITS, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, "..P.IIIIIIIIIIIIIIIIIIIIIIIIIIIIII"},
			{ADDRESS, 0, ".III~III..IIIIIII..II"},
		}},
	{"old mmap", OLD_MMAP_CALL, 1,
		{
			{POINTER, GOOD, "FFFIFFFFIIFFFFFFFF"},
		}},
	{"madvise, all advice", SYS_madvise, 3,
		{
			{FIXED_ARG, GOOD, NULL},
			{FIXED_ARG, PS, NULL},
			{NUMBER, MADV_NORMAL, ".....~II.I..~~~~.........~IIIIIIII"},
		}},
	{"mincore, the vector", SYS_mincore, 3,
		{
			{FIXED_ARG, GOOD, NULL},
			{FIXED_ARG, ARENA_PAGES * PS, NULL},
			{POINTER, GOOD, "FFF.F.FF.FFFFFFFFFFFFF"},
		}},
	{"memfd_create", SYS_memfd_create, 2,
		{
			{POINTER, NAME, "FFFIFFFF...FFFFFFFFFFF"},
			{BITS, 0, "...*~~IIIIIIIIIIIIIIIIIIIIIIIIIIII"},
		}},
	{"ftruncate", FTRUNCATE_CALL, 2,
		{
			{DESCRIPTOR, MEMORY_FD, "BBBB.I.BIIIIIIB"},
			{POSITION, 0, "......IIII..~~~"},
		}},
	{"fallocate", FALLOCATE_CALL, 4,
		{
			{DESCRIPTOR, MEMORY_FD, "BBBB~B~BBVVBBLB"},
			{BITS, PUNCH, "..NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"},
			{POSITION, 0, "......IIII..~~H"},
			{POSITION, 3, "I.....IIII..~~~"},
		}},
	{"read", SYS_read, 3,
		{
			{DESCRIPTOR, FILE_FD, "BBBB..BBD...GBB"},
			{POINTER, GOOD, "FFF.F~~F~FFFFFFFFFFFFF"},
			{ADDRESS, 100, "......~~~~~~~FFFF~~FF"},
		}},
	{"write", SYS_write, 3,
		{
			{DESCRIPTOR, FILE_FD, "BBBB.B.BB..BB.B"},
			{POINTER, GOOD, "FFF.F~~F..~FFFFFFFFFFF"},
			{ADDRESS, 100, "......~~~~~~~FFFF~~FF"},
		}},
	{"pread", PREAD_CALL, 4,
		{
			{DESCRIPTOR, FILE_FD, "BBBB..BBD...LLB"},
			{POINTER, GOOD, "FFF.F~~F~FFFFFFFFFFFFF"},
			{ADDRESS, 100, "......~~~~~~~FFFF~~FF"},
			{POSITION, 0, "......IIII....I"},
		}},
	{"pwrite", PWRITE_CALL, 4,
		{
			{DESCRIPTOR, FILE_FD, "BBBB.B.BB..~LLB"},
			{POINTER, GOOD, "FFF.F~~F..~FFFFFFFFFFF"},
			{ADDRESS, 100, "......~~~~~~~FFFF~~FF"},
			{POSITION, 0, "......IIII..~~I"},
		}},
};
